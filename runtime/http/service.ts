/** Pipelines for users of HTTP: where requests go, and who may make them. Pure: a request in, a response out. */
import type { CallPayload, ExecuteResponse, PipelineCalls } from "../interface/calls.ts";
import type { Clock } from "../interface/clock.ts";
import { MeshError } from "../interface/errors.ts";
import type { JsonValue } from "../interface/frame.ts";
import { checkMembers, HttpError, invalid, objectIn, readJson, type JsonObject } from "./body.ts";
import { descriptionOf, listOf, openApi, pathOf, pipelinesPath } from "./describing.ts";
import { healthAt } from "./health.ts";
import { httpLimits } from "./limits.ts";
import { contextOf, type HttpRequest, type HttpResponse, type HttpService } from "./message.ts";
import { problemOf, problemResponse } from "./problem.ts";
import { stream } from "./stream.ts";
import { PortValues, valueText } from "./values.ts";

export interface HttpServiceInit {
  readonly calls: PipelineCalls;
  readonly clock: Clock;
  /** What a health check tells beside the number of pipelines. */
  readonly figures?: () => object;
}

/** What answers at a path, by method. */
interface Resource {
  readonly GET?: () => JsonValue;
  readonly POST?: (request: HttpRequest) => Promise<HttpResponse>;
}

export function httpService(init: HttpServiceInit): HttpService {
  let running = 0;
  let draining = false;
  const limited = async (request: HttpRequest): Promise<HttpResponse> => {
    if (draining) throw stops();
    if (running >= httpLimits.requests) throw tooMany();
    running += 1;
    const done = (): void => void (running -= 1);
    try {
      const response = await respond(init, request);
      if (typeof response.body !== "string") return { ...response, body: followed(response.body, done) };
      done();
      return response;
    } catch (error) {
      done();
      throw error;
    }
  };
  return {
    front: (at) => ({
      what: "the signaling endpoint of a pipeline-mesh peer",
      lines: [
        `Connect to it from a pipeline: webrtc://${at}/<pipeline>`,
        `What can be asked over HTTP: http://${at}/openapi.json`,
      ],
    }),
    async answer(request) {
      const response = withCors(request, await limited(request).catch(failure));
      // Whoever comes again should come to another peer (RFC 9112, section 9.6).
      return draining ? { ...response, headers: { ...response.headers, connection: "close" } } : response;
    },
    drain() {
      draining = true;
    },
  };
}

async function respond(init: HttpServiceInit, request: HttpRequest): Promise<HttpResponse> {
  if (!request.isOriginAllowed) {
    const text = "Pages of this origin may not call this peer; it has to be allowed there.";
    throw new MeshError("access-denied", text);
  }
  const { method } = request;
  const names = init.calls.names();
  const health = healthAt(
    request.path,
    () => true,
    () => ({ pipelines: names.length, ...init.figures?.() }),
  );
  if (health !== undefined && (method === "GET" || method === "HEAD")) return health;
  const found = resource(init, request.path);
  const allowed = [...(found.GET === undefined ? [] : ["GET", "HEAD"]), ...(found.POST === undefined ? [] : ["POST"])];
  if (method === "OPTIONS") return options(request, allowed);
  if ((method === "GET" || method === "HEAD") && found.GET !== undefined) return json(JSON.stringify(found.GET()));
  if (method === "POST" && found.POST !== undefined) return found.POST(request);
  const text = `${method} is not known at ${request.path}; it takes ${allowed.join(", ")}.`;
  throw new HttpError(405, invalid(text), { allow: [...allowed, "OPTIONS"].join(", ") });
}

/** @throws {HttpError} 404 for a path where nothing is; {MeshError} `pipeline-not-found` */
function resource(init: HttpServiceInit, path: string): Resource {
  const { calls } = init;
  if (path === "/openapi.json") return { GET: () => openApi(calls) };
  if (path === pipelinesPath) return { GET: () => listOf(calls) };
  const [, encoded, verb] = /^\/v1\/pipelines\/([^/:]+)(?::([a-z]+))?$/.exec(path) ?? [];
  const name = decoded(encoded);
  if (name !== undefined) {
    // Says which there are, whatever is asked of one that there is not.
    const description = calls.describe(name);
    if (verb === undefined) return { GET: () => descriptionOf(name, description) };
    if (verb === "execute") return { POST: (request) => execute(init, name, request) };
    if (verb === "stream") return { POST: (request) => stream(init, name, request) };
  }
  const hint = `${pipelinesPath} lists the pipelines, /openapi.json has all that can be asked.`;
  throw new HttpError(404, invalid(`There is nothing at ${path}.`, hint));
}

