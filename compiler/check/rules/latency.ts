import type { LatencySyntax } from "../../../grammar/syntax.ts";
import type { Place } from "../../source/source-file.ts";
import type { CheckedPipeline } from "../checked-pipeline.ts";
import { nameOf, type GraphEnd, type GraphLink, type PipelineGraph } from "../graph.ts";
import type { Instance } from "../instances.ts";
import type { Known } from "../judged.ts";
import { counterpart } from "../port-match.ts";
import type { SignatureSymbol } from "../program.ts";
import type { CheckedRemote } from "../targets.ts";

/** One box on a way through a pipeline. */
export interface LatencyStep {
  readonly name: string;
  /** Undefined where nothing is declared, which counts as 0. */
  readonly latencyMs: number | undefined;
  /** Where it is declared, or where the box stands. */
  readonly place: Place;
}

export interface LatencyPath {
  readonly totalMs: number;
  readonly steps: readonly LatencyStep[];
}

/** One end of a way: a port of the pipeline itself, or a box with or without one of its ports. */
export interface WayEnd {
  readonly instance: Instance | undefined;
  readonly port: string | undefined;
}

/** The `latency` of a declaration; undefined where it has none that can be read. */
export function declaredLatency(
  symbol: SignatureSymbol,
): { readonly latencyMs: number; readonly place: Place } | undefined {
  const members = symbol.syntax.members as readonly { kind: string }[];
  const found = members.find((one) => one.kind === "Latency") as LatencySyntax | undefined;
  const value = found?.value;
  if (found === undefined || value?.kind !== "Literal" || value.quantity !== "duration") return undefined;
  return { latencyMs: value.value / 1000, place: { source: symbol.file.source, span: found.span } };
}

/** What follows on a way, the nearest first. */
interface Way {
  readonly totalMs: number;
  /** Undefined at the end of the way. */
  readonly step: LatencyStep | undefined;
  readonly rest: Way | undefined;
}

/** A box whose ways are being looked at. */
interface Visit {
  readonly instance: Instance | undefined;
  readonly links: readonly GraphLink[];
  at: number;
  best: Way | undefined;
}

interface Sources {
  readonly pipelines: Known<CheckedPipeline>;
  readonly remotes: Known<ReadonlyMap<string, CheckedRemote>>;
}

const arrived: Way = { totalMs: 0, step: undefined, rest: undefined };

/** Of pipelines that call each other further than this, nothing is known. */
const furthest = 256;

/** Adds up declared latencies along the ways through pipelines. */
export class Latencies {
  readonly #sources: Sources;
  /** Pipelines being looked at, so that a circle ends. */
  readonly #open = new Set<string>();
  /** How often something was left out because of that. */
  #cuts = 0;
  readonly #inner = new Map<string, number | undefined>();
  readonly #outgoing = new Map<PipelineGraph, ReadonlyMap<Instance | undefined, readonly GraphLink[]>>();

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  /** The way on which the declared latencies sum up to most; undefined where there is none. */
  longest(checked: CheckedPipeline, from: WayEnd, to: WayEnd): LatencyPath | undefined {
    const { links } = checked.graph;
    const { instance, port } = from;
    // From an input of a box its own latency counts, from an output it does not.
    const inwards = instance !== undefined && instance.signature.inputs.has(port ?? "");
    const start = inwards
      ? links.filter((link) => link.to.instance === instance).slice(0, 1)
      : links.filter((link) => matches(link.from, from));
    const way = this.#follow(checked, inwards ? start.map((link) => ({ ...link, chain: [] })) : start, to);
    if (way === undefined) return undefined;
    const steps: LatencyStep[] = [];
    for (let here: Way | undefined = way; here?.step !== undefined; here = here.rest) steps.push(here.step);
    return { totalMs: way.totalMs, steps };
  }

