import type { FlowType } from "../../../../runtime/interface/caps.ts";
import type { Frame, Payload } from "../../../../runtime/interface/frame.ts";
import { defineNode, type NodeContext, type NodeDefinition, type Params } from "../../../../runtime/interface/node.ts";
import type { NodePlan } from "../../../../runtime/interface/plan.ts";
import { mediaDims, type NodeDecl, type Port, type Program, type Signature } from "../program/model.ts";
import {
  formatDifference,
  formatProblem,
  payloadProblem,
  valueProblem,
  type Bindings,
  type Format,
} from "../program/oracle.ts";
import { someValue, type Draw } from "./payloads.ts";

/** A node sends no more than this, so that loops come to rest. */
const mostFrames = 12;

/** Watches everything that arrives anywhere in a run. */
export class Probes {
  /** What was wrong, the first thing first. */
  readonly problems: string[] = [];
  /** The ports that frames have come in by: the name of the use, a dot, the port. */
  readonly reached = new Set<string>();
  frames = 0;
  readonly #nodes: ReadonlyMap<string, NodeDecl>;
  readonly #draw: Draw;
  /** The formats in which streams were sent, by the number that each of their payloads carries. */
  readonly #formats: Format[] = [];

  constructor(program: Program, draw: Draw) {
    this.#nodes = new Map(program.nodes.map((node) => [node.name, node]));
    this.#draw = draw;
  }

  problem(text: string): void {
    this.problems.push(text);
  }

  /** The code of a node: looks at all that comes in and, for each frame, gives one by each output. */
  readonly registry = (plan: NodePlan): NodeDefinition => {
    const decl = this.#nodes.get(plan.node);
    if (decl === undefined) throw new Error(`there is no node ${plan.node}`);
    const sync = decl.inputs.length > 0 && this.#draw() < 0.5;
    return defineNode({ sync, open: (params: Params, context) => this.#open(decl, params, context as NodeContext) });
  };

  #open(decl: NodeDecl, params: Params, context: NodeContext) {
    const bindings: Bindings = { variables: new Map(), params };
    const { inputs, outputs } = context.formats;
    for (const [ports, formats] of [
      [decl.inputs, inputs],
      [decl.outputs, outputs],
    ] as const) {
      for (const port of ports) this.format(`${context.id}.${port.name}`, port, formats[port.name], decl, bindings);
    }
    let sent = 0;
    const send = (): void => {
      for (const { name, type } of decl.outputs) {
        if (sent >= mostFrames) return;
        sent += 1;
        void context.emit(name, this.payload(type, outputs[name]));
      }
    };
    const streams = decl.inputs.filter((port) => port.type.kind !== "signal");
    const look = (frame: Frame, port: string): void => {
      const found = decl.inputs.find((one) => one.name === port);
      if (found === undefined) this.problem(`${context.id} has no input ${port}`);
      else this.arrived(`${context.id}.${port}`, found, frame.payload, inputs[port]);
    };
    const [into, out] = [decl.inputs[0], decl.outputs[0]];
    const sole = decl.inputs.length === 1 && decl.outputs.length === 1 && into !== undefined && out !== undefined;
    if (sole && into.type.kind !== "signal" && out.type.kind !== "signal" && this.#draw() < 0.4) {
      return {
        map: (payload: Payload): Payload => {
          this.arrived(`${context.id}.${into.name}`, into, payload, inputs[into.name]);
          return this.payload(out.type, outputs[out.name]);
        },
      };
    }
    return {
      process(frame: Frame, port: string): void {
        look(frame, port);
        if (streams.length === 0 || streams.some((one) => one.name === port)) send();
      },
      join(frames: Readonly<Record<string, Frame>>): void {
        for (const [port, frame] of Object.entries(frames)) look(frame, port);
        send();
      },
      ...(decl.inputs.length === 0 && {
        async run(): Promise<void> {
          send();
          send();
          // A source that ends could end the session before its inputs are fed.
          await new Promise((resolve) => context.signal.addEventListener("abort", resolve, { once: true }));
        },
      }),
    };
  }

  /** Holds the format that a port was given against its declaration. */
  format(where: string, port: Port, format: FlowType | undefined, signature: Signature, bindings: Bindings): void {
    if (format === undefined) return this.problem(`${where} was given no format`);
    const wrong = formatProblem(port.type, format as Format, signature, bindings);
    if (wrong !== undefined) this.problem(`${where}: ${wrong}`);
  }

  /** A payload for a port; of a stream it carries the format in which it is sent. */
  payload({ kind, ...type }: Port["type"], format: FlowType | undefined): Payload {
    if (kind === "signal") return null;
    if (kind !== "media") return someValue({ kind, ...type } as never, this.#draw);
    if (format === undefined || !("dims" in format)) return new Uint8Array(4);
    const number = this.#formats.push(format as Format) - 1;
    const one = (dim: string): unknown => (format.dims[dim] as readonly unknown[] | undefined)?.[0];
    // Samples come in whole groups of channels.
    const channels = Number(one("channels") ?? 1);
    if (format.kind === "audio" && one("codec") === "pcm_f32") return new Float32Array(channels).fill(number);
    if (format.kind === "audio" && one("codec") === "pcm_s16") return new Int16Array(channels).fill(number);
    return Uint8Array.of(number & 255, number >> 8);
  }

  /** A frame has come in: is it what the port declares, and what it was told to expect? */
  arrived(where: string, { type }: Port, payload: Payload, format: FlowType | undefined): void {
    this.frames += 1;
    this.reached.add(where.slice(where.lastIndexOf("/") + 1));
    if (type.kind === "signal") {
      if (payload !== null) this.problem(`${where}: a pulse that carries ${JSON.stringify(payload)}`);
      return;
    }
    if (type.kind !== "media") {
      const wrong = valueProblem(payload, type);
      if (wrong !== undefined) this.problem(`${where}: ${wrong}`);
      return;
    }
    const told = (format ?? { kind: type.media, dims: {} }) as Format;
    const codec = (told.dims?.[mediaDims[type.media][0] ?? ""] as readonly (string | number)[] | undefined)?.[0];
    const wrong = payloadProblem(payload, type.media, codec);
    if (wrong !== undefined) return this.problem(`${where}: ${wrong}`);
    const bytes = payload as Uint8Array | Int16Array | Float32Array;
    const number = payload instanceof Uint8Array ? (bytes[0] ?? 0) + ((bytes[1] ?? 0) << 8) : (bytes[0] ?? 0);
    const sent = this.#formats[number];
    const difference = sent === undefined ? "nobody has sent it" : formatDifference(sent, told);
    if (difference !== undefined) this.problem(`${where}: came in another format: ${difference}`);
  }
}
