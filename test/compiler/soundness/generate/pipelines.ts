import type {
  Argument,
  Arrow,
  Dim,
  End,
  Hop,
  NodeDecl,
  PipelineDecl,
  Port,
  PortType,
  Step,
  Use,
} from "../program/model.ts";
import type { Tape } from "../program/tape.ts";
import type { DataScope } from "./data.ts";
import { isKin, matchFor, needsName, producerOf, resolvedType } from "./fitting.ts";
import { consumerOf, signal, someNode, someType } from "./nodes.ts";
import { argumentFor, resolved } from "./resolve.ts";
import { someDim } from "./types.ts";

/** An output that something may be linked to. */
interface Source {
  readonly end: End;
  /** What is known of its type where it stands. */
  readonly type: PortType;
}

export interface PipelineOptions {
  readonly name: string;
  readonly most: number;
  /** Pipelines that may stand in this one. */
  readonly inner: readonly PipelineDecl[];
  /** Makes the declaration of a remote, and its targets. */
  readonly remote: (() => Use | undefined) | undefined;
}

const linkOptions = ["buffer: 1", "buffer: 8, overflow: drop_oldest", "delivery: reliable", "delivery: live"];

export function somePipeline(tape: Tape, scope: DataScope, options: PipelineOptions): PipelineDecl {
  return new PipelineMaker(tape, scope, options).make();
}

class PipelineMaker {
  readonly #tape: Tape;
  readonly #scope: DataScope;
  readonly #options: PipelineOptions;
  readonly #made: PipelineDecl;
  readonly #sources: Source[] = [];
  readonly #signals: Source[] = [];

