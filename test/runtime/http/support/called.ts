import { pipelineCalls, type PipelineCallsInit } from "../../../../runtime/calls/calls.ts";
import { httpService } from "../../../../runtime/http/service.ts";
import type { HttpRequest, HttpResponse, HttpService } from "../../../../runtime/http/message.ts";
import type { PipelineCalls } from "../../../../runtime/interface/calls.ts";
import type { Clock } from "../../../../runtime/interface/clock.ts";
import type { NodeDefinition } from "../../../../runtime/interface/node.ts";
import type { Plan } from "../../../../runtime/interface/plan.ts";
import { describePipeline } from "../../../../runtime/pipeline/description.ts";
import { pipelineEndpoint } from "../../../../runtime/pipeline/endpoint.ts";
import { depsOf } from "../../../support/pipeline-run.ts";
import { realClock } from "../../../support/real-clock.ts";

/** A peer that runs all pipelines of a program, without a network. */
export function called(
  plan: Plan,
  nodes: Readonly<Record<string, NodeDefinition>>,
  clock: Clock = realClock,
  limits?: PipelineCallsInit["limits"],
): { readonly service: HttpService; readonly calls: PipelineCalls } {
  const deps = { ...depsOf(nodes), clock };
  const { schemas } = plan;
  const calls = pipelineCalls({
    names: () => Object.keys(plan.pipelines),
    find: (name) => {
      const pipeline = plan.pipelines[name];
      if (pipeline === undefined) return undefined;
      const describe = () => describePipeline(name, pipeline, schemas, {}, deps.env);
      return { endpoint: pipelineEndpoint(plan, name, deps), describe };
    },
    clock,
    limits,
  });
  return { service: httpService({ calls, clock }), calls };
}

const encoder = new TextEncoder();

/** A request as a server hands it in. */
export function request(
  method: string,
  path: string,
  more: Partial<Omit<HttpRequest, "body">> & {
    readonly body?: unknown;
    /** In place of `body`. */
    readonly chunks?: AsyncIterable<string> | Iterable<string>;
  } = {},
): HttpRequest {
  const { body, chunks, ...rest } = more;
  const parts = chunks ?? (body === undefined ? [] : [typeof body === "string" ? body : JSON.stringify(body)]);
  return {
    method,
    path,
    headers: body === undefined ? {} : { "content-type": "application/json" },
    isOriginAllowed: true,
    signal: new AbortController().signal,
    ...rest,
    body: (async function* () {
      for await (const part of parts) yield encoder.encode(part);
    })(),
  };
}

export function jsonOf({ body }: HttpResponse): Record<string, unknown> {
  if (typeof body !== "string") throw new Error("the answer is a stream");
  return JSON.parse(body) as Record<string, unknown>;
}

export interface Event {
  readonly event: string;
  readonly id: string | undefined;
  readonly data: unknown;
}

/** Server-sent events as a browser reads them; comments are no events. */
export async function* eventsOf(texts: HttpResponse["body"] | AsyncIterable<Uint8Array>): AsyncGenerator<Event> {
  if (typeof texts === "string") throw new Error(`not a stream: ${texts}`);
  const decoder = new TextDecoder();
  let rest = "";
  for await (const part of texts) {
    rest += typeof part === "string" ? part : decoder.decode(part, { stream: true });
    const blocks = rest.split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const fields = block.split("\n").map((line) => /^(\w*): ?(.*)$/.exec(line) ?? []);
      const field = (name: string): string | undefined => fields.find(([, one]) => one === name)?.[2];
      const data = field("data");
      if (data !== undefined) yield { event: field("event") ?? "message", id: field("id"), data: JSON.parse(data) };
    }
  }
  if (rest !== "") throw new Error(`cut off within an event: ${rest}`);
}

export async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
