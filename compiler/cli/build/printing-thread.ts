import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { AskedThread } from "../asked-thread.ts";
import { PrintingHere, type Printing, type ProgramJob } from "./printing.ts";

/** What the thread is to print; undefined, to be ready for that. */
export type PrinterQuestion = ProgramJob | undefined;

/** From dist/chunks it is one step up; beside the sources there is none, for Node 20 runs no TypeScript. */
const code = new URL("../printer.js", import.meta.url);

/** Prints and writes on a thread of its own where the package has been built, so that checking goes on meanwhile. */
export function startPrinting(): Printing {
  if (!existsSync(fileURLToPath(code))) return new PrintingHere();
  const thread = new PrintingThread(code);
  // It loads while the programs are read; what goes wrong is told to whoever prints first.
  thread.prepare().catch(() => undefined);
  return thread;
}

/** The thread's side of this is `printer.ts`. */
export class PrintingThread implements Printing {
  readonly #thread: AskedThread<PrinterQuestion, readonly string[]>;

  constructor(file: URL) {
    this.#thread = new AskedThread(file, "meshc build");
  }

  write(job: ProgramJob): Promise<readonly string[]> {
    return this.#thread.ask(job);
  }

  async prepare(): Promise<void> {
    await this.#thread.ask(undefined);
  }

  end(): Promise<void> {
    return this.#thread.end();
  }
}
