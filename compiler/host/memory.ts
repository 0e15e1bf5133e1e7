import type { Host } from "./host.ts";
import { HostError } from "./host.ts";
import { insideRoot } from "./paths.ts";

/** A host whose files are in memory, with what was written to it. */
export interface MemoryHost extends Host {
  /** All files as they are now, by path. */
  readonly files: ReadonlyMap<string, string>;
}

/**
 * For tests and for tools that hold the text themselves.
 *
 * @param files texts by path relative to the root of the project
 * @param standard texts of the standard library by module, such as `std/audio`
 */
export function memoryHost(
  files: Readonly<Record<string, string>>,
  standard: Readonly<Record<string, string>> = {},
): MemoryHost {
  const held = new Map<string, string>();
  for (const [path, text] of Object.entries(files)) held.set(place(path), text);
  return {
    files: held,
    readFile: (path) => held.get(place(path)),
    readBytes(path, maxBytes) {
      const text = held.get(place(path));
      const bytes = text === undefined ? undefined : new TextEncoder().encode(text);
      if (bytes !== undefined && bytes.length > maxBytes) throw new HostError(`${path} is too large.`);
      return bytes;
    },
    readStandard: (module) => (Object.hasOwn(standard, module) ? standard[module] : undefined),
    standardModules: () => Object.keys(standard).toSorted(),
    siblings(path) {
      const folder = place(path).split("/").slice(0, -1).join("/");
      const prefix = folder === "" ? "" : `${folder}/`;
      const names = new Set<string>();
      for (const file of held.keys()) {
        const [name] = file.startsWith(prefix) ? file.slice(prefix.length).split("/") : [];
        if (name !== undefined) names.add(name);
      }
      return [...names].toSorted();
    },
    writeFile(path, text) {
      held.set(place(path), text);
    },
  };
}

function place(path: string): string {
  const found = insideRoot(path);
  if (found === undefined) throw new HostError(`${path} lies outside the project.`);
  return found;
}
