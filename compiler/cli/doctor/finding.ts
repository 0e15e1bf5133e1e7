import { MeshError, type ErrorCode } from "../../../runtime/interface/errors.ts";

/** What one step of the way has come to. */
export interface Finding {
  readonly step:
    | "name"
    | "port"
    | "encryption"
    | "endpoint"
    | "pipeline"
    | "connection"
    | "protocol"
    | "formats"
    | "interface";
  readonly state: "fine" | "failed" | "skipped";
  /** One line. */
  readonly found: string;
  /** More of it, a line each. */
  readonly more?: readonly string[];
  /** Of a failure: what a program is told at run time. */
  readonly code?: ErrorCode;
  readonly hint?: string;
}

type Step = Finding["step"];

export function fine(step: Step, found: string, more: readonly string[] = []): Finding {
  return { step, state: "fine", found, ...(more.length > 0 && { more }) };
}

export function skipped(step: Step, found: string): Finding {
  return { step, state: "skipped", found };
}

/** @param hint in place of what the error says itself */
export function failed(step: Step, error: unknown, hint?: string): Finding {
  const known = MeshError.from(error);
  const [found = "", ...more] = known.message.split("\n").map((line) => line.trim());
  const wayOut = hint ?? known.hint;
  return {
    step,
    state: "failed",
    found,
    ...(more.length > 0 && { more }),
    code: known.code,
    ...(wayOut !== undefined && { hint: wayOut }),
  };
}
