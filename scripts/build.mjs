// Builds the package into dist/. `node scripts/build.mjs [--types]`
//
// What `npm pack` takes has its types, and no maps: they lead to sources that are not in it.
//
// The doors of Node share their chunks, so that a class such as MeshError exists once however a program comes by
// it. Packages stay outside the bundles: they come from node_modules, with their WebAssembly and their licences. Only
// the parser's, Zod and what speaks the protocol of editors go in: hundreds of small files, which take longer to load than a
// program takes to check.
import { chmodSync, cpSync, existsSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { languageServer, serverApart } from "./language-server.mjs";
import { nodeByImport } from "./node-by-import.mjs";
import { licencesOf, onDisk } from "./licences.mjs";
import { printingMorph } from "./printing-morph.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const startedMs = performance.now();

let esbuild;
try {
  esbuild = await import("esbuild");
} catch {
  // An install without development dependencies has nothing to build with; a published package brings dist/ along.
  if (existsSync(join(root, "dist/meshc.js"))) process.exit(0);
  console.error("esbuild is not installed, so dist/ cannot be built: run `npm install` with development dependencies.");
  process.exit(1);
}

const present = (entries) =>
  Object.fromEntries(Object.entries(entries).filter(([, file]) => existsSync(join(root, file))));

const isPacking = ["pack", "publish"].includes(process.env.npm_command ?? "");

// Built beside and moved into place at the end: a program that starts meanwhile finds the old files or the new ones.
const out = join(root, `dist.${process.pid}.tmp`);
const common = {
  absWorkingDir: root,
  bundle: true,
  format: "esm",
  target: "es2022",
  packages: "external",
  splitting: true,
  outdir: out,
  sourcemap: !isPacking,
  // Shorter files load faster; names stay, for stacks to be read.
  minifyWhitespace: isPacking,
  minifySyntax: isPacking,
  sourcesContent: false,
  legalComments: "none",
  logLevel: "warning",
  metafile: true,
};

/** Each has a door of its own. */
const bundlers = ["esbuild", "rollup", "vite", "webpack"];

const bundled = /^(chevrotain|@chevrotain\/[^/]+|lodash-es|zod|vscode-(?:jsonrpc|languageserver(?:-\w+)?))(\/|$)/;
const outsidePackages = {
  name: "outside-packages",
  setup(build) {
    build.onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
      kind === "entry-point" || bundled.test(path) ? undefined : { path, external: true },
    );
  },
};

/** A namespace that is exported from the file that makes it comes into a page as a whole, from another file as far as it is used. */
const schemasApart = {
  name: "schemas-apart",
  setup(build) {
    build.onResolve({ filter: /\/schemas\.ts$/ }, ({ path, kind }) =>
      kind === "entry-point" || !path.includes("typed/") ? undefined : { path: "./schemas.browser.js", external: true },
    );
  },
};

try {
  const node = await esbuild.build({
    ...common,
    platform: "node",
    packages: "bundle",
    plugins: [nodeByImport(root), outsidePackages, serverApart],
    chunkNames: "chunks/[name]-[hash]",
    entryPoints: present({
      meshc: "compiler/cli/main.ts",
      printer: "compiler/cli/build/printer.ts",
      verifier: "compiler/cli/lsp/verifier.ts",
      runtime: "runtime/platform/nodejs.ts",
      compiler: "compiler/index.ts",
      stdlib: "stdlib/index.ts",
      testing: "runtime/testing/index.ts",
      ...Object.fromEntries(bundlers.map((name) => [name, `compiler/bundler/${name}.ts`])),
    }),
  });
  const server = await esbuild.build(languageServer(common, [outsidePackages]));
  const browserEntries = present({
    "runtime.browser": "runtime/platform/browser.ts",
    "schemas.browser": "runtime/typed/schemas.ts",
    "testing.browser": "runtime/testing/index.ts",
  });
  if (Object.keys(browserEntries).length > 0) {
    await esbuild.build({
      ...common,
      platform: "browser",
      // Bundlers make it shorter for a page, and know by its comments what they may leave out.
      minifyWhitespace: false,
      plugins: [schemasApart],
      chunkNames: "chunks/browser-[name]-[hash]",
      entryPoints: browserEntries,
    });
  }
  chmodSync(join(out, "meshc.js"), 0o755);
  copySignatures();
  cpSync(join(root, "compiler/cli/init/templates"), join(out, "templates"), { recursive: true });
  // What clients of gRPC in other languages are made from.
  cpSync(join(root, "runtime/transports/grpc/mesh"), join(out, "mesh"), { recursive: true });
  const printing = await esbuild.build(printingMorph(common));
  const inputs = [node, server, printing].flatMap((one) => onDisk(one, root));
  writeFileSync(join(out, "THIRD-PARTY-LICENSES.txt"), licencesOf(inputs, root));
  if (isPacking || process.argv.includes("--types")) emitTypes();
  install();
  const outputs = [node, server].flatMap((one) => Object.values(one.metafile.outputs));
  const bytes = outputs.reduce((sum, one) => sum + one.bytes, 0);
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  console.log(`built dist/ (${Math.round(bytes / 1024)} KiB for Node, with maps) in ${seconds} s`);
} catch (error) {
  // esbuild has printed what it found in the sources; anything else needs saying.
  if (!Array.isArray(error?.errors)) console.error(`build failed: ${error?.message ?? error}`);
  process.exitCode = 1;
} finally {
  rmSync(out, { recursive: true, force: true });
}

/** The signatures of the standard library, which the compiler reads beside itself. */
function copySignatures() {
  for (const entry of readdirSync(join(root, "stdlib"), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith(".mesh")) continue;
    const from = join(entry.parentPath ?? entry.path, entry.name);
    cpSync(from, join(out, from.slice(root.length + 1)));
  }
}

function emitTypes() {
  const options = [
    "--noEmit",
    "false",
    "--emitDeclarationOnly",
    "--declaration",
    "--rootDir",
    ".",
    "--outDir",
    join(out, "types"),
  ];
  // The declarations keep `.ts` in what they import otherwise, which only this repository could resolve.
  const result = spawnSync(
    process.execPath,
    [join(root, "node_modules/typescript/bin/tsc"), "-p", "scripts/tsconfig.types.json", ...options],
    {
      cwd: root,
      stdio: "inherit",
    },
  );
  if (result.status !== 0) throw new Error("the type declarations could not be written");
}

function install() {
  const dist = join(root, "dist");
  const old = join(root, `dist.${process.pid}.old`);
  const types = join(dist, "types");
  if (!existsSync(join(out, "types")) && existsSync(types)) cpSync(types, join(out, "types"), { recursive: true });
  if (existsSync(dist)) renameSync(dist, old);
  renameSync(out, dist);
  rmSync(old, { recursive: true, force: true });
  readFileSync(join(dist, "meshc.js"));
}
