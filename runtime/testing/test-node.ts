import { isMedia } from "../interface/caps.ts";
import type { Clock } from "../interface/clock.ts";
import { MeshError } from "../interface/errors.ts";
import type { MeshEvent } from "../interface/events.ts";
import type { Frame, JsonValue, Payload } from "../interface/frame.ts";
import type { DefinedNode, EmitOptions, LogLevel, NodeDefinition, NodeTypes } from "../interface/node.ts";
import type { PortKinds } from "../interface/ports.ts";
import type { Random } from "../interface/random.ts";
import type { NodeDescription, PipelineSession, SessionEnd } from "../interface/session.ts";
import { pipelineEndpoint } from "../pipeline/endpoint.ts";
import { describeExpected, valueCheck } from "../pipeline/payload-check.ts";
import type { AnyNode, TypedFrame, TypedNode } from "../typed/contract.ts";
import { timelineOf, type Timeline } from "../typed/timeline.ts";
import { Calls } from "./calls.ts";
import { timed, type Fed, type FeedOptions } from "./feed.ts";
import { kindFormats, readFormat, type Format } from "./formats.ts";
import { pipelineName, planOfNode, type NodeSignature } from "./one-node.ts";
import { seededRandom } from "./seeded-random.ts";
import { Sink } from "./sink.ts";
import { turn } from "./turn.ts";
import { virtualClock, type VirtualClock } from "./virtual-clock.ts";

/** The contract of code that is not known to TypeScript. */
export interface AnyContract {
  readonly params: Readonly<Record<string, JsonValue>>;
  readonly inputs: Readonly<Record<string, Payload>>;
  readonly outputs: Readonly<Record<string, Payload>>;
}

/** What the code of a node is given, takes and sends: of `defineNode`, or of the type that a build has written. */
export type ContractOfCode<Code> =
  Code extends DefinedNode<infer C> ? (NodeTypes extends C ? ContractOfTyped<Code> : C) : ContractOfTyped<Code>;
type ContractOfTyped<Code> = Code extends TypedNode<infer C> ? (NodeTypes extends C ? AnyContract : C) : AnyContract;

type PortOf<Ports> = keyof Ports & string;

export interface TestNodeOptions<C extends NodeTypes = AnyContract, Time extends Clock = VirtualClock> {
  /** As a program would give them, defaults filled in. */
  readonly params?: C["params"];
  /** Ports and formats as a program has them; see `signatureOf`. */
  readonly signature?: NodeSignature;
  /** The formats of ports, `audio<pcm_f32, 16kHz, mono>`, on top of `signature` and of what the code declares itself. */
  readonly inputs?: { readonly [Port in PortOf<C["inputs"]>]?: Format };
  readonly outputs?: { readonly [Port in PortOf<C["outputs"]>]?: Format };
  /** A virtual one by default. */
  readonly clock?: Time;
  /** Seeded with 1 by default. */
  readonly random?: Random;
  /** Ends the session of the node. */
  readonly signal?: AbortSignal;
  /** How often the node is opened anew after a failure, as by `with { restart: on_failure, attempts: 3 }`; 0 by default. */
  readonly restarts?: number;
  /** Frames that an output has room for until they are taken; 64 for a source, without end for other nodes. */
  readonly capacity?: number;
}

export interface TestLog {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields?: Readonly<Record<string, JsonValue>>;
}

/** One instance of a node that runs as it does in a pipeline, without one. Leaving its `await using` block closes it. */
export interface TestedNode<
  C extends NodeTypes = AnyContract,
  Time extends Clock = VirtualClock,