  constructor(tape: Tape, scope: DataScope, options: PipelineOptions) {
    this.#tape = tape;
    this.#scope = scope;
    this.#options = options;
    const { name } = options;
    this.#made = {
      kind: "pipeline",
      name,
      file: scope.file,
      params: [],
      inputs: [],
      outputs: [],
      uses: [],
      flows: [],
      links: [],
      flushes: 0,
    };
  }

  make(): PipelineDecl {
    const tape = this.#tape;
    const inputs = tape.weighted({ one: 6, two: 3, none: 1 });
    const count = inputs === "none" ? 0 : inputs === "one" ? 1 : 2;
    for (let index = 0; index < count; index += 1) this.#input(`a${index}`, someType(tape, this.#scope));
    if (count === 0) this.#source();
    if (tape.chance(12)) this.#input("tick", signal);
    const steps = tape.between(1, this.#options.most);
    for (let step = 0; step < steps; step += 1) this.#step();
    this.#closeLoop();
    this.#flush();
    const outputs = tape.weighted({ one: 5, two: 3 }) === "one" ? 1 : 2;
    for (let index = 0; index < outputs; index += 1) this.#output(`b${index}`);
    return this.#made;
  }

  #input(name: string, type: PortType): void {
    const port: Port = { name, type, optional: false };
    this.#made.inputs.push(port);
    (type.kind === "signal" ? this.#signals : this.#sources).push({ end: { use: undefined, port }, type });
  }

  #output(name: string): void {
    const tape = this.#tape;
    const source = tape.chance(8) && this.#signals.length > 0 ? tape.choose(this.#signals) : this.#last();
    const type = tape.chance(45)
      ? resolvedType(source.type)
      : consumerOf(tape, this.#scope, resolvedType(source.type), undefined);
    const port: Port = { name, type, optional: false };
    this.#made.outputs.push(port);
    this.#connect([source], { use: undefined, port });
  }

  /** One of the sources, more often one of the latest. */
  #last(): Source {
    const { length } = this.#sources;
    const back = Math.min(this.#tape.weighted({ "0": 5, "1": 3, "2": 2, "3": 1 }) as unknown as number, length - 1);
    const found = this.#sources[length - 1 - Number(back)];
    if (found === undefined) throw new RangeError("a pipeline without sources");
    return found;
  }

  #step(): void {
    const tape = this.#tape;
    const { inner, remote } = this.#options;
    const what = tape.weighted({
      node: 10,
      again: 3,
      inline: 2,
      pipeline: inner.length > 0 ? 4 : 0,
      adapted: 8,
      remote: remote === undefined ? 0 : 10,
      any: 2,
      route: 2,
      merge: 2,
      source: 1,
    });
    if (what === "node") this.#node();
    else if (what === "again") this.#again();
    else if (what === "inline") this.#inline();
    else if (what === "adapted") this.#adapted();
    else if (what === "pipeline") this.#into(this.#use("let", tape.choose(inner)));
    else if (what === "remote") {
      const use = remote?.();
      if (use === undefined) return this.#node();
      this.#made.uses.push(use);
      this.#into(use);
    } else if (what === "any") this.#any();
    else if (what === "route") this.#route();
    else if (what === "merge") this.#merge();
    else this.#source();
  }

  #use(kind: Use["kind"], of: Use["of"]): Use {
    const args: Record<string, Argument> = {};
    for (const param of of.params) {
      const given = argumentFor(this.#tape, param, this.#made, of);
      if (given !== undefined) args[param.name] = given;
    }
    const id = kind === "inline" ? of.name : `n${this.#scope.next()}`;
    const use: Use = { kind, id, of, args, targets: [] };
    this.#made.uses.push(use);
    return use;
  }

  #declare(sources: readonly PortType[]): NodeDecl {
    const file = this.#tape.chance(25) ? "types.mesh" : "main.mesh";
    const node = someNode(this.#tape, { ...this.#scope, file }, sources);
    this.#scope.program.nodes.push(node);
    return node;
  }

  #source(): void {
    const node = this.#declare([]);
    node.inputs.length = 0;
    if (node.outputs.every((port) => port.type.kind === "signal")) return;
    this.#publish(this.#use("let", node), new Map());
  }

  #node(): void {
    const tape = this.#tape;
    const first = this.#last();
    const sources = tape.chance(25) ? [first, this.#last()] : [first];
    const node = this.#declare(sources.map((one) => resolvedType(one.type)));
    const use = this.#use("let", node);
    sources.forEach((source, index) => {
      const port = node.inputs[index];
      if (port !== undefined) this.#connect([source], { use, port });
    });
    this.#rest(use, node.inputs.slice(sources.length));
    this.#publish(use, this.#bindings(use, sources));
  }

  /** What else the use needs, or may have. */
  #rest(use: Use, ports: readonly Port[]): void {
    for (const port of ports) {
      if (port.type.kind === "signal") {
        if (this.#signals.length > 0 && this.#tape.chance(70))
          this.#connect([this.#tape.choose(this.#signals)], { use, port });
      } else if (!port.optional || this.#tape.chance(40)) {
        const kin = this.#sources.filter((one) => isKin(one.type, port.type));
        if (kin.length > 0 || !port.optional)
          this.#connect([kin.length > 0 ? this.#tape.choose(kin) : this.#last()], { use, port });
      }
    }
  }

  /** A declaration that is there already. */
  #again(): void {
    const known = this.#scope.program.nodes.filter(
      (one) => one.converts === undefined && one.inputs.some((port) => port.type.kind !== "signal" && !port.optional),
    );
    if (known.length === 0) this.#node();
    else this.#into(this.#use("let", this.#tape.choose(known)));
  }

  /** A node that takes what a converter gives, behind `~>` from what the converter takes. */
  #adapted(): void {
    const tape = this.#tape;
    const found = this.#scope.program.nodes.flatMap((converter) => {
      const [into, out] = [converter.inputs[0], converter.outputs[0]];
      if (converter.converts === undefined || into === undefined || out === undefined) return [];
      return [{ converter, into, out }];
    });
    if (found.length === 0) return this.#node();
    const { into, out } = tape.choose(found);
    const known = this.#sources.filter((one) => isKin(one.type, into.type));
    const source = known.length > 0 && tape.chance(60) ? tape.choose(known) : this.#feeder(into);
    const kept = source.type.kind === "media" && out.type.kind === "media" ? { ...source.type.dims } : {};
    const wanted = resolvedType(out.type);
    const like: PortType = wanted.kind === "media" ? { ...wanted, dims: { ...kept, ...wanted.dims } } : wanted;
    const fixes =
      out.type.kind === "media" ? Object.entries(out.type.dims).filter(([, dim]) => dim.kind === "parameter") : [];
    const dims: Record<string, Dim> = like.kind === "media" ? { ...like.dims } : {};
    for (const [dim] of fixes) if (like.kind === "media") dims[dim] = someDim(tape, like.media, dim);
    const node = this.#declare([like.kind === "media" ? { ...like, dims } : like]);
    const use = this.#use("let", node);
    const [port] = node.inputs;
    if (port === undefined) return;
    this.#connect([source], { use, port }, true, { adapt: true });
    this.#rest(use, node.inputs.slice(1));
    this.#publish(use, new Map([[port, resolvedType(port.type)]]));
  }

  /** Feeds all that the use needs from sources that may fit. */
  #into(use: Use): void {
    const fed: Source[] = [];
    const rest: Port[] = [];
    for (const port of use.of.inputs) {
      if (port.type.kind === "signal" || port.optional) {
        rest.push(port);
        continue;
      }
      const kin = this.#sources.filter((one) => isKin(one.type, port.type));
      const source =
        kin.length > 0 && !this.#tape.chance(55)
          ? (kin.at(-1 - this.#tape.below(Math.min(2, kin.length))) ?? this.#last())
          : this.#feeder(port);
      fed.push(source);
      this.#connect([source], { use, port });
    }
    this.#rest(use, rest);
    this.#publish(use, this.#bindings(use, fed));
  }

  /** A new node that gives what a port takes. */
  #feeder(port: Port): Source {
    const give: Port = {
      name: "out",
      type: producerOf(this.#tape, this.#scope, resolvedType(port.type)),
      optional: false,
    };
    const node: NodeDecl = {
      kind: "node",
      name: `Node${this.#scope.next()}`,
      file: this.#scope.file,
      variables: [],
      params: [],
      inputs: [],
      outputs: [give],
    };
    this.#scope.program.nodes.push(node);
    const use = this.#use("let", node);
    const source = { end: { use, port: give }, type: give.type };
    this.#sources.push(source);
    return source;
  }

  #bindings(use: Use, sources: readonly Source[]): Map<Port, PortType> {
    const ports = use.of.inputs.filter((port) => port.type.kind !== "signal" && !port.optional);
    return new Map(
      ports.flatMap((port, index): [Port, PortType][] => {
        const source = sources[index];
        return source === undefined ? [] : [[port, source.type]];
      }),
    );
  }

  #publish(use: Use, fed: ReadonlyMap<Port, PortType>): void {
    for (const port of use.of.outputs) {
      const source = { end: { use, port }, type: resolved(use, port.type, fed) };
      (port.type.kind === "signal" ? this.#signals : this.#sources).push(source);
    }
  }

  #arrow(): Arrow {
    return { adapt: this.#tape.chance(35) };
  }

  #endStep(end: End): Step {
    return { kind: "end", end, named: end.use !== undefined && needsName(end, this.#made) };
  }

  /** One arrow from the sources, merged where there are several. */
  #connect(sources: readonly Source[], to: End, always = true, arrow = this.#arrow()): void {
    const [first] = sources;
    if (first === undefined) return;
    for (const { end } of sources) this.#made.links.push({ from: end, to, arrow, always });
    const source: Step =
      sources.length === 1
        ? this.#endStep(first.end)
        : { kind: "group", branches: sources.map(({ end }) => ({ source: this.#endStep(end), hops: [] })) };
    const options = this.#tape.chance(8) ? this.#tape.choose(linkOptions) : undefined;
    this.#made.flows.push({
      source,
      hops: [{ arrow, step: this.#endStep(to), ...(options !== undefined && { options }) }],
    });
  }

  /** `a -> Node() -> b`, `b` being another node that takes what it gives. */
  #inline(): void {
    const source = this.#last();
    const node = this.#declare([resolvedType(source.type)]);
    node.inputs.splice(1);
    node.outputs.splice(1);
    delete node.join;
    const use = this.#use("inline", node);
    const [into, out] = [node.inputs[0], node.outputs[0]];
    if (into === undefined || out === undefined || out.type.kind === "signal" || into.type.kind === "signal") {
      this.#made.uses.pop();
      return;
    }
    const type = resolved(use, out.type, new Map([[into, source.type]]));
    const next = this.#declare([resolvedType(type)]);
    const target = this.#use("let", next);
    const [port] = next.inputs;
    if (port === undefined) return;
    const arrows = [this.#arrow(), this.#arrow()] as const;
    const ends = [
      { use, port: into },
      { use, port: out },
      { use: target, port },
    ] as const;
    this.#made.links.push({ from: source.end, to: ends[0], arrow: arrows[0], always: true });
    this.#made.links.push({ from: ends[1], to: ends[2], arrow: arrows[1], always: true });
    this.#made.flows.push({
      source: this.#endStep(source.end),
      hops: [
        { arrow: arrows[0], step: { kind: "end", end: ends[0], named: false } },
        { arrow: arrows[1], step: this.#endStep(ends[2]) },
      ],
    });
    this.#rest(target, next.inputs.slice(1));
    this.#publish(target, new Map([[port, type]]));
  }

  /** Two nodes that take the same. */
  #two(source: Source): [Use, Use] {
    const types = [resolvedType(source.type)];
    const make = (): Use => {
      const node = this.#declare(types);
      node.inputs.splice(1);
      delete node.join;
      return this.#use("let", node);
    };
    return [make(), make()];
  }

  #any(): void {
    const source = this.#last();
    const uses = this.#two(source);
    const arrow = this.#arrow();
    const branches = uses.map((use) => {
      const port = use.of.inputs[0] as Port;
      this.#made.links.push({ from: source.end, to: { use, port }, arrow, always: false });
      return { source: this.#endStep({ use, port }), hops: [] };
    });
    const policy = this.#tape.choose(["round_robin", "fastest", "least_loaded", "adaptive"]);
    this.#made.flows.push({
      source: this.#endStep(source.end),
      hops: [{ arrow, step: { kind: "any", policy, branches } }],
    });
    for (const use of uses) this.#publish(use, this.#bindings(use, [source]));
  }

  #route(): void {
    const found = this.#sources.flatMap((source) => {
      const fields = source.type.kind === "record" ? source.type.fields : [];
      return fields.flatMap(({ name, type }) => {
        const match = matchFor(type);
        return match === undefined ? [] : [{ source, name, match }];
      });
    });
    if (found.length === 0) return this.#node();
    const { source, name, match } = this.#tape.choose(found);
    const uses = this.#two(source);
    const outer = { adapt: false };
    const cases = uses.map((use, index) => {
      const port = use.of.inputs[0] as Port;
      const arrow = this.#arrow();
      this.#made.links.push({ from: source.end, to: { use, port }, arrow, always: false });
      const hops: Hop[] = [{ arrow, step: this.#endStep({ use, port }) }];
      return { match: index === 0 ? match : "else", hops };
    });
    this.#made.flows.push({
      source: this.#endStep(source.end),
      hops: [{ arrow: outer, step: { kind: "route", field: name, cases } }],
    });
    for (const use of uses) this.#publish(use, this.#bindings(use, [source]));
  }

  #merge(): void {
    const first = this.#last();
    const kin = this.#sources.filter((one) => one !== first && isKin(one.type, first.type));
    if (kin.length === 0) return this.#node();
    const second = this.#tape.choose(kin);
    const node = this.#declare([resolvedType(first.type)]);
    const use = this.#use("let", node);
    const [port] = node.inputs;
    if (port === undefined) return;
    this.#connect([first, second], { use, port });
    this.#rest(use, node.inputs.slice(1));
    this.#publish(use, this.#bindings(use, [first]));
  }

  /** What a node gives, back to an optional input of an earlier one that is marked `delays`. */
  #closeLoop(): void {
    if (!this.#tape.chance(8)) return;
    const linked = new Set(this.#made.links.map(({ to }) => to.port));
    for (const use of this.#made.uses) {
      const port = use.of.inputs.find((one) => one.optional && !linked.has(one));
      if (port === undefined || use.of.kind !== "node" || use.kind !== "let") continue;
      const last = this.#sources.findLast((one) => one.end.use !== undefined && isKin(one.type, port.type));
      if (last === undefined) continue;
      use.of.delays = true;
      this.#connect([last], { use, port }, false);
      return;
    }
  }

  #flush(): void {
    const signalSource = this.#signals[0];
    const use = this.#made.uses.find((one) => one.kind !== "inline");
    if (signalSource === undefined || use === undefined || !this.#tape.chance(30)) return;
    this.#made.flushes += 1;
    this.#made.flows.push({
      source: this.#endStep(signalSource.end),
      hops: [{ arrow: { adapt: false }, step: { kind: "flush", use } }],
    });
  }
}
