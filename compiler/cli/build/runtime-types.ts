import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const places = ["dist/types/runtime/platform/nodejs.d.ts", "runtime/platform/nodejs.ts"];

/** The types of the runtime's door, beside the compiler wherever that is: built or as source. */
export function runtimeTypes(): string | undefined {
  let folder = dirname(fileURLToPath(import.meta.url));
  // From dist/chunks it is two steps up to the package, from compiler/cli/build three.
  for (let steps = 0; steps < 5; steps += 1) {
    if (existsSync(join(folder, "package.json"))) {
      return places.map((one) => join(folder, one)).find((one) => existsSync(one));
    }
    folder = dirname(folder);
  }
  return undefined;
}