> extends AsyncDisposable {
  readonly clock: Time;
  /** What it has logged. */
  readonly logs: readonly TestLog[];
  /** What has happened to it: failures, restarts, calls that did not come back. */
  readonly events: readonly MeshEvent[];
  /** What it has failed with, restarts included. */
  readonly failures: readonly MeshError[];
  /** The figures that it keeps of its work, by name. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Resolves when its session is over, however it ended. */
  readonly closed: Promise<SessionEnd>;
  /**
   * Gives it frames, and resolves once it has worked them off and has come to rest.
   * @throws {MeshError} what it fails with; `invalid-argument` for a payload that the port does not take
   */
  feed<Port extends PortOf<C["inputs"]>>(
    port: Port,
    items: Fed<C["inputs"][Port]>,
    options?: FeedOptions,
  ): Promise<void>;
  /** The same for one frame. */
  send<Port extends PortOf<C["inputs"]>>(port: Port, payload: C["inputs"][Port], options?: EmitOptions): Promise<void>;
  /** All that an output has sent so far. */
  payloads<Port extends PortOf<C["outputs"]>>(port: Port): C["outputs"][Port][];
  /** The same as whole frames, with media time and flags. */
  frames<Port extends PortOf<C["outputs"]>>(port: Port): TypedFrame<C["outputs"][Port]>[];
  /** Waits for the next so many payloads of an output, fewer where it ends. @throws {MeshError} what the node fails with */
  take<Port extends PortOf<C["outputs"]>>(port: Port, count: number): Promise<C["outputs"][Port][]>;
  /** Resolves once all that it was fed is worked off and no call is out. @throws {MeshError} what it has failed with */
  idle(): Promise<void>;
  /** Begins a new epoch, as an interruption does: what waits is dropped. */
  flush(): void;
  /** Asks for a key frame, as who reads the output and cannot decode. @returns false where it is no video, or its code does not take it */
  requestKeyFrame(port: PortOf<C["outputs"]>): boolean;
  /** Ends all inputs, or one, and resolves when the node has ended with the last. @throws {MeshError} what it fails with */
  end(port?: PortOf<C["inputs"]>): Promise<void>;
  /** Ends it now. */
  close(): Promise<void>;
  describe(): NodeDescription;
}

/**
 * Opens a node for a test. It runs in the executor that runs pipelines, so that what holds here holds there: queues,
 * checks of payloads, what is returned, yielded and emitted, epochs, failures.
 * @throws {MeshError} what it fails to open with; `invalid-argument` where the format of a port is not known
 */
export async function testNode<const Code extends AnyNode, Time extends Clock = VirtualClock>(
  code: Code,
  options: TestNodeOptions<ContractOfCode<Code>, Time> = {},
): Promise<TestedNode<ContractOfCode<Code>, Time>> {
  const definition = code as NodeDefinition;
  const signature = signatureFor(definition, options as TestNodeOptions<AnyContract, Clock>);
  const calls = new Calls();
  const logs: TestLog[] = [];
  const events: MeshEvent[] = [];
  const clock = (options.clock ?? virtualClock()) as Time;
  const attempts = options.restarts ?? 0;
  const plan = planOfNode(signature, {
    params: (options.params ?? {}) as Readonly<Record<string, JsonValue>>,
    ...(attempts > 0 && { run: { restart: "on_failure", attempts, worker: false } }),
  });
  const isSource = Object.keys(signature.inputs).length === 0;
  const capacity = options.capacity ?? (isSource ? 64 : Number.POSITIVE_INFINITY);
  const sinks = new Map(
    Object.keys(signature.outputs).map((port) => [
      port,
      new Sink(capacity, (payload) => misfit(signature, "outputs", port, payload)),
    ]),
  );
  const session = await pipelineEndpoint(plan, pipelineName, {
    clock,
    random: options.random ?? seededRandom(),
    log: (level, message, fields = {}) => {
      // The executor adds which node it was.
      const own = Object.fromEntries(Object.entries(fields).filter(([name]) => name !== "node"));
      logs.push({ level, message, ...(Object.keys(own).length > 0 && { fields: own }) });
    },
    env: () => undefined,
    registry: () => calls.watch(definition),
    openRemote: () => {
      throw new MeshError("internal", "A node has no remotes.");
    },
    onEvent: (event) => {
      events.push(event);
      calls.tell();
    },
  }).open({
    params: {},
    inputs: signature.inputs,
    outputs: Object.fromEntries(
      Object.entries(signature.outputs).map(([port, type]) => [port, { type, link: sinks.get(port) as Sink }]),
    ),
    schemas: signature.schemas,
    signal: options.signal ?? new AbortController().signal,
  });
  const tested = new Tested({ session, calls, sinks, signature, clock, logs, events });
  return tested as TestedNode<AnyContract, Clock> as TestedNode<ContractOfCode<Code>, Time>;
}

