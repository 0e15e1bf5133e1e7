import { createHash } from "node:crypto";
import { basename } from "node:path";
import type { Plan } from "../../../runtime/interface/plan.ts";
import { assemble, type Header } from "../../codegen/assemble.ts";
import type { ModuleDraft } from "../../codegen/draft.ts";
import { manifestOf } from "../../codegen/manifest-of.ts";
import { loadMorph, type Morph } from "../../codegen/morph.ts";
import type { ModulePrinter } from "../../codegen/print.ts";
import { shownPath } from "../sources.ts";
import type { OutputPaths } from "./layout.ts";
import { writeAll, type WantedFile } from "./write-all.ts";

/** What the files of one program are made from, as plain data. */
export interface ProgramJob {
  /** Undefined where the module is what it should be. */
  readonly module: ModuleJob | undefined;
  /** The plan as JSON: a text is quicker to hand over than all that it holds. */
  readonly plan: string;
  readonly outputs: OutputPaths;
  /** What paths in messages are seen from. */
  readonly cwd: string;
}

export interface ModuleJob {
  readonly draft: ModuleDraft;
  readonly header: Header;
  /** Where the files of the program are, seen from the module. */
  readonly sources: ReadonlyMap<string, string>;
}

/** Prints programs and writes them down: on this thread or on another one. */
export interface Printing {
  /**
   * @returns paths of the files that hold something else than before
   * @throws {HostError} when one cannot be written; the old files are whole then
   */
  write(job: ProgramJob): Promise<readonly string[]>;
  /** Loads what it takes, so that the first module does not wait for it. */
  prepare(): Promise<void>;
  /** Lets go of what was loaded. */
  end(): Promise<void>;
}

/** Prints on the thread that it is called on. */
export class PrintingHere implements Printing {
  readonly #load: () => Promise<Morph>;
  #printer: Promise<ModulePrinter> | undefined;

  constructor(load: () => Promise<Morph> = loadMorph) {
    this.#load = load;
  }

  async write({ module, plan: text, outputs, cwd }: ProgramJob): Promise<readonly string[]> {
    const plan = JSON.parse(text) as Plan;
    const files = [
      ...(module === undefined ? [] : await this.print(module, plan, outputs)),
      ...dataFiles(plan, outputs),
    ];
    return writeAll(files, (path) => shownPath(path, cwd));
  }

  async prepare(): Promise<void> {
    await this.#loaded();
  }

  async end(): Promise<void> {
    this.#printer = undefined;
  }

  /** @returns the module and its map, which nobody has written yet */
  async print({ draft, header, sources }: ModuleJob, plan: Plan, outputs: OutputPaths): Promise<WantedFile[]> {
    const marked = (await this.#loaded()).print(draft, plan);
    const name = basename(outputs.module);
    const { text, map } = assemble(marked, name, header, digest, (file) => sources.get(file) ?? file);
    return [
      { path: outputs.module, text },
      { path: outputs.map, text: map },
    ];
  }

  #loaded(): Promise<ModulePrinter> {
    this.#printer ??= Promise.all([import("../../codegen/print.ts"), this.#load()]).then(
      ([{ ModulePrinter: Printer }, morph]) => new Printer(morph),
    );
    return this.#printer;
  }
}

/** A program without pipelines is a library: it has nothing to run, and so no plan and no manifest. */
export function isLibrary(plan: Plan): boolean {
  return Object.keys(plan.pipelines).length === 0;
}

function dataFiles(plan: Plan, outputs: OutputPaths): WantedFile[] {
  if (isLibrary(plan)) return [];
  return [
    { path: outputs.plan, text: `${JSON.stringify(plan, undefined, 2)}\n` },
    { path: outputs.manifest, text: `${JSON.stringify(manifestOf(plan), undefined, 2)}\n` },
  ];
}

/** Half of a SHA-256: enough to tell texts apart, short enough to read. */
export function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}
