import { delay } from "../../runtime/interface/clock.ts";
import type { NodeDefinition } from "../../runtime/interface/node.ts";
import { defineNode } from "../../runtime/interface/node.ts";
import type { PeerPlan, Plan, TargetPlan } from "../../runtime/interface/plan.ts";
import { PipelineBuilder, planWith, text } from "../support/pipeline-plan-builder.ts";
import type { Process } from "../../runtime/simulation/machine.ts";
import type { ClientSpec, Scenario, TargetSpec, WorkerSpec } from "./scenario.ts";
import type { Streams } from "./truth/streams.ts";

export const workerPort = 7443;
export const servicePort = 7440;

/** Of a service, by the name of its machine. */
export function addressOf(service: string): string {
  return `ws://${service}:${servicePort}`;
}

const location = { file: "main.mesh", line: 1, column: 1 };

/** What the machines of a life run, as the compiler would write it. */
export function planOf({ workers, clients, queueFrames: capacityFrames }: Scenario): Plan {
  const work = new PipelineBuilder("Work", { in: text }, { out: text })
    .node("Echo")
    .link("in", "Echo.in", { capacityFrames })
    .link("Echo.out", "out", { capacityFrames });
  const callers = clients.map((client) =>
    new PipelineBuilder(client.name, { a: text }, { b: text })
      .remote("work", client.targets.map(targetOf), client.policy)
      .link("a", "work.in", { capacityFrames })
      .link("work.out", "b", { capacityFrames }),
  );
  const peers = [...workers.map(workerPlan), ...clients.map(clientPlan)];
  return { ...planWith(work, ...callers), peers: Object.fromEntries(peers.map((peer) => [peer.name, peer])) };
}

function targetOf(target: TargetSpec, index: number): TargetPlan {
  const label = `${index}`;
  if (target.kind === "local") return { kind: "local", pipeline: "Work", params: {}, text: `${label} here` };
  if (target.kind === "worker") {
    return { kind: "peer", peer: target.worker, pipeline: "Work", text: `${label} ${target.worker}` };
  }
  return { kind: "service", service: "Work", where: [], prefer: target.prefer, text: `${label} ${target.prefer}` };
}

function workerPlan({ name, listens }: WorkerSpec): PeerPlan {
  return {
    name,
    runs: [{ pipeline: "Work", as: "Work", params: {} }],
    listens: listens ? [{ literal: `webrtc://${name}:${workerPort}` }] : [],
    registers: [],
    location,
  };
}

function clientPlan({ name }: ClientSpec): PeerPlan {
  return { name, runs: [{ pipeline: name, as: name, params: {} }], listens: [], registers: [], location };
}

export interface EchoInit {
  /** Milliseconds that it takes for a frame; 0: none, in line. */
  readonly slowMs: number;
  /** None is open before that. */
  readonly loaded?: Promise<void>;
}

/** Gives back what it gets, with the number of its instance behind it. */
export function echo(process: Process, streams: Streams, { slowMs, loaded }: EchoInit): NodeDefinition {
  return defineNode({
    sync: slowMs === 0,
    open: async (_, { emit }) => {
      await loaded;
      const instance = streams.instance(process.machine.name);
      const answer = (payload: unknown): void => {
        streams.saw(instance, String(payload));
        emit("out", `${String(payload)}@${instance}`);
      };
      if (slowMs === 0) return { process: ({ payload }) => answer(payload) };
      return {
        process: async ({ payload }) => {
          await delay(process.clock, slowMs);
          answer(payload);
        },
      };
    },
  });
}
