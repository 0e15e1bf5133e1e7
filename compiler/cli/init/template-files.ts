import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { environmentError } from "../exit-code.ts";

/** A file of a project, with "/" between the parts of its path. */
export interface ProjectFile {
  readonly path: string;
  readonly content: Uint8Array | string;
}

/** Files in which names are put in; sound and the like stay as they are. */
const filled = /\.(json|md|html)$/;

/**
 * The files of a template and those that all projects have.
 * @param values what stands for `{{name}}` and its like
 * @throws {CommandError} with exit code 3 where the installation lacks them
 */
export function templateFiles(template: string, values: Readonly<Record<string, string>>): ProjectFile[] {
  const folder = templatesFolder();
  if (folder === undefined)
    throw environmentError("The templates are missing from this installation of pipeline-mesh.");
  return ["common", template].flatMap((part) =>
    readdirSync(join(folder, part), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry): ProjectFile => {
        const file = join(entry.parentPath ?? entry.path, entry.name);
        // Files that begin with a dot would not come through npm, so they are kept with a `_`.
        const path = file
          .slice(join(folder, part).length + 1)
          .split(sep)
          .map((one) => one.replace(/^_/, "."))
          .join("/");
        if (!filled.test(path)) return { path, content: readFileSync(file) };
        const text = readFileSync(file, "utf8");
        return { path, content: text.replace(/\{\{(\w+)\}\}/g, (whole, key: string) => values[key] ?? whole) };
      }),
  );
}

/** Beside the compiler wherever that is: built or as source. */
function templatesFolder(): string | undefined {
  let folder = dirname(fileURLToPath(import.meta.url));
  // From dist/chunks it is one step up.
  for (let steps = 0; steps < 3; steps += 1) {
    const candidate = join(folder, "templates");
    if (existsSync(join(candidate, "hello", "main.mesh"))) return candidate;
    folder = dirname(folder);
  }
  return undefined;
}