  /** Looks at the boxes in depth, with a stack of its own: a pipeline may be one long chain. */
  #follow(checked: CheckedPipeline, start: readonly GraphLink[], to: WayEnd): Way | undefined {
    const outgoing = this.#outgoingOf(checked.graph);
    const known = new Map<Instance, Way | undefined>();
    const open = new Set<Instance>();
    const first: Visit = { instance: undefined, links: start, at: 0, best: undefined };
    const stack = [first];
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const link = top.links[top.at];
      if (link === undefined) {
        stack.pop();
        if (top.instance === undefined) break;
        open.delete(top.instance);
        known.set(top.instance, top.best && before(this.#step(checked, top.instance), top.best));
        continue;
      }
      const { instance } = link.to;
      const there = matches(link.to, to);
      if (!there && instance !== undefined && !open.has(instance) && !known.has(instance)) {
        open.add(instance);
        const isEnd = instance === to.instance && instance.signature.outputs.has(to.port ?? "");
        const links = isEnd ? [] : (outgoing.get(instance) ?? []).filter(carriesStream);
        stack.push({ instance, links, at: 0, best: isEnd ? arrived : undefined });
        continue;
      }
      top.at += 1;
      const rest = there ? arrived : instance && known.get(instance);
      if (rest === undefined) continue;
      const way = link.chain.reduceRight((behind, one) => before(this.#step(checked, one), behind), rest);
      if (top.best === undefined || way.totalMs > top.best.totalMs) top.best = way;
    }
    return first.best;
  }

  #outgoingOf(graph: PipelineGraph): ReadonlyMap<Instance | undefined, readonly GraphLink[]> {
    const known = this.#outgoing.get(graph);
    if (known !== undefined) return known;
    const outgoing = new Map<Instance | undefined, GraphLink[]>();
    for (const link of graph.links) {
      const list = outgoing.get(link.from.instance);
      if (list === undefined) outgoing.set(link.from.instance, [link]);
      else list.push(link);
    }
    this.#outgoing.set(graph, outgoing);
    return outgoing;
  }

  #step(checked: CheckedPipeline, instance: Instance): LatencyStep {
    const { symbol } = instance.signature;
    const own = declaredLatency(symbol);
    const place = own?.place ?? { source: checked.symbol.file.source, span: instance.span };
    const latencyMs = own?.latencyMs ?? this.#inside(checked, instance);
    return { name: nameOf(instance), latencyMs, place };
  }

  /** Of a remote, what its first target declares; of a pipeline, what is declared along its longest way. */
  #inside(checked: CheckedPipeline, instance: Instance): number | undefined {
    if (instance.kind !== "remote") return this.#ofPipeline(instance.signature.symbol, undefined);
    const [target] = this.#sources.remotes.get(checked.symbol.key)?.get(instance.id)?.targets ?? [];
    const symbol = target?.kind === "peer" ? target.pipeline : target?.kind === "local" ? target.symbol : undefined;
    if (symbol === undefined) return undefined;
    return declaredLatency(symbol)?.latencyMs ?? this.#ofPipeline(symbol, instance);
  }

  #ofPipeline(symbol: SignatureSymbol, caller: Instance | undefined): number | undefined {
    if (symbol.syntax.kind !== "Pipeline") return undefined;
    const id = JSON.stringify([symbol.key, caller?.signature.symbol.key]);
    if (this.#inner.has(id)) return this.#inner.get(id);
    if (this.#open.has(symbol.key) || this.#open.size >= furthest) {
      this.#cuts += 1;
      return undefined;
    }
    const checked = this.#sources.pipelines.get(symbol.key);
    if (checked === undefined) return undefined;
    const { inputs, outputs } = checked.graph.signature;
    const ports = (own: typeof inputs, contract: typeof inputs | undefined): string[] =>
      contract === undefined
        ? [...own.keys()]
        : [...contract.keys()].flatMap((name) => counterpart(name, contract, own)?.name ?? []);
    const cutsBefore = this.#cuts;
    let best: number | undefined;
    for (const input of ports(inputs, caller?.signature.inputs)) {
      for (const output of ports(outputs, caller?.signature.outputs)) {
        const declared = this.through(checked, input, output);
        if (declared !== undefined) best = Math.max(best ?? 0, declared);
      }
    }
    if (this.#cuts === cutsBefore) this.#inner.set(id, best);
    return best;
  }

  /** What is declared along the longest way from an input of a pipeline to an output; undefined where nothing is. */
  through(checked: CheckedPipeline, input: string, output: string): number | undefined {
    const { key } = checked.symbol;
    this.#open.add(key);
    const path = this.longest(checked, { instance: undefined, port: input }, { instance: undefined, port: output });
    this.#open.delete(key);
    return path?.steps.some((one) => one.latencyMs !== undefined) === true ? path.totalMs : undefined;
  }
}

function matches(end: GraphEnd, wanted: WayEnd): boolean {
  return end.instance === wanted.instance && (wanted.port === undefined || end.port.name === wanted.port);
}

function before(step: LatencyStep, rest: Way): Way {
  return { totalMs: (step.latencyMs ?? 0) + rest.totalMs, step, rest };
}

/** Pulses control; what they cause is no part of a stream's way unless the way begins with one. */
function carriesStream(link: GraphLink): boolean {
  return !link.to.port.signal || link.from.port.signal;
}