interface TestedInit {
  readonly session: PipelineSession;
  readonly calls: Calls;
  readonly sinks: ReadonlyMap<string, Sink>;
  readonly signature: NodeSignature;
  readonly clock: Clock;
  readonly logs: readonly TestLog[];
  readonly events: readonly MeshEvent[];
}

class Tested implements TestedNode<AnyContract, Clock> {
  readonly clock: Clock;
  readonly logs: readonly TestLog[];
  readonly events: readonly MeshEvent[];
  readonly closed: Promise<SessionEnd>;
  readonly #init: TestedInit;
  readonly #timelines = new Map<string, Timeline>();
  readonly #written = new Map<string, number>();
  #epoch = 0;
  #over: SessionEnd | undefined;
  #seen = "";

  constructor(init: TestedInit) {
    this.#init = init;
    this.clock = init.clock;
    this.logs = init.logs;
    this.events = init.events;
    this.closed = init.session.closed.then((end) => {
      this.#over = end;
      for (const sink of init.sinks.values()) sink.finish(end.error);
      init.calls.tell();
      return end;
    });
  }

  get failures(): readonly MeshError[] {
    return this.events.flatMap((one) =>
      one.kind === "node-failed" || one.kind === "node-restarting" ? [one.error] : [],
    );
  }

  get metrics(): Readonly<Record<string, number>> {
    return this.describe().metrics ?? {};
  }

  async feed(port: string, items: Fed<Payload>, options: FeedOptions = {}): Promise<void> {
    for await (const [payload, header] of timed(items, options)) await this.#write(port, payload, header);
    await this.idle();
  }

  async send(port: string, payload: Payload, options: EmitOptions = {}): Promise<void> {
    await this.#write(port, payload, options);
    await this.idle();
  }

  payloads(port: string): Payload[] {
    return this.#sink(port).frames.map((frame) => frame.payload);
  }

  frames(port: string): Frame[] {
    // Plain data, so that any test runner finds them equal to what is written down.
    return this.#sink(port).frames.map((frame) => ({ ...frame }));
  }

  async take(port: string, count: number): Promise<Payload[]> {
    const frames = await this.#sink(port).take(count);
    return frames.map((frame) => frame.payload);
  }

