import { createHash } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { isStandard } from "../../check/program.ts";
import { makeFolder, nodejsHost, projectRootOf, replaceFile } from "../../host/nodejs.ts";
import { version } from "../version.ts";
import { reachableFrom } from "./code-files.ts";
import { importStyleOf } from "./import-style.ts";
import type { BuildSettings } from "./settings.ts";
import { textOf } from "./write-all.ts";

/** What a build without any fault has read and written. */
export interface Built {
  readonly programs: number;
  /** The sources by absolute path, and modules of the standard library by name. */
  readonly sources: readonly string[];
  /** The files that hold the code of nodes, absolute. */
  readonly code: readonly string[];
  /** What was written, absolute. */
  readonly outputs: readonly string[];
}

/** The same with the texts that were read, by absolute path, but for those of the standard library. */
export interface BuiltNow extends Built {
  readonly texts: ReadonlyMap<string, string>;
}

interface Entry extends Built {
  /** Of all that decides what is written and what is said. */
  readonly inputs: string;
  /** Of all that was written. */
  readonly written: string;
}

/** Ways to call `meshc build` in one project that are remembered. */
const maxEntries = 16;

const lockFiles = ["package-lock.json", "pnpm-lock.yaml", "yarn.lock", "bun.lock"];

/**
 * Remembers builds that found no fault, beside the caches of other tools: where neither what was read nor what was written
 * has changed, the next one has nothing to do and nothing to say. A project without installed packages is not remembered.
 */
export class BuiltBefore {
  readonly #root: string;
  readonly #key: string;
  readonly #file: string | undefined;

  /** @param found the sources of the build, absolute */
  constructor(found: readonly string[], settings: BuildSettings, cwd: string) {
    this.#root = projectRootOf(found[0] ?? join(cwd, "main.mesh"));
    this.#key = digest([version, cwd, settings, found]);
    const packages = join(this.#root, "node_modules");
    this.#file = existsSync(packages) ? join(packages, ".cache", "pipeline-mesh", "built.json") : undefined;
  }

  /** How many programs there are; undefined where anything may have changed. */
  unchanged(): number | undefined {
    if (this.#file === undefined) return undefined;
    const known = read(this.#file)[this.#key];
    if (known === undefined) return undefined;
    const isSame = this.#inputs(known) === known.inputs && stampsOf(known.outputs) === known.written;
    return isSame ? known.programs : undefined;
  }

  keep({ texts, ...built }: BuiltNow): void {
    if (this.#file === undefined) return;
    const inputs = this.#inputs(built);
    // What was changed since it was read is not what was built. Looked at in this order, a later change shows next time.
    if ([...texts].some(([source, text]) => textOf(source) !== text)) return;
    const { [this.#key]: _old, ...others } = read(this.#file);
    const kept = Object.entries(others).slice(1 - maxEntries);
    const entry: Entry = { ...built, inputs, written: stampsOf(built.outputs) };
    try {
      makeFolder(dirname(this.#file));
      replaceFile(this.#file, JSON.stringify(Object.fromEntries([...kept, [this.#key, entry]])));
    } catch {
      // A cache that cannot be written costs time and nothing else.
    }
  }

  #inputs({ sources, code, outputs }: Built): string {
    const host = nodejsHost(this.#root);
    const folders = [...new Set(outputs.map(dirname))].toSorted();
    const judged =
      code.length === 0 ? [] : [...folders.map(nearestConfig), ...lockFiles.map((name) => join(this.#root, name))];
    return digest([
      stampsOf(sources.filter((source) => !isStandard(source))),
      sources.map((source) => (isStandard(source) ? (host.readStandard(source) ?? null) : null)),
      code.map((file) => [...reachableFrom(file)]),
      judged.map((file) => (file === undefined ? null : [file, textOf(file) ?? null])),
      folders.map(importStyleOf),
    ]);
  }
}

function nearestConfig(folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const file = join(at, "tsconfig.json");
    if (existsSync(file)) return file;
    if (at === dirname(at)) return undefined;
  }
}

/**
 * What a file system says of files that are as they were: its size, its number, and when it and its entry were last
 * changed, which nobody can set back.
 */
function stampsOf(paths: readonly string[]): string {
  return digest(
    paths.map((path) => {
      try {
        const found = statSync(path, { bigint: true, throwIfNoEntry: false });
        return found === undefined ? null : [found.size, found.ino, found.mtimeNs, found.ctimeNs].map(String);
      } catch {
        return null;
      }
    }),
  );
}

function digest(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 32);
}

/** What the file holds is of our own making, or else as good as nothing. */
function read(file: string): Readonly<Record<string, Entry>> {
  try {
    const data: unknown = JSON.parse(textOf(file) ?? "{}");
    if (typeof data !== "object" || data === null) return {};
    return Object.fromEntries(Object.entries(data).filter((pair): pair is [string, Entry] => isEntry(pair[1])));
  } catch {
    return {};
  }
}

function isEntry(value: unknown): value is Entry {
  if (typeof value !== "object" || value === null) return false;
  const { programs, sources, code, outputs, inputs, written } = value as Partial<Record<keyof Entry, unknown>>;
  const lists = [sources, code, outputs];
  return (
    typeof programs === "number" &&
    typeof inputs === "string" &&
    typeof written === "string" &&
    lists.every((list) => Array.isArray(list) && list.every((one) => typeof one === "string"))
  );
}
