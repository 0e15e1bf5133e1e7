/** Between the HTTP server of Node and what answers requests. */
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { MeshError } from "../interface/errors.ts";
import { httpLimits } from "./limits.ts";
import type { HttpRequest, HttpResponse, HttpService } from "./message.ts";
import { problemResponse } from "./problem.ts";

/** Never rejects. */
export async function answerRequest(
  service: HttpService,
  isOriginAllowed: boolean,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // A client may go at any moment; what that means for its request says `signal`.
  request.on("error", () => undefined);
  response.on("error", () => undefined);
  const gone = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) gone.abort(new MeshError("cancelled", "The client has gone."));
  });
  const { status, headers, body } = await service.answer(requestOf(request, isOriginAllowed, gone.signal));
  // Of a body that nobody has read to its end the rest would be taken for the next request.
  response.writeHead(status, {
    ...headers,
    ...(!request.complete && { connection: "close" }),
    ...lengthOf(status, body),
  });
  if (typeof body === "string") response.write(body);
  else await sendAll(body, response, gone.signal);
  if (!request.complete && typeof body === "string") await restOf(request);
  response.end();
}

function requestOf(request: IncomingMessage, isOriginAllowed: boolean, signal: AbortSignal): HttpRequest {
  const { method = "GET", headers } = request;
  return {
    method,
    path: pathIn(request.url ?? "/"),
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : value]),
    ),
    isOriginAllowed,
    body: { [Symbol.asyncIterator]: () => request.iterator({ destroyOnReturn: false }) as AsyncIterator<Uint8Array> },
    signal,
  };
}

/** Of the target in one of its forms (RFC 9112, section 3.2). */
function pathIn(target: string): string {
  if (target.startsWith("/")) return /^[^?#]*/.exec(target)?.[0] ?? "/";
  try {
    return new URL(target).pathname;
  } catch {
    return target;
  }
}

/** Status 204 has none (RFC 9110, section 8.6). */
function lengthOf(status: number, body: HttpResponse["body"]): { readonly "content-length"?: number } {
  return typeof body === "string" && status !== 204 ? { "content-length": Buffer.byteLength(body) } : {};
}

/** As fast as the client takes it. */
async function sendAll(texts: AsyncIterable<string>, response: ServerResponse, signal: AbortSignal): Promise<void> {
  response.flushHeaders();
  for await (const text of texts) {
    if (signal.aborted) continue;
    // Rejects when the client goes; then what is left is read for nobody, and comes to its end.
    if (!response.write(text)) await once(response, "drain", { signal }).catch(() => undefined);
  }
}

/**
 * Takes in what the client still sends, for a while: one whose connection is closed over it may never see the answer.
 */
async function restOf(request: IncomingMessage): Promise<void> {
  request.resume();
  await once(request, "close", { signal: AbortSignal.timeout(httpLimits.lingerMs) }).catch(() => undefined);
}

/** Answers what is no HTTP, or too slow or too large to be. */
export function declineBroken(error: NodeJS.ErrnoException, stream: Duplex): void {
  if (error.code === "ECONNRESET" || !stream.writable) {
    stream.destroy();
    return;
  }
  const [status, text] = why(error);
  const { headers, body } = problemResponse(new MeshError("invalid-argument", text), status);
  const lines = Object.entries({ ...headers, connection: "close", ...lengthOf(status, body) }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  stream.end(`HTTP/1.1 ${status} \r\n${lines.join("")}\r\n${String(body)}`);
}

function why({ code, message }: NodeJS.ErrnoException): readonly [number, string] {
  if (code === "HPE_HEADER_OVERFLOW") return [431, "The header of the request is too large."];
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return [408, "The header of the request has not come in time."];
  return [400, `This is not HTTP: ${message}.`];
}
