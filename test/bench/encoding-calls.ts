import { setMaxListeners } from "node:events";
import type { FlowType, Schemas } from "../../runtime/interface/caps.ts";
import type { JsonValue, Payload } from "../../runtime/interface/frame.ts";
import { defineNode } from "../../runtime/interface/node.ts";
import type { Plan } from "../../runtime/interface/plan.ts";
import { launchPlan } from "../../runtime/mesh/launch.ts";
import { servePeer } from "../../runtime/mesh/serving.ts";
import * as calls from "../../runtime/remote/calls.ts";
import { PayloadCheck } from "../../runtime/remote/payload-check.ts";
import { grpcTransport } from "../../runtime/transports/grpc/transport.nodejs.ts";
import { PipelineBuilder, planWith } from "../support/pipeline-plan-builder.ts";
import { realClock as clock, seededRandom } from "../support/real-clock.ts";
import { median, rounded, type BenchRow } from "./hop-rounds.ts";

/** A value that goes to a peer by gRPC and comes back. */
export interface CallCase {
  readonly name: string;
  readonly type: FlowType;
  readonly schemas: Schemas;
  readonly value: JsonValue;
}

const text: FlowType = { kind: "scalar", name: "text" };
const peerName = "JSON";
const atOnce = 16;

/** One question, answered, read and checked. */
type Ask = () => Promise<void>;

/**
 * Whole calls, both ends in this process: a record as it travels, which is CBOR, and the same in a text that both ends write and read as
 * JSON, which is how it goes to a peer that reads no other.
 */
export async function wholeCalls(cases: readonly CallCase[]): Promise<readonly BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const one of cases) {
    await using served = await serve(one);
    const ways = [served.asCbor, served.asJson] as const;
    for (const ask of ways) for (let left = 10; left > 0; left -= 1) await ask();
    const [ours, peer] = await figuresOf(ways);
    rows.push(
      {
        case: one.name,
        metric: "p50 of a call",
        unit: "ms",
        ours: ours.p50,
        peer: peer.p50,
        peerName,
        ratio: rounded(ours.p50 / peer.p50),
        goal: null,
      },
      {
        case: one.name,
        metric: "calls, 16 at once",
        unit: "calls/s",
        ours: ours.rate,
        peer: peer.rate,
        peerName,
        ratio: rounded(ours.rate / peer.rate),
        goal: null,
      },
    );
  }
  return rows;
}

interface Figures {
  readonly p50: number;
  readonly rate: number;
}

/** In turns, so that what else the machine does meets both. */
async function figuresOf(ways: readonly [Ask, Ask]): Promise<[Figures, Figures]> {
  const times: [number[], number[]] = [[], []];
  const rates: [number[], number[]] = [[], []];
  for (let round = 0; round < 5; round += 1) {
    for (const [index, ask] of ways.entries()) {
      const took = times[index] as number[];
      for (const endUs = clock.nowUs() + 150_000; clock.nowUs() < endUs;) {
        const startUs = clock.nowUs();
        await ask();
        took.push((clock.nowUs() - startUs) / 1_000);
      }
      const startUs = clock.nowUs();
      let count = 0;
      const work = async (): Promise<void> => {
        while (clock.nowUs() < startUs + 250_000) {
          await ask();
          count += 1;
        }
      };
      await Promise.all(Array.from({ length: atOnce }, work));
      (rates[index] as number[]).push((count * 1e6) / (clock.nowUs() - startUs));
    }
  }
  const of = (index: 0 | 1): Figures => ({
    p50: rounded(median(times[index])),
    rate: Math.round(Math.max(...rates[index])),
  });
  return [of(0), of(1)];
}

async function serve({ type, schemas, value }: CallCase) {
  const check = new PayloadCheck(type, schemas);
  const checked = (read: JsonValue): JsonValue => {
    const problem = check.valueProblem(read);
    if (problem !== undefined) throw new Error(problem);
    return read;
  };
  const pipeline = (name: string, flow: FlowType) =>
    new PipelineBuilder(name, { data: flow }, { same: flow })
      .node(`${name}Node`, { in: flow }, { out: flow })
      .link("data", `${name}Node.in`)
      .link(`${name}Node.out`, "same")
      .with({ batch: true });
  const { pipelines, ...rest } = planWith(pipeline("Cbor", type), pipeline("Json", text));
  const runs = Object.keys(pipelines).map((name) => ({ pipeline: name, as: name, params: {} }));
  const location = { file: "main.mesh", line: 1, column: 1 };
  const server = { name: "server", runs, listens: [{ literal: "grpc://127.0.0.1:0" }], registers: [], location };
  const plan: Plan = { ...rest, schemas, pipelines, peers: { server } };
  const nodes: Readonly<Record<string, (payload: Payload) => Payload>> = {
    CborNode: (payload) => payload,
    JsonNode: (payload) => JSON.stringify(checked(JSON.parse(payload as string) as JsonValue)),
  };
  const transport = grpcTransport({ clock });
  const letGo = await transport.keepIdle?.();
  const mesh = await launchPlan(
    plan,
    {
      clock,
      random: seededRandom(1),
      log: () => undefined,
      env: () => undefined,
      transports: [transport],
      calls: () => Promise.resolve(calls),
      serve: servePeer,
    },
    {
      registry: ({ node }) =>
        defineNode({ sync: true, open: () => ({ map: nodes[node] as (payload: unknown) => Payload }) }),
    },
  );
  const address = mesh.peers[0]?.addresses[0] ?? "";
  const { signal } = new AbortController();
  setMaxListeners(0, signal);
  const inCbor = new Set(["data"]);
  const ask = async (name: string, payload: Payload): Promise<Payload> => {
    const inputs = { data: { payload, timestampUs: 0 } };
    const answer = await transport.unary?.execute(`${address}/${name}`, { params: {}, inputs, signal, inCbor });
    return answer?.["same"]?.payload ?? null;
  };
  return {
    asCbor: async () => void checked((await ask("Cbor", value)) as JsonValue),
    asJson: async () => void checked(JSON.parse((await ask("Json", JSON.stringify(value))) as string) as JsonValue),
    async [Symbol.asyncDispose]() {
      await mesh.close();
      await letGo?.();
    },
  };
}
