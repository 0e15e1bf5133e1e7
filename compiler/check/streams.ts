import type { GraphEnd, GraphLink, Instance, PipelineGraph } from "./graph.ts";

/**
 * The ways of streams through a pipeline, from place to place. A node or remote is one place; a pipeline in the place of a
 * node has one for each of its ports, for not every input of it leads to every output.
 */
export class Streams {
  readonly #next = new Map<string, { readonly to: string; readonly link: GraphLink | undefined }[]>();
  readonly places = new Set<string>();

  /** @param passes what leads through a pipeline that stands in this one, by its inputs */
  constructor(graph: PipelineGraph, passes: (instance: Instance) => Passes) {
    for (const link of graph.links) {
      // Pulses jump queues and may close loops.
      if (link.from.port.signal || link.to.port.signal) continue;
      this.#add(placeOf(link.from, "out"), placeOf(link.to, "in"), link);
    }
    for (const instance of graph.instances.values()) {
      if (instance.kind !== "pipeline" || instance.signature.delays) continue;
      for (const [input, outputs] of passes(instance)) {
        for (const output of outputs)
          this.#add(`${instance.id} in ${input}`, `${instance.id} out ${output}`, undefined);
      }
    }
    // What enters a node that delays does not come out of it in the same round.
    for (const { id, kind, signature } of graph.instances.values()) {
      if (kind !== "pipeline" && signature.delays) this.#next.delete(id);
    }
  }

  next(place: string): readonly { readonly to: string; readonly link: GraphLink | undefined }[] {
    return this.#next.get(place) ?? [];
  }

  /** The outputs of the pipeline that frames of each of its inputs can reach without being held up. */
  passes(graph: PipelineGraph): Passes {
    const result = new Map<string, Set<string>>();
    for (const input of graph.signature.inputs.keys()) {
      const seen = new Set([`in ${input}`]);
      for (const place of seen) for (const { to } of this.next(place)) seen.add(to);
      const reached = [...graph.signature.outputs.keys()].filter((output) => seen.has(`out ${output}`));
      result.set(input, new Set(reached));
    }
    return result;
  }

  #add(from: string, to: string, link: GraphLink | undefined): void {
    this.places.add(from);
    this.places.add(to);
    const list = this.#next.get(from) ?? [];
    list.push({ to, link });
    this.#next.set(from, list);
  }
}

/** By input: the outputs that its frames can reach. */
export type Passes = ReadonlyMap<string, ReadonlySet<string>>;

function placeOf({ instance, port }: GraphEnd, side: "in" | "out"): string {
  // Inside a pipeline its inputs are where frames come from.
  if (instance === undefined) return `${side === "out" ? "in" : "out"} ${port.name}`;
  return instance.kind === "pipeline" ? `${instance.id} ${side} ${port.name}` : instance.id;
}

/** Groups of places that all lead to each other, by Tarjan's algorithm, with a stack of its own. */
export function circlesIn(streams: Streams): ReadonlySet<string>[] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const onStack = new Set<string>();
  const found: ReadonlySet<string>[] = [];
  const enter = (place: string): { place: string; at: number } => {
    index.set(place, index.size);
    low.set(place, index.size - 1);
    stack.push(place);
    onStack.add(place);
    return { place, at: 0 };
  };
  const lower = (place: string, to: number): void => void low.set(place, Math.min(low.get(place) ?? to, to));
  for (const start of streams.places) {
    if (index.has(start)) continue;
    const work = [enter(start)];
    for (let top = work.at(-1); top !== undefined; top = work.at(-1)) {
      const edge = streams.next(top.place)[top.at];
      if (edge !== undefined) {
        top.at += 1;
        if (!index.has(edge.to)) work.push(enter(edge.to));
        else if (onStack.has(edge.to)) lower(top.place, index.get(edge.to) ?? 0);
        continue;
      }
      work.pop();
      const above = work.at(-1);
      if (above !== undefined) lower(above.place, low.get(top.place) ?? 0);
      if (low.get(top.place) !== index.get(top.place)) continue;
      const group = stack.splice(stack.indexOf(top.place));
      for (const one of group) onStack.delete(one);
      const circular = group.length > 1 || streams.next(top.place).some((one) => one.to === top?.place);
      if (circular) found.push(new Set(group));
    }
  }
  return found;
}
