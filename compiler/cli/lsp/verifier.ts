/** The thread that holds code against contracts for the language server; `verifying.ts` is the other side. */
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { answering } from "../answering.ts";
import { CodeCheck } from "./code-check.ts";
import type { CodeQuestion } from "./verifying.ts";

const check = new CodeCheck();

answering<CodeQuestion, readonly Diagnostic[]>(({ root, path }) => check.of(root, path));
