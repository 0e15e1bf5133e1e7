import type { Clock } from "../../../../runtime/interface/clock.ts";
import type { MeshEvent } from "../../../../runtime/interface/events.ts";
import type { NodeDefinition } from "../../../../runtime/interface/node.ts";
import { defaultPolicy } from "../../../../runtime/interface/plan-defaults.ts";
import type { PolicyPlan } from "../../../../runtime/interface/plan.ts";
import type { Random } from "../../../../runtime/interface/random.ts";
import type { LivePorts, PipelineEndpoint } from "../../../../runtime/interface/session.ts";
import { pipelineEndpoint } from "../../../../runtime/pipeline/endpoint.ts";
import { remotePipeline } from "../../../../runtime/remote/caller.ts";
import { HFPipelineNode } from "../../../../runtime/remote/hf-pipeline-node.ts";
import type { TargetHealth } from "../../../../runtime/remote/target-health.ts";
import { servePipelines } from "../../../../runtime/remote/host.ts";
import { seededRandom } from "../../../support/real-clock.ts";
import { depsFor, echoPlan, marking, servedFrom, testLink, text, type Scene, type TestLink } from "./scene.ts";

/** Serves the pipeline `P` at `memory://name`; it marks what it gets with its name. */
export async function servePeer({ clock, network }: Scene, name: string, node?: NodeDefinition): Promise<void> {
  const plan = echoPlan();
  const endpoint = pipelineEndpoint(plan, "P", depsFor(clock, { Echo: node ?? marking(`-${name}`) }));
  const host = servePipelines({ find: () => servedFrom(plan, endpoint), names: () => ["P"], clock });
  await network.transport(name).listen(`memory://${name}`, host.accept);
}

/** The pipeline `P` at `memory://name`, and when it was dialled. */
export function peerTarget(
  stage: Scene,
  name: string,
  dials: Dial[] = [],
  connectTimeoutMs = 60_000,
): PipelineEndpoint {
  const { clock, network } = stage;
  const real = network.transport("caller");
  return {
    open: (request) =>
      remotePipeline({
        transport: {
          ...real,
          dial: (uri, options) => {
            dials.push({ target: name, atMs: clock.nowMs });
            return real.dial(uri, options);
          },
        },
        uri: `memory://${name}/P`,
        clock,
        random: seededRandom(4),
        connectTimeoutMs,
      }).open(request),
  };
}

export interface Dial {
  readonly target: string;
  readonly atMs: number;
}

/** A pipeline in the caller's own process. */
export function localTarget({ clock }: Scene, mark: string): PipelineEndpoint {
  return pipelineEndpoint(echoPlan(), "P", depsFor(clock, { Echo: marking(mark) }));
}

/** Numbers that a test gives, the last one for ever. */
export function givenRandom(...numbers: readonly number[]): Random {
  let at = 0;
  return {
    next: () => numbers[Math.min(at++, numbers.length - 1)] ?? 0,
    bytes: (count) => new Uint8Array(count).fill(7),
  };
}

export interface RemoteScene {
  readonly node: HFPipelineNode;
  readonly b: TestLink;
  readonly events: MeshEvent[];
}

/** A remote with these targets, by the texts that stand for them. */
export function remoteOf(
  { clock }: { readonly clock: Clock },
  targets: Readonly<Record<string, PipelineEndpoint>>,
  init: {
    readonly policy?: Partial<PolicyPlan>;
    readonly random?: Random;
    readonly signal?: AbortSignal;
    readonly deadlineUs?: number;
    readonly health?: TargetHealth;
    readonly live?: LivePorts;
  } = {},
): RemoteScene {
  const events: MeshEvent[] = [];
  const b = testLink();
  const location = { file: "main.mesh", line: 7, column: 3 };
  const node = new HFPipelineNode({
    plan: {
      id: "gpu",
      interface: "Step",
      inputs: { a: { type: text } },
      outputs: { b: { type: text } },
      targets: [],
      policy: { ...defaultPolicy, ...init.policy },
      location,
    },
    pipeline: "Client",
    session: "session",
    targets: Object.entries(targets).map(([name, endpoint]) => ({ text: name, endpoint, params: {} })),
    formats: { inputs: { a: text }, outputs: { b: text } },
    schemas: {},
    outputs: { b },
    signal: init.signal ?? new AbortController().signal,
    deadlineUs: init.deadlineUs,
    ...(init.live !== undefined && { live: init.live }),
    ...(init.health !== undefined && { health: init.health }),
    clock,
    random: init.random ?? seededRandom(3),
    onEvent: (event) => events.push(event),
  });
  return { node, b, events };
}

/** What happened to a remote, in words. */
export function story(events: readonly MeshEvent[]): string[] {
  return events.flatMap((event) => {
    if (event.kind === "remote-connecting") return [`try ${event.target}`];
    if (event.kind === "remote-connected") return [`connected ${event.target}`];
    if (event.kind !== "remote-failed") return [];
    return [`gave up ${event.target} (${event.error.code}) -> ${event.next ?? "nobody"}`];
  });
}
