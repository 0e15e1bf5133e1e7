import type { End, Hop, PipelineDecl, Program, Step, Use } from "../program/model.ts";

/**
 * The ports at which a frame must arrive when every input of a pipeline is fed: what no branch, join by time or flush may
 * keep away. Written as the names of uses with their ports, and the pipeline's own outputs by their name alone.
 */
export function mustArrive(pipeline: PipelineDecl): { readonly inside: Set<string>; readonly outputs: Set<string> } {
  const inside = new Set<string>();
  const outputs = follow(pipeline, new Set(pipeline.inputs.map((port) => port.name)), inside);
  return { inside, outputs };
}

/**
 * True where a program may stand still by what it says: a join that waits for one input holds the others, and a queue of
 * one frame before it holds the node that feeds both.
 */
export function mayStandStill({ nodes, interfaces, pipelines }: Program): boolean {
  const waits = [...nodes, ...interfaces, ...pipelines].some(({ join }) => join === "index" || join === "time");
  return waits && pipelines.some(({ flows }) => flows.some(isTight));
}

function isTight({ source, hops }: { readonly source?: Step; readonly hops: readonly Hop[] }): boolean {
  const inside = (step: Step): readonly { readonly source?: Step; readonly hops: readonly Hop[] }[] =>
    step.kind === "route" ? step.cases : "branches" in step ? step.branches : [];
  const steps = [...(source === undefined ? [] : [source]), ...hops.map(({ step }) => step)];
  return hops.some(({ options }) => options === "buffer: 1") || steps.some((step) => inside(step).some(isTight));
}

/** @returns the outputs that get a frame when the inputs in `fed` do */
function follow(pipeline: PipelineDecl, fed: ReadonlySet<string>, inside: Set<string>): Set<string> {
  const given = new Set<string>([...fed].map((name) => `.${name}`));
  const taken = new Set<string>();
  // A join by time may drop what does not come at the same moment, so nothing is expected behind one.
  if (pipeline.join === "time") return new Set();
  for (let size = -1; size !== given.size + taken.size;) {
    size = given.size + taken.size;
    for (const { from, to, always } of pipeline.links) if (always && given.has(key(from))) taken.add(key(to));
    for (const use of pipeline.uses) for (const port of gives(use, taken, inside)) given.add(`${use.id}.${port}`);
  }
  return new Set(pipeline.outputs.flatMap(({ name }) => (taken.has(`.${name}`) ? [name] : [])));
}

function key({ use, port }: End): string {
  return `${use?.id ?? ""}.${port.name}`;
}

/** The outputs of a use that give a frame, as far as it is fed. */
function gives(use: Use, taken: ReadonlySet<string>, inside: Set<string>): Iterable<string> {
  const { of } = use;
  const fed = new Set(of.inputs.map((port) => port.name).filter((name) => taken.has(`${use.id}.${name}`)));
  if (of.kind === "pipeline") return follow(of, fed, inside);
  if (of.kind === "interface") {
    const [target] = use.targets;
    const pipeline =
      target?.kind === "local" || target?.kind === "peer"
        ? target.kind === "local"
          ? target.of
          : target.pipeline
        : undefined;
    if (pipeline?.kind !== "pipeline") return [];
    const renamed = (own: PipelineDecl["inputs"], name: string): string =>
      own.some((port) => port.name === name) || own.length !== 1 ? name : (own[0]?.name ?? name);
    const out = follow(pipeline, new Set([...fed].map((name) => renamed(pipeline.inputs, name))), inside);
    return of.outputs.map((port) => port.name).filter((name) => out.has(renamed(pipeline.outputs, name)));
  }
  const streams = of.inputs.filter((port) => port.type.kind !== "signal");
  const joined = of.join === undefined ? [] : streams.filter((port) => !port.optional);
  const needed = streams.length === 0 ? of.inputs : streams;
  if (of.join === "time") return [];
  const whole = joined.every((port) => fed.has(port.name));
  // A frame that waits for the others of its set has not arrived.
  for (const name of fed) if (whole || !joined.some((port) => port.name === name)) inside.add(`${use.id}.${name}`);
  const called = joined.length > 0 ? whole : of.inputs.length === 0 || needed.some((port) => fed.has(port.name));
  return called ? of.outputs.map((port) => port.name) : [];
}
