/** Requests and responses of HTTP (RFC 9110) as plain data: what a server hands in, and what it gets to send. */
import { contextKeys, readContext, type RequestContext } from "../interface/request-context.ts";

export interface HttpRequest {
  /** In capitals. */
  readonly method: string;
  /** Path of the target, percent-encoded, without the query. */
  readonly path: string;
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** False for a page of an origin that may not call this peer. */
  readonly isOriginAllowed: boolean;
  /** Read once at most. To return its iterator does not break the connection. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Aborts when the client has gone. */
  readonly signal: AbortSignal;
}

/** For whom a request is made, by its headers. */
export function contextOf({ headers }: HttpRequest): RequestContext {
  const { origin, traceParent, traceState } = contextKeys;
  return readContext({
    origin: headers[origin],
    traceParent: headers[traceParent],
    traceState: headers[traceState],
  });
}

export interface HttpResponse {
  readonly status: number;
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** UTF-8; what comes bit by bit is sent as it comes, and read no faster than the client takes it. */
  readonly body: string | AsyncIterable<string>;
}

/** Answers requests; never rejects. */
export interface HttpService {
  /** What people read who open the address of its server. @param at host and port, as they have written them */
  front(at: string): { readonly what: string; readonly lines: readonly string[] };
  answer(request: HttpRequest): Promise<HttpResponse>;
  /** Refuses what comes from now on with 503 and `Retry-After`; what runs is answered, and its connection closed. */
  drain(): void;
}