function decoded(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

async function execute(
  { calls, clock }: HttpServiceInit,
  pipeline: string,
  request: HttpRequest,
): Promise<HttpResponse> {
  const type = (request.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    const text = `\`:execute\` takes a body of application/json, not of ${type || "no type"}.`;
    throw new HttpError(415, invalid(text, "Say `content-type: application/json`."), {
      "accept-post": "application/json",
    });
  }
  const { inputs: types, schemas, batch } = calls.describe(pipeline);
  if (!batch) {
    throw invalid(`\`${pipeline}\` is a stream, and cannot be executed.`, `POST it to ${pathOf(pipeline, "stream")}.`);
  }
  const body = await readJson(request, clock);
  checkMembers(body, ["inputs", "params", "items"], "The body");
  const inputsOf = (of: JsonObject): Record<string, CallPayload> =>
    Object.fromEntries(
      Object.entries(objectIn(of, "inputs")).map(([port, value]): [string, CallPayload] => {
        const known = Object.hasOwn(types, port) ? types[port] : undefined;
        // What is no input of the pipeline is refused by the call.
        const payload = known === undefined ? null : new PortValues(port, known.type, schemas).payloadOf(value);
        return [port, { payload, timestampUs: 0 }];
      }),
    );
  const asking = { pipeline, params: objectIn(body, "params"), signal: request.signal, context: contextOf(request) };
  const { items } = body;
  if (items === undefined) {
    return json(answerText(await calls.execute({ ...asking, inputs: inputsOf(body) })));
  }
  if (!Array.isArray(items) || Object.hasOwn(body, "inputs")) {
    throw invalid("`items` is a list of objects with `inputs` each, and stands in place of `inputs`.");
  }
  const { executeItems } = await import("../calls/items.ts");
  const asked = (items as readonly JsonValue[]).map((item, index) => () => inputsOf(itemOf(item, index)));
  const results = await executeItems(calls, { ...asking, items: asked });
  const texts = results.map((one) =>
    "error" in one ? `{"problem":${JSON.stringify(problemOf(one.error))}}` : answerText(one.outputs),
  );
  return json(`{"items":[${texts.join(",")}]}`);
}

/** @throws {MeshError} `invalid-argument` that names the item */
function itemOf(item: JsonValue, index: number): JsonObject {
  if (typeof item !== "object" || item === null || Array.isArray(item)) {
    throw invalid(`Item ${index} is not a JSON object.`);
  }
  checkMembers(item as JsonObject, ["inputs"], `Item ${index}`);
  return item as JsonObject;
}

function answerText(outputs: ExecuteResponse): string {
  const members = Object.entries(outputs).map(([port, { payload }]) => `${JSON.stringify(port)}:${valueText(payload)}`);
  return `{"outputs":{${members.join(",")}}}`;
}

function json(text: string): HttpResponse {
  return {
    status: 200,
    headers: { "content-type": "application/json", "cache-control": "no-store" },
    body: `${text}\n`,
  };
}

function failure(reason: unknown): HttpResponse {
  if (!(reason instanceof HttpError)) return problemResponse(MeshError.from(reason));
  const response = problemResponse(reason.error, reason.status);
  return { ...response, headers: { ...response.headers, ...reason.headers } };
}

/** RFC 9110, section 9.3.7; with the answers of a preflight (https://fetch.spec.whatwg.org/#cors-preflight-fetch). */
function options({ headers }: HttpRequest, allowed: readonly string[]): HttpResponse {
  const allow = [...allowed, "OPTIONS"].join(", ");
  const asked = headers["access-control-request-method"];
  return {
    status: 204,
    headers: {
      allow,
      ...(asked !== undefined && {
        "access-control-allow-methods": allow,
        "access-control-allow-headers": "content-type, traceparent, tracestate, mesh-session",
        "access-control-max-age": "600",
      }),
      ...(headers["access-control-request-private-network"] === "true" && {
        "access-control-allow-private-network": "true",
      }),
    },
    body: "",
  };
}

/** Lets pages of allowed origins see the response, and no other. */
function withCors({ headers, isOriginAllowed }: HttpRequest, response: HttpResponse): HttpResponse {
  const { origin } = headers;
  return {
    ...response,
    headers: {
      ...response.headers,
      vary: "Origin",
      "x-content-type-options": "nosniff",
      ...(origin !== undefined &&
        isOriginAllowed && {
          "access-control-allow-origin": origin,
          "access-control-expose-headers": "retry-after",
        }),
    },
  };
}

function tooMany(): MeshError {
  const text = `This peer answers ${httpLimits.requests} requests at once, and no more.`;
  return new MeshError("resource-exhausted", text, { hint: "Call again in a moment.", retryAfterMs: 1_000 });
}

function stops(): MeshError {
  const hint = "Call another peer, or this one again when it is back.";
  return new MeshError("peer-unreachable", "The peer stops, and takes nothing new.", { hint, retryAfterMs: 1_000 });
}

/** Tells when all has been read, or nobody reads on. */
async function* followed(texts: AsyncIterable<string>, done: () => void): AsyncGenerator<string> {
  try {
    yield* texts;
  } finally {
    done();
  }
}
