import { createHash } from "node:crypto";
import type { Plan } from "../../../runtime/interface/plan.ts";
import { assemble, type Header } from "../../codegen/assemble.ts";
import type { ModuleDraft } from "../../codegen/draft.ts";
import { loadMorph } from "../../codegen/morph.ts";
import type { ModulePrinter } from "../../codegen/print.ts";
import { shownPath } from "../sources.ts";
import { writeAll, type WantedFile } from "./write-all.ts";

/** What one program is written from, as plain data. */
export interface OutputJob {
  /** Undefined where the module is what it should be. */
  readonly module: ModuleJob | undefined;
  /** What is written as it is. */
  readonly data: readonly WantedFile[];
  /** The folder that messages name files from. */
  readonly cwd: string;
}

export interface ModuleJob {
  readonly draft: ModuleDraft;
  /** The plan as JSON: a text is quicker to hand over than all that it holds. */
  readonly plan: string;
  readonly header: Header;
  /** Name of the file. */
  readonly name: string;
  /** Where it and its map go, absolute. */
  readonly path: string;
  readonly mapPath: string;
  /** Where the files of the program are, seen from the module. */
  readonly sources: ReadonlyMap<string, string>;
}

/** Writes what belongs to programs: on this thread or on another one. */
export interface Outputs {
  /**
   * Writes the files of a program that do not hold what they should.
   * @returns their paths
   * @throws {HostError} where one cannot be written; the old files are whole then
   */
  write(job: OutputJob): Promise<string[]>;
  /** Loads what it takes to write modules, so that the first one does not wait for it. */
  prepare(): Promise<void>;
  /** Lets go of what was loaded. */
  end(): Promise<void>;
}

/** Writes on the thread that it is called on. */
export class OutputWriter implements Outputs {
  #printer: Promise<ModulePrinter> | undefined;

  async write({ module, data, cwd }: OutputJob): Promise<string[]> {
    const wanted = module === undefined ? data : [...filesOf(module, await this.#loaded()), ...data];
    return writeAll(wanted, (path) => shownPath(path, cwd));
  }

  async prepare(): Promise<void> {
    await this.#loaded();
  }

  async end(): Promise<void> {
    this.#printer = undefined;
  }

  #loaded(): Promise<ModulePrinter> {
    this.#printer ??= Promise.all([import("../../codegen/print.ts"), loadMorph()]).then(
      ([{ ModulePrinter: Printer }, morph]) => new Printer(morph),
    );
    return this.#printer;
  }
}

/** The module and its map. */
function filesOf(
  { draft, plan, header, name, path, mapPath, sources }: ModuleJob,
  printer: ModulePrinter,
): WantedFile[] {
  const marked = printer.print(draft, JSON.parse(plan) as Plan);
  const { text, map } = assemble(marked, name, header, digest, (file) => sources.get(file) ?? file);
  return [
    { path, text },
    { path: mapPath, text: map },
  ];
}

/** Half of a SHA-256: enough to tell texts apart, short enough to read. */
export function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}
