import type { MeshEvent } from "../../runtime/interface/events.ts";
import type { Frame, Payload } from "../../runtime/interface/frame.ts";
import type { Link } from "../../runtime/interface/link.ts";
import type { NodeDefinition } from "../../runtime/interface/node.ts";
import type { Plan } from "../../runtime/interface/plan.ts";
import type { PipelineSession, SessionRequest } from "../../runtime/interface/session.ts";
import type { Transport } from "../../runtime/interface/transport.ts";
import { launchPlan, type LaunchOptions, type Mesh } from "../../runtime/mesh/launch.ts";
import { servePeer } from "../../runtime/mesh/serving.ts";
import { shareRuns } from "../../runtime/mesh/shared-runs.ts";
import { memoryNetwork } from "../../runtime/transports/memory/network.ts";
import { virtualClock, type VirtualClock } from "../runtime/remote/support/virtual-clock.ts";
import { depsOf, planOf } from "./pipeline-run.ts";
import { seededRandom } from "./real-clock.ts";
import * as calls from "../../runtime/remote/calls.ts";

/** A link that keeps what it gets, and how it ended. */
export interface Collected extends Link {
  readonly frames: readonly Frame[];
  readonly payloads: readonly Payload[];
  readonly ended: boolean;
  readonly epochs: readonly number[];
}

export function collected(): Collected {
  const frames: Frame[] = [];
  const epochs: number[] = [];
  let ended = false;
  return {
    frames,
    epochs,
    get payloads() {
      return frames.map((frame) => frame.payload);
    },
    get ended() {
      return ended;
    },
    writable: true,
    ready: () => Promise.resolve(),
    send: (frame) => void frames.push(frame),
    flush: (epoch) => void epochs.push(epoch),
    end: () => void (ended = true),
    abort: () => undefined,
  };
}

export interface OpenCall {
  readonly session: PipelineSession;
  readonly outputs: Readonly<Record<string, Collected>>;
  send(port: string, ...payloads: Payload[]): Promise<void>;
  end(...ports: string[]): void;
}

export interface MeshRun {
  readonly clock: VirtualClock;
  readonly mesh: Mesh;
  readonly plan: Plan;
  readonly events: readonly MeshEvent[];
  readonly warnings: readonly string[];
  /** @param change what the caller asks for otherwise; by default it feeds and takes all ports, as they are declared */
  open(pipeline: string, change?: Partial<SessionRequest>): Promise<OpenCall>;
}

/** Every address of WebRTC leads through memory. */
export function onMemory(clock: VirtualClock): Transport {
  const network = memoryNetwork({ clock });
  const memory = network.transport("all");
  const inMemory = (uri: string): string => uri.replace("webrtc://127.0.0.1:", "memory://p");
  return {
    scheme: "webrtc",
    dial: (uri, options) => memory.dial(inMemory(uri), options),
    listen: async (uri, accept) => ({ ...(await memory.listen(inMemory(uri), accept)), address: uri }),
  };
}

/** Compiles a program and launches all its peers in this process, by a clock that moves only when it is told. */
export async function meshRun(
  text: string,
  nodes: Readonly<Record<string, NodeDefinition>>,
  options: Pick<LaunchOptions, "watchdog" | "checks"> = {},
  through: (transport: Transport, clock: VirtualClock) => Transport = (transport) => transport,
): Promise<MeshRun> {
  const clock = virtualClock();
  const plan = planOf(text);
  const warnings: string[] = [];
  const events: MeshEvent[] = [];
  const { registry } = depsOf(nodes);
  const mesh = await launchPlan(
    plan,
    {
      clock,
      random: seededRandom(1),
      log: (level, message) => level === "warn" && warnings.push(message),
      env: () => undefined,
      transports: [through(onMemory(clock), clock)],
      calls: async () => calls,
      serve: servePeer,
      share: async () => shareRuns,
    },
    { ...options, registry, onEvent: (event) => events.push(event) },
  );
  return {
    clock,
    mesh,
    plan,
    events,
    warnings,
    async open(name, change) {
      const pipeline = plan.pipelines[name];
      if (pipeline === undefined) throw new Error(`no pipeline ${name}`);
      const outputs = Object.fromEntries(Object.keys(pipeline.outputs).map((port) => [port, collected()]));
      const session = await clock.until(
        mesh.open(name, {
          params: {},
          inputs: Object.fromEntries(Object.entries(pipeline.inputs).map(([port, { type }]) => [port, type])),
          outputs: Object.fromEntries(
            Object.entries(pipeline.outputs).map(([port, { type }]) => [
              port,
              { type, link: outputs[port] as Collected },
            ]),
          ),
          schemas: plan.schemas,
          signal: new AbortController().signal,
          ...change,
        }),
      );
      const link = (port: string): Link => {
        const found = session.inputs[port];
        if (found === undefined) throw new Error(`no input ${port}`);
        return found;
      };
      let seq = 0;
      return {
        session,
        outputs,
        async send(port, ...payloads) {
          for (const payload of payloads) {
            // Where no timer is set, it is for the test to make room.
            while (!link(port).writable) {
              const ready = link(port).ready();
              await (clock.pending > 0 ? clock.until(ready) : ready);
            }
            link(port).send({ timestampUs: seq * 20_000, seq, epoch: 0, flags: 0, payload });
            seq += 1;
          }
        },
        end(...ports) {
          for (const port of ports) link(port).end();
        },
      };
    },
  };
}
