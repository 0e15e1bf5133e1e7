/** Bodies of requests, read with bounds. */
import type { Clock } from "../interface/clock.ts";
import { withDeadline } from "../interface/deadline.ts";
import { MeshError } from "../interface/errors.ts";
import type { JsonValue } from "../interface/frame.ts";
import { checkJsonDepth } from "../remote/json-depth.ts";
import { httpLimits } from "./limits.ts";
import type { HttpRequest } from "./message.ts";

/** A failure for which HTTP has a status that says more than the code does. */
export class HttpError extends Error {
  readonly status: number;
  readonly error: MeshError;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, error: MeshError, headers: Readonly<Record<string, string>> = {}) {
    super(error.message);
    this.status = status;
    this.error = error;
    this.headers = headers;
  }
}

export type JsonObject = Readonly<Record<string, JsonValue>>;

/**
 * The body as a JSON object.
 * @throws {HttpError} 413, 408; {MeshError} `invalid-argument` for what is none; the reason of the signal
 */
export async function readJson({ body, headers, signal }: HttpRequest, clock: Clock): Promise<JsonObject> {
  checkLength(headers["content-length"]);
  const late = new MeshError("deadline-exceeded", `The body has not come within ${httpLimits.bodyMs} ms.`);
  const deadline = { clock, afterMs: httpLimits.bodyMs, signal, error: () => late };
  const bytes = await withDeadline(deadline, () => readAll(body)).catch((error: unknown) => {
    throw error === late ? new HttpError(408, late) : error;
  });
  return parseObject(bytes, "The body");
}

function checkLength(declared: string | undefined): void {
  if (Number(declared ?? 0) > httpLimits.bodyBytes) throw tooLarge("The body");
}

async function readAll(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of body) {
    size += part.length;
    if (size > httpLimits.bodyBytes) throw tooLarge("The body");
    parts.push(part);
  }
  return joined(parts, size);
}

/**
 * The lines of a body, as they come; empty ones are left out.
 * @throws {HttpError} 413 for a line that is too long
 */
export async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const newline = 0x0a;
  let parts: Uint8Array[] = [];
  let size = 0;
  const add = (part: Uint8Array): void => {
    size += part.length;
    if (size > httpLimits.bodyBytes) throw tooLarge("A line of the body");
    parts.push(part);
  };
  for await (const chunk of body) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      add(chunk.subarray(start, end));
      start = end + 1;
      const line = joined(parts, size);
      [parts, size] = [[], 0];
      if (!isBlank(line)) yield line;
    }
    add(chunk.subarray(start));
  }
  const last = joined(parts, size);
  if (!isBlank(last)) yield last;
}

function isBlank(line: Uint8Array): boolean {
  return line.every((byte) => byte === 0x20 || byte === 0x0d || byte === 0x09);
}

function joined(parts: readonly Uint8Array[], size: number): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const all = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** @param what begins the sentence of a complaint @throws {MeshError} `invalid-argument` */
export function parseObject(bytes: Uint8Array, what: string): JsonObject {
  const value = parsed(bytes, what);
  if (!isObject(value)) throw invalid(`${what} is not a JSON object.`);
  return value;
}

function parsed(bytes: Uint8Array, what: string): unknown {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw invalid(`${what} is not UTF-8.`);
  }
  try {
    checkJsonDepth(text);
  } catch (error) {
    throw invalid(`${what} cannot be taken: ${MeshError.from(error).message}`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(`${what} is not JSON: ${(error as Error).message}.`);
  }
}

/** @throws {MeshError} `invalid-argument` for a member that is not known */
export function checkMembers(object: JsonObject, known: readonly string[], what: string): void {
  const other = Object.keys(object).find((name) => !known.includes(name));
  if (other === undefined) return;
  const members = known.map((name) => `\`${name}\``).join(", ");
  throw invalid(`${what} has a member \`${other}\`, which is not known; it may have ${members}.`);
}

/** A member that is an object; empty where it is left out. @throws {MeshError} `invalid-argument` */
export function objectIn(object: JsonObject, name: string): JsonObject {
  const value = Object.hasOwn(object, name) ? object[name] : {};
  if (!isObject(value)) throw invalid(`\`${name}\` is not a JSON object.`);
  return value;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function invalid(message: string, hint?: string): MeshError {
  return new MeshError("invalid-argument", message, { hint });
}

function tooLarge(what: string): HttpError {
  const text = `${what} is larger than ${httpLimits.bodyBytes} bytes, which is all that is taken.`;
  const hint = "Send it in pieces over `:stream`, or over a session.";
  return new HttpError(413, new MeshError("resource-exhausted", text, { hint }));
}