  async idle(): Promise<void> {
    const { calls } = this.#init;
    for (;;) {
      await turn();
      if (this.#over?.error !== undefined) throw this.#over.error;
      if (this.#over !== undefined) return;
      const { state } = this.describe();
      // The session of its own is over with it, once all is free.
      if (state === "failed" || state === "ended") await this.closed;
      else if (calls.pending > 0 || state === "opening") await calls.change();
      else if (this.#atRest()) return;
    }
  }

  flush(): void {
    const inputs = Object.values(this.#init.session.inputs);
    if (inputs.length === 0)
      throw new MeshError("invalid-argument", "A source has no input by which an epoch could begin.");
    this.#epoch += 1;
    for (const link of inputs) link.flush?.(this.#epoch);
  }

  requestKeyFrame(port: string): boolean {
    return this.#sink(port).requestKeyFrame();
  }

  async end(port?: string): Promise<void> {
    const { inputs } = this.#init.session;
    if (port !== undefined) {
      this.#input(port).end();
      if (Object.keys(inputs).length > 1) return;
    }
    for (const link of Object.values(inputs)) link.end();
    const { error } = await this.closed;
    if (error !== undefined) throw error;
  }

  async close(): Promise<void> {
    await this.#init.session.close();
    await this.closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  describe(): NodeDescription {
    return this.#init.session.describe().nodes[0] as NodeDescription;
  }

  /** A join keeps what has no match yet, and a full output what does not fit: those are at rest when nothing moves. */
  #atRest(): boolean {
    const { nodes, streams } = this.#init.session.describe();
    const [node] = nodes;
    const queued = streams.reduce((sum, one) => sum + one.queued, 0);
    const before = this.#seen;
    this.#seen = `${node?.frames} ${queued}`;
    const holds =
      this.#init.signature.join !== undefined || [...this.#init.sinks.values()].some((one) => !one.writable);
    return queued === 0 || (holds && this.#seen === before);
  }

  async #write(port: string, payload: Payload, { timestampUs, flags = 0 }: EmitOptions): Promise<void> {
    const link = this.#input(port);
    const timeline = this.#timelines.get(port) ?? timelineOf(this.#init.signature.inputs[port] as never, this.clock);
    this.#timelines.set(port, timeline);
    while (!link.writable) await link.ready();
    const refusal = misfit(this.#init.signature, "inputs", port, payload);
    if (refusal !== undefined) throw new MeshError("invalid-argument", refusal);
    const seq = this.#written.get(port) ?? 0;
    this.#written.set(port, seq + 1);
    link.send({ timestampUs: timeline(payload, timestampUs), seq, epoch: this.#epoch, flags, payload });
  }

  #input(port: string): PipelineSession["inputs"][string] {
    const { inputs } = this.#init.session;
    const found = Object.hasOwn(inputs, port) ? inputs[port] : undefined;
    if (found !== undefined) return found;
    throw unknown("input", port, Object.keys(inputs));
  }

  #sink(port: string): Sink {
    const found = this.#init.sinks.get(port);
    if (found !== undefined) return found;
    throw unknown("output", port, [...this.#init.sinks.keys()]);
  }
}

/** Values are checked as a whole, which a running pipeline, for speed, does only where they come from another peer. */
function misfit(
  { schemas, ...signature }: NodeSignature,
  side: "inputs" | "outputs",
  port: string,
  payload: unknown,
): string | undefined {
  const type = signature[side][port];
  if (type === undefined || isMedia(type) || valueCheck(type, schemas)(payload)) return undefined;
  const given = typeof payload === "object" ? JSON.stringify(payload).slice(0, 200) : String(payload);
  return `\`${port}\` ${side === "inputs" ? "takes" : "sends"} ${describeExpected(type)}, not ${given}.`;
}

function unknown(side: string, port: string, known: readonly string[]): MeshError {
  return new MeshError(
    "invalid-argument",
    `The node has no ${side} \`${port}\`; it has: ${known.join(", ") || "none"}.`,
  );
}

/** The signature of a plan, then what the code declares, then what the test says. */
function signatureFor(
  code: NodeDefinition,
  { signature, inputs, outputs }: TestNodeOptions<AnyContract, Clock>,
): NodeSignature {
  const side = (
    known: NodeSignature["inputs"] | undefined,
    declared: PortKinds | undefined,
    given: Readonly<Record<string, Format | undefined>> | undefined,
  ): NodeSignature["inputs"] => {
    const kinds = Object.entries(known === undefined ? (declared ?? {}) : {});
    const formats = Object.entries(given ?? {}).flatMap(([port, format]) =>
      format === undefined ? [] : [[port, format]],
    );
    return {
      ...known,
      ...Object.fromEntries(kinds.map(([port, { name }]) => [port, readFormat(kindFormats[name])])),
      ...Object.fromEntries(formats.map(([port, format = ""]) => [port, readFormat(format)])),
    };
  };
  const found: NodeSignature = {
    node: signature?.node ?? "subject",
    schemas: signature?.schemas ?? {},
    ...(signature?.join !== undefined && { join: signature.join }),
    ...(signature?.batch === true && { batch: true }),
    inputs: side(signature?.inputs, code.inputs, inputs),
    outputs: side(signature?.outputs, code.outputs, outputs),
  };
  if (Object.keys(found.inputs).length > 0 || Object.keys(found.outputs).length > 0) return found;
  throw new MeshError("invalid-argument", "What the ports of the node carry is not known.", {
    hint: 'Say it, `inputs: { in: "text" }`, or take it from a plan, `signature: signatureOf(plan, "Name")`.',
  });
}
