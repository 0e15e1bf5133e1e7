import { basename } from "node:path";
import { gzipSync } from "node:zlib";
import { build, type BuildOptions } from "esbuild";

export interface PageWeight {
  readonly minified: number;
  /** As a server would send the files, each by itself. */
  readonly gzip: number;
  /** What is loaded when it is needed, with gzip. */
  readonly laterGzip: number;
}

/**
 * What a page loads before it does anything, in bytes: its own file and all that is imported from there on, without what is
 * imported when it is needed (`import()`), as bundlers cut it up.
 */
export async function pageWeight(
  contents: string,
  resolveDir: string,
  options: BuildOptions = {},
): Promise<PageWeight> {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir, loader: "ts" },
    bundle: true,
    splitting: true,
    write: false,
    metafile: true,
    outdir: "out",
    minify: true,
    format: "esm",
    platform: "browser",
    legalComments: "none",
    ...options,
  });
  const outputs = metafile?.outputs ?? {};
  const loaded = new Set(
    Object.keys(outputs)
      .filter((file) => outputs[file]?.entryPoint !== undefined)
      .slice(0, 1),
  );
  for (const file of loaded) {
    for (const { kind, path } of outputs[file]?.imports ?? []) if (kind === "import-statement") loaded.add(path);
  }
  const names = new Set([...loaded].map((file) => basename(file)));
  const weigh = (isFirst: boolean, weight: (bytes: Uint8Array) => number): number =>
    (outputFiles ?? [])
      .filter(({ path }) => names.has(basename(path)) === isFirst)
      .reduce((sum, { contents: bytes }) => sum + weight(bytes), 0);
  const zipped = (bytes: Uint8Array): number => gzipSync(bytes, { level: 9 }).length;
  return {
    minified: weigh(true, ({ length }) => length),
    gzip: weigh(true, zipped),
    laterGzip: weigh(false, zipped),
  };
}
