/** Failures as `application/problem+json` (RFC 9457). */
import { httpStatuses, type MeshError } from "../interface/errors.ts";
import type { HttpResponse } from "./message.ts";

/** Reason phrases of the statuses that are answered here (RFC 9110, section 15; 499 is widely used for a client that has gone). */
const phrases: Readonly<Record<number, string>> = {
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  409: "Conflict",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  499: "Client Closed Request",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

export interface Problem {
  /** The reason phrase: problems are told apart by `code`, so their `type` is `about:blank` and left out. */
  readonly title: string;
  readonly status: number;
  /** What is wrong, as a sentence. */
  readonly detail: string;
  /** One of the codes of run-time errors. */
  readonly code: string;
  /** What can be done about it. */
  readonly hint?: string;
  /** When another attempt may help, in milliseconds. */
  readonly retryAfterMs?: number;
}

/** @param status in place of the one that the code stands for */
export function problemOf(error: MeshError, status: number = httpStatuses[error.code]): Problem {
  const { code, message, hint, retryAfterMs } = error;
  return {
    title: phrases[status] ?? "Error",
    status,
    detail: message,
    code,
    ...(hint !== undefined && { hint }),
    ...(retryAfterMs !== undefined && { retryAfterMs: Math.ceil(retryAfterMs) }),
  };
}

export function problemResponse(error: MeshError, status?: number): HttpResponse {
  const problem = problemOf(error, status);
  return {
    status: problem.status,
    headers: {
      "content-type": "application/problem+json",
      "cache-control": "no-store",
      ...(error.retryAfterMs !== undefined && { "retry-after": String(Math.ceil(error.retryAfterMs / 1_000)) }),
    },
    body: `${JSON.stringify(problem)}\n`,
  };
}
