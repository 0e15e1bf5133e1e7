/** The thread that prints and writes what a build has found out; `printing-thread.ts` is the other side. */
import { createRequire } from "node:module";
import type { Morph } from "../../codegen/morph.ts";
import { answering } from "../answering.ts";
import { PrintingHere } from "./printing.ts";
import type { PrinterQuestion } from "./printing-thread.ts";

/** ts-morph without TypeScript, which `scripts/printing-morph.mjs` puts beside this file. */
const morph = "./printing-morph.cjs";

const printing = new PrintingHere(async () => createRequire(import.meta.url)(morph) as Morph);

answering<PrinterQuestion, readonly string[]>(async (job) => {
  if (job !== undefined) return printing.write(job);
  await printing.prepare();
  return [];
});
