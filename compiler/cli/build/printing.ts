import { createHash } from "node:crypto";
import type { Plan } from "../../../runtime/interface/plan.ts";
import { assemble, type AssembledModule, type Header } from "../../codegen/assemble.ts";
import type { ModuleDraft } from "../../codegen/draft.ts";
import { loadMorph } from "../../codegen/morph.ts";
import type { ModulePrinter } from "../../codegen/print.ts";

/** What one module is printed from, as plain data. */
export interface ModuleJob {
  readonly draft: ModuleDraft;
  /** The plan as JSON: a text is quicker to hand over than all that it holds. */
  readonly plan: string;
  readonly header: Header;
  /** Name of the file. */
  readonly name: string;
  /** Where the files of the program are, seen from the module. */
  readonly sources: ReadonlyMap<string, string>;
}

/** Prints modules: on this thread or on another one. */
export interface Printing {
  print(job: ModuleJob): Promise<AssembledModule>;
  /** Loads what it takes, so that the first module does not wait for it. */
  prepare(): Promise<void>;
  /** Lets go of what was loaded. */
  end(): Promise<void>;
}

/** Prints on the thread that it is called on. */
export class PrintingHere implements Printing {
  #printer: Promise<ModulePrinter> | undefined;

  async print({ draft, plan, header, name, sources }: ModuleJob): Promise<AssembledModule> {
    const printer = await this.#loaded();
    const marked = printer.print(draft, JSON.parse(plan) as Plan);
    return assemble(marked, name, header, digest, (file) => sources.get(file) ?? file);
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

/** Half of a SHA-256: enough to tell texts apart, short enough to read. */
export function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}
