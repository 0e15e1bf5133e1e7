/** `:stream`: a session whose inputs come in the body of a request, and whose outputs are server-sent events. */
import type { PipelineCalls } from "../interface/calls.ts";
import type { Clock } from "../interface/clock.ts";
import type { PipelineDescription } from "../interface/description.ts";
import { MeshError } from "../interface/errors.ts";
import type { JsonValue } from "../interface/frame.ts";
import type { Params } from "../interface/node.ts";
import type { PipelineSession } from "../interface/session.ts";
import { timelineOf, type Timeline } from "../typed/timeline.ts";
import { checkMembers, HttpError, invalid, linesOf, objectIn, parseObject, readJson, type JsonObject } from "./body.ts";
import { EventStream } from "./events.ts";
import { contextOf, type HttpRequest, type HttpResponse } from "./message.ts";
import { PortValues, servedType } from "./values.ts";

export interface StreamInit {
  readonly calls: PipelineCalls;
  readonly clock: Clock;
}

/** What the body says: parameters and inputs before the session opens, and what feeds it from then on. */
interface Asked {
  readonly params: Params;
  readonly inputs: readonly string[];
  readonly feed: (feeder: Feeder) => Promise<void>;
}

/** @throws {HttpError}, {MeshError} for what fails before the first event; what fails later is an event */
export async function stream(init: StreamInit, pipeline: string, request: HttpRequest): Promise<HttpResponse> {
  const { calls, clock } = init;
  const description = calls.describe(pipeline);
  const asked = await read(request, clock, pipeline, description);
  const events = new EventStream(clock);
  const { schemas } = description;
  const session = await calls.open(pipeline, {
    params: asked.params,
    inputs: Object.fromEntries(
      asked.inputs.flatMap((port) => {
        const found = description.inputs[port];
        return found === undefined ? [] : [[port, servedType(found.type)]];
      }),
    ),
    outputs: Object.fromEntries(
      Object.entries(description.outputs).map(([port, { type }]) => [
        port,
        { type: servedType(type), link: events.link(port) },
      ]),
    ),
    schemas,
    signal: request.signal,
    context: contextOf(request),
  });
  const over = new AbortController();
  void session.closed.then(({ error }) => {
    events.end(error);
    over.abort(error);
  });
  const feeder = new Feeder(description, session, clock, over.signal);
  asked.feed(feeder).catch((reason: unknown) => {
    if (over.signal.aborted) return;
    void session.close(reason instanceof HttpError ? reason.error : MeshError.from(reason));
  });
  return {
    status: 200,
    headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
    body: events.texts(),
  };
}

async function read(
  request: HttpRequest,
  clock: Clock,
  pipeline: string,
  description: PipelineDescription,
): Promise<Asked> {
  const type = (request.headers["content-type"] ?? "application/x-ndjson").split(";")[0]?.trim().toLowerCase() ?? "";
  if (type === "application/json") return fromJson(await readJson(request, clock), pipeline, description);
  if (/^application\/(x-ndjson|ndjson|jsonl)$/.test(type)) return fromLines(request, description);
  const text = `A body of ${type || "no type"} is not read here.`;
  const hint = "Send `application/json`, or `application/x-ndjson` for what is read while it comes.";
  throw new HttpError(415, invalid(text, hint), { "accept-post": "application/json, application/x-ndjson" });
}

/** All values of each input at once. */
function fromJson(body: JsonObject, pipeline: string, description: PipelineDescription): Asked {
  checkMembers(body, ["inputs", "params"], "The body");
  const lists = Object.entries(objectIn(body, "inputs")).map(([port, values]): [string, readonly JsonValue[]] => {
    if (!Object.hasOwn(description.inputs, port)) throw unknownPort(port, description);
    if (Array.isArray(values)) return [port, values as readonly JsonValue[]];
    throw invalid(`\`${port}\` is not a list: \`:stream\` takes a list of values for each input.`);
  });
  const missing = Object.entries(description.inputs).find(
    ([port, { optional }]) => !optional && !lists.some(([given]) => given === port),
  );
  if (missing !== undefined) throw invalid(`Input \`${missing[0]}\` of \`${pipeline}\` is missing.`);
  return {
    params: objectIn(body, "params"),
    inputs: lists.map(([port]) => port),
    // Beside each other: a join may want the first of each before it takes the second of any.
    feed: async (feeder) => {
      await Promise.all(
        lists.map(async ([port, values]) => {
          for (const value of values) await feeder.send(port, value, undefined);
          feeder.end(port);
        }),
      );
    },
  };
}

