import type { LatencySyntax } from "../../../grammar/syntax.ts";
import type { Place } from "../../source/source-file.ts";
import type { CheckedPipeline } from "../checked-pipeline.ts";
import { nameOf, type GraphEnd, type GraphLink } from "../graph.ts";
import type { Instance } from "../instances.ts";
import { counterpart } from "../port-match.ts";
import type { SignatureSymbol } from "../program.ts";
import type { RuleContext } from "./rule.ts";

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

/** Adds up declared latencies along the ways through pipelines. */
export class Latencies {
  readonly #context: RuleContext;
  /** Pipelines being looked at, so that a circle ends. */
  readonly #open = new Set<string>();

  constructor(context: RuleContext) {
    this.#context = context;
  }

  /** The way on which the declared latencies sum up to most; undefined where there is none. */
  longest(checked: CheckedPipeline, from: WayEnd, to: WayEnd): LatencyPath | undefined {
    const { links } = checked.graph;
    const known = new Map<Instance, LatencyPath | undefined>();
    const open = new Set<Instance>();
    const matches = (end: GraphEnd, wanted: WayEnd): boolean =>
      end.instance === wanted.instance && (wanted.port === undefined || end.port.name === wanted.port);
    const follow = (outgoing: readonly GraphLink[]): LatencyPath | undefined => {
      let best: LatencyPath | undefined;
      for (const link of outgoing) {
        const rest = behind(link.to);
        if (rest === undefined) continue;
        const path = join(
          link.chain.map((one) => this.#step(checked, one)),
          rest,
        );
        if (best === undefined || path.totalMs > best.totalMs) best = path;
      }
      return best;
    };
    const behind = (end: GraphEnd): LatencyPath | undefined => {
      if (matches(end, to)) return { totalMs: 0, steps: [] };
      const { instance } = end;
      if (instance === undefined || open.has(instance)) return undefined;
      if (known.has(instance)) return known.get(instance);
      open.add(instance);
      const output = instance === to.instance && instance.signature.outputs.has(to.port ?? "");
      const outgoing = links.filter((link) => link.from.instance === instance && carriesStream(link));
      const rest = output ? { totalMs: 0, steps: [] } : follow(outgoing);
      open.delete(instance);
      const path = rest && join([this.#step(checked, instance)], rest);
      known.set(instance, path);
      return path;
    };
    const { instance, port } = from;
    // From an input of a box its own latency counts, from an output it does not.
    if (instance !== undefined && instance.signature.inputs.has(port ?? "")) {
      const [entry] = links.filter((link) => link.to.instance === instance);
      return entry && behind(entry.to);
    }
    return follow(links.filter((link) => matches(link.from, from)));
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
    const [target] = this.#context.remotes.get(checked.symbol.key)?.get(instance.id)?.targets ?? [];
    const symbol = target?.kind === "peer" ? target.pipeline : target?.kind === "local" ? target.symbol : undefined;
    if (symbol === undefined) return undefined;
    return declaredLatency(symbol)?.latencyMs ?? this.#ofPipeline(symbol, instance);
  }

  #ofPipeline(symbol: SignatureSymbol, caller: Instance | undefined): number | undefined {
    const checked = symbol.syntax.kind === "Pipeline" ? this.#context.pipelines.get(symbol.key) : undefined;
    if (checked === undefined || this.#open.has(symbol.key)) return undefined;
    this.#open.add(symbol.key);
    const { inputs, outputs } = checked.graph.signature;
    const ports = (own: typeof inputs, contract: typeof inputs | undefined): string[] =>
      contract === undefined
        ? [...own.keys()]
        : [...contract.keys()].flatMap((name) => counterpart(name, contract, own)?.name ?? []);
    let best: number | undefined;
    for (const input of ports(inputs, caller?.signature.inputs)) {
      for (const output of ports(outputs, caller?.signature.outputs)) {
        const path = this.longest(checked, { instance: undefined, port: input }, { instance: undefined, port: output });
        if (path?.steps.some((one) => one.latencyMs !== undefined)) best = Math.max(best ?? 0, path.totalMs);
      }
    }
    this.#open.delete(symbol.key);
    return best;
  }
}

function join(steps: readonly LatencyStep[], rest: LatencyPath): LatencyPath {
  const ownMs = steps.reduce((sum, one) => sum + (one.latencyMs ?? 0), 0);
  return { totalMs: ownMs + rest.totalMs, steps: [...steps, ...rest.steps] };
}

/** Pulses control; what they cause is no part of a stream's way unless the way begins with one. */
function carriesStream(link: GraphLink): boolean {
  return !link.to.port.signal || link.from.port.signal;
}
