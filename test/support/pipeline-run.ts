import { readFileSync } from "node:fs";
import { compile } from "../../compiler/compile.ts";
import { memoryHost } from "../../compiler/host/memory.ts";
import { MeshError } from "../../runtime/interface/errors.ts";
import type { MeshEvent } from "../../runtime/interface/events.ts";
import type { Frame, Payload } from "../../runtime/interface/frame.ts";
import type { Link } from "../../runtime/interface/link.ts";
import type { NodeDefinition } from "../../runtime/interface/node.ts";
import type { Plan } from "../../runtime/interface/plan.ts";
import type { PipelineSession } from "../../runtime/interface/session.ts";
import type { PipelineDeps } from "../../runtime/pipeline/deps.ts";
import { realClock, seededRandom } from "./real-clock.ts";

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

/** Compiles a program that must be right. */
export function planOf(text: string): Plan {
  const standard = { "std/audio": read("stdlib/audio/audio.mesh"), "std/speech": read("stdlib/speech/speech.mesh") };
  const result = compile("main.mesh", memoryHost({ "main.mesh": text }, standard), { compilerVersion: "test" });
  if (result.plan === undefined)
    throw new Error(result.diagnostics.map((one) => `${one.code} ${one.message}`).join("\n"));
  return result.plan;
}

/** Dependencies for a session with these nodes, and the events that happen in it. */
export function depsOf(
  nodes: Readonly<Record<string, NodeDefinition>>,
): PipelineDeps & { readonly events: MeshEvent[] } {
  const events: MeshEvent[] = [];
  return {
    clock: realClock,
    random: seededRandom(1),
    log: () => undefined,
    env: () => undefined,
    registry: (node) => {
      const found = nodes[node.node];
      if (found === undefined) throw new MeshError("invalid-argument", `There is no code for \`${node.node}\`.`);
      return found;
    },
    openRemote: () => {
      throw new Error("this test has no remotes");
    },
    onEvent: (event) => events.push(event),
    events,
  };
}

/** A link that keeps what it gets. */
export function collector(capacityFrames = 1_000): {
  readonly link: Link;
  readonly frames: Frame[];
  readonly payloads: Payload[];
} {
  const frames: Frame[] = [];
  const payloads: Payload[] = [];
  const link: Link = {
    get writable() {
      return frames.length < capacityFrames;
    },
    ready: () => (frames.length < capacityFrames ? Promise.resolve() : new Promise(() => undefined)),
    send(frame) {
      frames.push(frame);
      payloads.push(frame.payload);
    },
    end: () => undefined,
    abort: () => undefined,
  };
  return { link, frames, payloads };
}

/** Writes payloads with back-pressure, then ends. */
export async function feed(session: PipelineSession, port: string, payloads: Iterable<Payload>): Promise<void> {
  const link = session.inputs[port] as Link;
  let seq = 0;
  for (const payload of payloads) {
    if (!link.writable) await link.ready();
    link.send({ timestampUs: seq * 20_000, seq, epoch: 0, flags: 0, payload });
    seq += 1;
  }
  link.end();
}