/** Lines, read no faster than the session takes them. */
async function fromLines({ body }: HttpRequest, description: PipelineDescription): Promise<Asked> {
  const lines = linesOf(body)[Symbol.asyncIterator]();
  let count = 0;
  const next = async (): Promise<JsonObject | undefined> => {
    const { done, value } = await lines.next();
    count += 1;
    return done === true ? undefined : parseObject(value, `Line ${count} of the body`);
  };
  // The answer begins with the first line: it may have the parameters.
  const first = await next();
  const hasParams = first !== undefined && Object.hasOwn(first, "params");
  if (hasParams) checkMembers(first, ["params"], "Line 1 of the body");
  else if (first !== undefined) checkLine(first, 1, description);
  return {
    params: hasParams ? objectIn(first, "params") : {},
    inputs: Object.keys(description.inputs),
    feed: async (feeder) => {
      let line = hasParams ? await next() : first;
      for (; line !== undefined; line = await next()) {
        const { port, value, timestampUs, ends } = checkLine(line, count, description);
        if (ends) feeder.end(port);
        else await feeder.send(port, value, timestampUs);
      }
      for (const port of Object.keys(description.inputs)) feeder.end(port);
    },
  };
}

/** @throws {MeshError} `invalid-argument` that names the line */
function checkLine(
  line: JsonObject,
  number: number,
  description: PipelineDescription,
): {
  readonly port: string;
  readonly value: JsonValue;
  readonly timestampUs: number | undefined;
  readonly ends: boolean;
} {
  const what = `Line ${number} of the body`;
  checkMembers(line, ["port", "value", "timestampUs", "end"], what);
  const { port, timestampUs, end } = line;
  if (typeof port !== "string") throw invalid(`${what} has no \`port\`.`);
  if (!Object.hasOwn(description.inputs, port)) throw unknownPort(port, description);
  if (timestampUs !== undefined && typeof timestampUs !== "number") {
    throw invalid(`${what} has a \`timestampUs\` that is not a number.`);
  }
  if (end !== undefined && typeof end !== "boolean") throw invalid(`${what} has an \`end\` that is not true or false.`);
  if (end !== true && !Object.hasOwn(line, "value")) throw invalid(`${what} has no \`value\`.`);
  return { port, value: line["value"] ?? null, timestampUs, ends: end === true };
}

function unknownPort(port: string, { pipeline, inputs }: PipelineDescription): MeshError {
  const known = Object.keys(inputs).join("`, `");
  return invalid(`\`${pipeline}\` has no input \`${port}\`; its inputs are \`${known}\`.`);
}

/** Writes values to the inputs of a session as there is room. */
class Feeder {
  readonly #session: PipelineSession;
  readonly #signal: AbortSignal;
  readonly #ports: ReadonlyMap<string, { readonly values: PortValues; readonly timeline: Timeline }>;
  readonly #counts = new Map<string, number>();

  /** @param signal the session is over */
  constructor(description: PipelineDescription, session: PipelineSession, clock: Clock, signal: AbortSignal) {
    const { inputs, schemas } = description;
    this.#session = session;
    this.#signal = signal;
    this.#ports = new Map(
      Object.entries(inputs).map(([port, { type }]) => [
        port,
        { values: new PortValues(port, type, schemas), timeline: timelineOf(servedType(type), clock) },
      ]),
    );
  }

  async send(port: string, value: JsonValue, givenUs: number | undefined): Promise<void> {
    const [link, ways] = [this.#session.inputs[port], this.#ports.get(port)];
    if (link === undefined || ways === undefined) return;
    const payload = ways.values.payloadOf(value);
    while (!link.writable) await link.ready(this.#signal);
    const seq = this.#counts.get(port) ?? 0;
    this.#counts.set(port, seq + 1);
    link.send({ payload, timestampUs: ways.timeline(payload, givenUs), seq, epoch: 0, flags: 0 });
  }

  end(port: string): void {
    this.#session.inputs[port]?.end();
  }
}
