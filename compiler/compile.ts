import type { Plan } from "../runtime/interface/plan.ts";
import type { Diagnostic } from "./diagnostics/diagnostic.ts";
import type { Host } from "./host/host.ts";
import type { Program } from "./check/program.ts";
import { checkProgram, type CheckedProgram } from "./check/check.ts";
import { lower } from "./plan/lower.ts";

export interface CompileResult {
  /** Everything that is known of the program; present however broken it is. */
  readonly program: Program;
  /** The same with what the checker found out. */
  readonly checked: CheckedProgram;
  /** Undefined when there are errors. */
  readonly plan: Plan | undefined;
  /** In order of file and place. */
  readonly diagnostics: readonly Diagnostic[];
}

export interface CompileOptions {
  /** Goes into the plan; the version of the package. */
  readonly compilerVersion: string;
}

/**
 * Parses, resolves, checks and lowers the program that starts in the file `path`.
 *
 * @throws {HostError} only when `path` itself cannot be read; all else is a diagnostic
 */
export function compile(path: string, host: Host, options: CompileOptions): CompileResult {
  return compileChecked(checkProgram(path, host), options);
}

/** Lowers a program that has been checked. */
export function compileChecked(checked: CheckedProgram, options: CompileOptions): CompileResult {
  const failed = checked.diagnostics.some((one) => one.severity === "error");
  const plan = failed ? undefined : lower(checked, options.compilerVersion);
  return { program: checked.program, checked, plan, diagnostics: checked.diagnostics };
}
