import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** The folder of the pages about diagnostics, beside the compiler wherever that is: built or as source. */
function pagesFolder(): string | undefined {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (let steps = 0; steps < 4; steps += 1) {
    const candidate = join(folder, "docs", "diagnostics");
    if (existsSync(join(candidate, "README.md"))) return candidate;
    folder = dirname(folder);
  }
  return undefined;
}

function fileOf(code: string): string | undefined {
  // A code comes from the command line: nothing but a code may become part of a path.
  if (!/^MESH\d{4}$/.test(code)) return undefined;
  const folder = pagesFolder();
  const file = folder === undefined ? undefined : join(folder, `${code}.md`);
  return file !== undefined && existsSync(file) ? file : undefined;
}

/** The page of a diagnostic as Markdown; undefined where there is none. */
export function readPage(code: string): string | undefined {
  const file = fileOf(code);
  return file === undefined ? undefined : readFileSync(file, "utf8");
}

/** Where a click on the code of a diagnostic leads. */
export function pageUrl(code: string): string | undefined {
  const file = fileOf(code);
  return file === undefined ? undefined : pathToFileURL(file).href;
}
