import type { FlowType } from "../../../../runtime/interface/caps.ts";
import { MeshError } from "../../../../runtime/interface/errors.ts";
import type { Frame } from "../../../../runtime/interface/frame.ts";
import type { Link } from "../../../../runtime/interface/link.ts";
import type { Params } from "../../../../runtime/interface/node.ts";
import type { Plan, PipelinePlan } from "../../../../runtime/interface/plan.ts";
import type { PipelineSession } from "../../../../runtime/interface/session.ts";
import type { Transport } from "../../../../runtime/interface/transport.ts";
import { launchPlan } from "../../../../runtime/mesh/launch.ts";
import { servePeer } from "../../../../runtime/mesh/serving.ts";
import { shareRuns } from "../../../../runtime/mesh/shared-runs.ts";
import { memoryNetwork } from "../../../../runtime/transports/memory/network.ts";
import { virtualClock } from "../../../runtime/remote/support/virtual-clock.ts";
import { seededRandom } from "../../../support/real-clock.ts";
import type { PipelineDecl, Program } from "../program/model.ts";
import { mayStandStill, mustArrive } from "./liveness.ts";
import type { Draw } from "./payloads.ts";
import { Probes } from "./probes.ts";
import * as calls from "../../../../runtime/remote/calls.ts";
export interface RunResult {
  /** What a frame or a format did not hold; empty for a sound run. */
  readonly problems: readonly string[];
  /** Why no session could be had. */
  readonly refused: MeshError | undefined;
  readonly frames: number;
  /** Ports that frames had to come in by, and did. */
  readonly expected: number;
}

/** Turns that nothing may happen in before a run counts as at rest. */
const restTurns = 3;

/** Runs the last pipeline of a program with all its peers in this process, feeds it, and watches every input. */
export async function runProgram(program: Program, plan: Plan, draw: Draw, wide: boolean): Promise<RunResult> {
  const decl = program.pipelines.at(-1) as PipelineDecl;
  const pipeline = plan.pipelines[decl.name] as PipelinePlan;
  const probes = new Probes(program, draw);
  const clock = virtualClock();
  const mesh = await launchPlan(
    plan,
    {
      clock,
      random: seededRandom(1),
      log: () => undefined,
      env: () => undefined,
      transports: [onMemory(clock)],
      calls: async () => calls,
      serve: servePeer,
      share: async () => shareRuns,
    },
    { registry: probes.registry },
  );
  try {
    const offer = offers(pipeline, draw, wide);
    const { links, ended, flush } = collectors(decl, probes, () => session);
    let session: PipelineSession | undefined;
    try {
      session = await clock.until(
        mesh.open(decl.name, {
          params: offer.params,
          inputs: offer.inputs,
          outputs: Object.fromEntries(
            Object.entries(offer.outputs).map(([port, type]) => [port, { type, link: links[port] as Link }]),
          ),
          schemas: plan.schemas,
          signal: new AbortController().signal,
        }),
      );
    } catch (error) {
      return { problems: probes.problems, refused: MeshError.from(error), frames: probes.frames, expected: 0 };
    }
    for (const port of decl.inputs) {
      probes.format(port.name, port, session.formats.inputs[port.name], decl, {
        variables: new Map(),
        params: offer.params,
      });
    }
    flush();
    for (const port of decl.outputs) {
      probes.format(port.name, port, session.formats.outputs[port.name], decl, {
        variables: new Map(),
        params: offer.params,
      });
    }
    const { error, fed } = await feed(decl, session, probes, clock.settle);
    if (error !== undefined) probes.problem(`the session failed: ${error.message}`);
    // A flush drops what is behind its target, beyond the pipeline that it stands in.
    const flushed = program.pipelines.some(({ flushes }) => flushes > 0);
    const { inside, outputs } =
      flushed || mayStandStill(program) ? { inside: new Set<string>(), outputs: new Set<string>() } : mustArrive(decl);
    // A session ends with its outputs. That may be before it has been given anything; behind a remote, before a source, which
    // ends by itself never, has begun.
    const hasSources = program.nodes.some(({ inputs }) => inputs.length === 0);
    const isRemote = program.pipelines.some(({ uses }) => uses.some(({ of }) => of.kind === "interface"));
    if (!fed || (hasSources && isRemote)) inside.clear();
    for (const place of inside) if (!probes.reached.has(place)) probes.problem(`nothing came to ${place}`);
    for (const port of outputs) if (!ended.has(port)) probes.problem(`nothing came out of ${port}`);
    return {
      problems: probes.problems,
      refused: undefined,
      frames: probes.frames,
      expected: inside.size + outputs.size,
    };
  } finally {
    await clock.until(mesh.close());
  }
}

/** The addresses of the programs are of WebRTC; here they lead through memory. */
function onMemory(clock: Parameters<typeof memoryNetwork>[0]["clock"]): Transport {
  const network = memoryNetwork({ clock });
  const memory = network.transport("all");
  const inMemory = (uri: string): string => uri.replace("webrtc://127.0.0.1:", "memory://p");
  return {
    scheme: "webrtc",
    dial: (uri, options) => memory.dial(inMemory(uri), options),
    listen: async (uri, accept) => ({ ...(await memory.listen(inMemory(uri), accept)), address: uri }),
  };
}

type Offer = {
  readonly params: Params;
  readonly inputs: Record<string, FlowType>;
  readonly outputs: Record<string, FlowType>;
};
type Alternatives = Exclude<PipelinePlan["cells"][number]["allowed"], null | { cell: number }>;

