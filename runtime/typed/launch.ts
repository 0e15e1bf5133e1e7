import { fillCells, isCell, type FlowType } from "../interface/caps.ts";
import { MeshError } from "../interface/errors.ts";
import type { OnEvent } from "../interface/events.ts";
import type { Link } from "../interface/link.ts";
import type { Params } from "../interface/node.ts";
import type { PipelinePlan } from "../interface/plan.ts";
import type { PipelineSession, SessionDescription, SessionEnd } from "../interface/session.ts";
import type { Topology } from "../interface/topology.ts";
import { launchPlan, type Mesh, type MeshPlatform } from "../mesh/launch.ts";
import { TypedInput } from "./input-port.ts";
import { TypedOutput } from "./output-port.ts";
import type { PortSchema, PortSpecs, PortsOf } from "./ports.ts";
import { registryOf, type NodeTable, type Program } from "./program.ts";

/** What every launch of a generated module takes. */
export interface PipelineOptions<Peer extends string = string> {
  /** Gives up while the pipeline starts, and ends it once it runs. */
  readonly signal?: AbortSignal | undefined;
  /** Peers of the program to run in this process too, each listening; none by default. */
  readonly peers?: readonly Peer[] | undefined;
  /** Called with what happens: remotes that connect or fail, sessions, nodes that fail. */
  readonly onEvent?: OnEvent | undefined;
  /** Replaces parts of the platform: environment variables, log, clock, transports. */
  readonly platform?: Partial<MeshPlatform> | undefined;
}

/** A pipeline that runs in this process. Leaving its `await using` block closes it. */
export interface RunningPipeline extends AsyncDisposable {
  /** Resolves when it is over, however it ended; never rejects. `error` is undefined where it ended in good order. */
  readonly closed: Promise<SessionEnd>;
  /** A snapshot of its nodes, remotes and streams; plain data. */
  describe(): SessionDescription;
  /** The same as a part of the mesh, with the peers that run in this process; plain data, which `meshc graph` draws. */
  topology(): Topology;
  /** Ends all inputs: what was written is still worked off, then `closed` resolves. */
  end(): void;
  /** Ends it now; frames in flight are dropped. Resolves when everything it held is free. */
  close(): Promise<void>;
}

/** Options as the functions of generated modules pass them on, where types have checked them already. */
export interface GivenOptions extends PipelineOptions {
  readonly params?: object | undefined;
  readonly nodes?: object | undefined;
}

/**
 * Starts a pipeline of a program, with ports as `specs` describes them.
 * @throws {MeshError} as `launch` and as opening a session do; nothing is left running then
 */
export async function launchTyped<Specs extends PortSpecs>(
  platform: MeshPlatform,
  program: Program,
  key: string,
  options: GivenOptions,
  specs: Specs,
): Promise<RunningPipeline & PortsOf<Specs>> {
  const plan = Object.hasOwn(program.plan.pipelines, key) ? program.plan.pipelines[key] : undefined;
  if (plan === undefined) throw new MeshError("pipeline-not-found", `The plan has no pipeline \`${key}\`.`);
  const own = { ...platform, ...options.platform };
  const mesh = await launchProgram(own, program, options.peers ?? [], options);
  try {
    const outputs = outputsOf(specs);
    const session = await mesh.open(key, {
      params: (options.params ?? {}) as Params,
      inputs: typesOf(plan, plan.inputs),
      outputs: withLinks(typesOf(plan, plan.outputs), outputs),
      schemas: program.plan.schemas,
      signal: options.signal ?? new AbortController().signal,
    });
    return runningPipeline(mesh, session, outputs, specs, own);
  } catch (error) {
    await mesh.close();
    throw error;
  }
}

/**
 * Starts peers of a program: each listens and serves the pipelines that it runs.
 * @throws {MeshError} `address-in-use`, `invalid-argument`; nothing is left running then
 */
export function launchProgram(
  platform: MeshPlatform,
  program: Program,
  peers: readonly string[],
  options: GivenOptions,
): Promise<Mesh> {
  return launchPlan(
    program.plan,
    { ...platform, ...options.platform },
    {
      peers,
      registry: registryOf(program, options.nodes as NodeTable | undefined),
      ...(options.onEvent !== undefined && { onEvent: options.onEvent }),
    },
  );
}

type Outputs = ReadonlyMap<string, TypedOutput<unknown>>;

/** Outputs by the name of the port. */
function outputsOf(specs: PortSpecs): Outputs {
  const outputs = new Map<string, TypedOutput<unknown>>();
  for (const [property, spec] of Object.entries(specs)) {
    if (spec.direction !== "out") continue;
    const name = spec.port ?? property;
    outputs.set(name, new TypedOutput(name, spec.schema));
  }
  return outputs;
}

/** What the pipeline declares, with what may be in its open dimensions. */
function typesOf(plan: PipelinePlan, ports: PipelinePlan["inputs"]): Record<string, FlowType> {
  const cells = plan.cells.map(({ allowed }) => (allowed === null || isCell(allowed) ? undefined : allowed));
  return Object.fromEntries(Object.entries(ports).map(([name, { type }]) => [name, fillCells(type, cells)]));
}

function withLinks(types: Record<string, FlowType>, outputs: Outputs): Record<string, { type: FlowType; link: Link }> {
  return Object.fromEntries(
    [...outputs].flatMap(([name, link]) => {
      const type = Object.hasOwn(types, name) ? types[name] : undefined;
      return type === undefined ? [] : [[name, { type, link }]];
    }),
  );
}

function runningPipeline<Specs extends PortSpecs>(
  mesh: Mesh,
  session: PipelineSession,
  outputs: Outputs,
  specs: Specs,
  { clock }: MeshPlatform,
): RunningPipeline & PortsOf<Specs> {
  const inputs: TypedInput<unknown>[] = [];
  const closed = session.closed.then(async (end) => {
    for (const output of outputs.values()) {
      if (end.error === undefined) output.end();
      else output.abort(end.error);
    }
    // Peers that were started along go on serving others until they are told to stop.
    if (mesh.peers.length === 0) await mesh.close();
    return end;
  });
  const close = async (): Promise<void> => {
    await session.close();
    await mesh.close();
  };
  const running: RunningPipeline = {
    closed,
    describe: () => session.describe(),
    topology: () => mesh.topology(),
    end: () => {
      for (const input of inputs) input.end();
    },
    close,
    [Symbol.asyncDispose]: close,
  };
  for (const [property, spec] of Object.entries(specs)) {
    const name = spec.port ?? property;
    const side = spec.direction === "in" ? "inputs" : "outputs";
    const format = session.formats[side][name];
    const link = session.inputs[name];
    let port: unknown;
    if (spec.direction === "out") {
      const output = outputs.get(name);
      if (format !== undefined) output?.settle({ session, format });
      port = output;
    } else if (format !== undefined && link !== undefined) {
      const schema = spec.schema as PortSchema<unknown, never> | undefined;
      const input = new TypedInput<unknown>({ name, format, link, schema, clock, session: { session, format } });
      inputs.push(input);
      port = input;
    }
    // Not by assignment: a port may be called `__proto__`.
    if (port !== undefined) Object.defineProperty(running, property, { value: port, enumerable: true });
  }
  return running as RunningPipeline & PortsOf<Specs>;
}