/**
 * What the caller of the pipeline asks for: all that the plan leaves open or, not `wide`, one value for each dimension,
 * the same at all ports that share it.
 */
function offers(pipeline: PipelinePlan, draw: Draw, wide: boolean): Offer {
  const params: Record<string, Params[string]> = {};
  const chosen = pipeline.cells.map(({ allowed, params: fixing = [] }): Alternatives | undefined => {
    const all = allowed === null || "cell" in allowed ? undefined : allowed;
    if (fixing.length === 0) return wide || all === undefined ? all : [oneOf(all, draw)];
    const defaults = fixing.flatMap((param): Alternatives[number][] => {
      const declared = pipeline.params.find(({ name }) => name === param)?.default;
      return declared !== undefined && "literal" in declared ? [declared.literal as Alternatives[number]] : [];
    });
    const [value] = defaults.length > 0 ? defaults : all === undefined ? [] : [oneOf(all, draw)];
    if (value === undefined) return undefined;
    for (const param of fixing) if (!hasDefault(pipeline, param)) params[param] = value as Params[string];
    return [value];
  });
  for (const { name, type, default: fallback } of pipeline.params) {
    if (fallback !== undefined || params[name] !== undefined) continue;
    params[name] = plainValue(type);
  }
  const filled = (ports: PipelinePlan["inputs"]): Record<string, FlowType> =>
    Object.fromEntries(
      Object.entries(ports).map(([port, { type }]) => {
        if (!("dims" in type)) return [port, type];
        const dims = Object.entries(type.dims).flatMap(([dim, values]) => {
          const known = "cell" in values ? chosen[values.cell] : values;
          return known === undefined ? [] : [[dim, known]];
        });
        return [port, { kind: type.kind, dims: Object.fromEntries(dims) }];
      }),
    );
  return { params, inputs: filled(pipeline.inputs), outputs: filled(pipeline.outputs) };
}

/** A value, or an end of a range. */
function oneOf(all: Alternatives, draw: Draw): Alternatives[number] {
  const found = all[Math.floor(draw() * all.length)] as Alternatives[number];
  if (typeof found !== "object" || "width" in found) return found;
  const { min, max } = found;
  return (draw() < 0.5 ? (min ?? max) : (max ?? min)) ?? found;
}

/** A parameter without a default that fixes no format. */
function plainValue(type: FlowType): Params[string] {
  if (type.kind !== "scalar") return null;
  if (type.between !== undefined) return (type.between.min ?? type.between.max ?? null) as Params[string];
  if (type.name === "text") return "opus";
  if (type.name === "resolution") return { width: 640, height: 480 };
  return type.min ?? type.max ?? 1;
}

/** The caller's ends of the outputs, and which of them got something. */
function collectors(decl: PipelineDecl, probes: Probes, session: () => PipelineSession | undefined) {
  const ended = new Set<string>();
  /** What came before the caller knew in which format. */
  const early: (() => void)[] = [];
  const links = Object.fromEntries(
    decl.outputs.map((port): [string, Link] => {
      const look = (frame: Frame): void => {
        ended.add(port.name);
        probes.arrived(port.name, port, frame.payload, session()?.formats.outputs[port.name]);
      };
      return [
        port.name,
        {
          writable: true,
          ready: () => Promise.resolve(),
          send: (frame) => {
            if (session() === undefined) early.push(() => look(frame));
            else look(frame);
          },
          end: () => undefined,
          abort: () => undefined,
        },
      ];
    }),
  );
  const flush = (): void => {
    for (const one of early.splice(0)) one();
  };
  return { links, ended, flush };
}

interface Fed {
  readonly error: MeshError | undefined;
  /** Everything could be given to it. */
  readonly fed: boolean;
}

/** Feeds every input and waits until all is at rest. */
async function feed(
  decl: PipelineDecl,
  session: PipelineSession,
  probes: Probes,
  settle: () => Promise<void>,
): Promise<Fed> {
  let end: { readonly error: MeshError | undefined } | undefined;
  void session.closed.then((how) => (end = how));
  const ended = (): typeof end => end;
  const rest = async (until: () => boolean): Promise<void> => {
    for (let still = 0, seen = -1; still < restTurns && !until(); still = probes.frames === seen ? still + 1 : 0) {
      seen = probes.frames;
      await settle();
    }
  };
  // One that is over already says so in the next microtask.
  await Promise.resolve();
  try {
    for (let seq = 0; seq < 2; seq += 1) {
      for (const port of decl.inputs) {
        const link = session.inputs[port.name];
        if (link === undefined || ended() !== undefined) continue;
        await rest(() => link.writable || ended() !== undefined);
        // A join may wait for what never comes, and hold its other inputs.
        if (!link.writable) continue;
        const payload = probes.payload(port.type, session.formats.inputs[port.name]);
        link.send({ timestampUs: seq * 20_000, seq, epoch: 0, flags: 0, payload });
      }
    }
  } catch (error) {
    await settle();
    // A session whose outputs have all ended takes no more; that is no failure.
    const how = ended();
    return { error: how === undefined ? MeshError.from(error) : how.error, fed: false };
  }
  const fed = ended() === undefined;
  for (const port of decl.inputs) session.inputs[port.name]?.end();
  await rest(() => ended() !== undefined);
  return { error: ended()?.error, fed };
}

function hasDefault(pipeline: PipelinePlan, param: string): boolean {
  return pipeline.params.some(({ name, default: fallback }) => name === param && fallback !== undefined);
}
