import type { Plan } from "../../../runtime/interface/plan.ts";
import type { Data, Dim, Media, PortType, Program, Signature, Step } from "./program/model.ts";

/** Counts how often each part of the language occurs in the programs that were run. */
export class Coverage {
  readonly counts = new Map<string, number>();

  add(feature: string): void {
    this.counts.set(feature, (this.counts.get(feature) ?? 0) + 1);
  }

  program(program: Program, plan: Plan): void {
    const found = new Set<string>();
    for (const signature of [...program.nodes, ...program.interfaces, ...program.pipelines])
      signatureFeatures(signature, found);
    for (const pipeline of program.pipelines) {
      if (pipeline.conformsTo !== undefined) found.add("conformance");
      for (const use of pipeline.uses) {
        if (use.of.kind === "pipeline") found.add("inlined pipeline");
        found.add(use.kind);
        for (const argument of Object.values(use.args))
          found.add("param" in argument ? "argument: a parameter" : "argument: a value");
        for (const target of use.targets) found.add(`target: ${target.kind}`);
        if (use.targets.length > 1) found.add("fallback");
      }
      for (const { source, hops } of pipeline.flows) {
        stepFeatures(source, "from", found);
        for (const { arrow, step, options } of hops) {
          found.add(arrow.adapt ? "~>" : "->");
          if (options !== undefined) found.add("options of a link");
          stepFeatures(step, "to", found);
        }
      }
      const starts = pipeline.links.map(({ from }) => `${from.use?.id ?? ""}.${from.port.name}`);
      if (new Set(starts).size < starts.length) found.add("fan-out");
    }
    if (program.peers.length > 0) found.add("peer");
    planFeatures(plan, found);
    for (const one of found) this.add(one);
  }
}

function signatureFeatures(signature: Signature, found: Set<string>): void {
  if (signature.join !== undefined) found.add(`join ${signature.join}`);
  const { variables = [], converts, delays } = signature as Partial<Program["nodes"][number]>;
  if (converts !== undefined) found.add("converts");
  if (delays === true) found.add("delays");
  for (const { bound } of variables) if (bound !== undefined) found.add("bound of a variable");
  for (const { type, default: fallback } of signature.params) {
    found.add(fallback === undefined ? "parameter without default" : "parameter with default");
    if (type.min !== undefined || type.max !== undefined) found.add("parameter with a range");
  }
  if (signature.file === "types.mesh") found.add("second file");
  for (const port of [...signature.inputs, ...signature.outputs]) {
    if (port.optional) found.add("optional port");
    typeFeatures(port.type, found);
  }
}

function typeFeatures(type: PortType, found: Set<string>): void {
  if (type.kind === "signal") found.add("signal");
  else if (type.kind === "media") mediaFeatures(type, found);
  else dataFeatures(type, found, 0);
}

function mediaFeatures({ media, dims, rank }: Media, found: Set<string>): void {
  found.add(media);
  if (rank !== undefined) found.add("shape");
  for (const [dim, pattern] of Object.entries(dims)) {
    const name = dim.startsWith("side") ? "side" : dim;
    for (const form of dimForms(pattern)) found.add(`${media} ${name}: ${form}`);
  }
}

function dimForms(pattern: Dim): string[] {
  if (pattern.kind !== "values") return [pattern.kind];
  const forms = pattern.values.map((one) =>
    "value" in one ? "value" : `range${"min" in one ? " from" : ""}${"max" in one ? " to" : ""}`,
  );
  return pattern.values.length > 1 ? [...forms, "alternatives"] : forms;
}

function dataFeatures(type: Data, found: Set<string>, depth: number): void {
  if (depth > 3) return;
  switch (type.kind) {
    case "scalar":
      found.add(`scalar ${type.name}`);
      if (type.pattern !== undefined) found.add("matches");
      if (type.min !== undefined || type.max !== undefined) found.add(`${type.name} in a range`);
      return;
    case "enum":
      found.add("enum");
      return;
    case "record":
      found.add("record");
      for (const field of type.fields) {
        if (field.default !== undefined) found.add("field with default");
        if (field.type.kind === "optional") found.add("optional field");
        dataFeatures(field.type, found, depth + 1);
      }
      return;
    default:
      found.add(type.kind);
      dataFeatures(type.element, found, depth + 1);
  }
}

function stepFeatures(step: Step, side: "from" | "to", found: Set<string>): void {
  if (step.kind === "group") found.add(side === "from" ? "merge" : "group");
  if (step.kind === "any") found.add(`any(${step.policy})`);
  if (step.kind === "route" || step.kind === "flush") found.add(step.kind);
}

function planFeatures(plan: Plan, found: Set<string>): void {
  for (const { nodes, cells, links, remotes } of Object.values(plan.pipelines)) {
    if (nodes.some((node) => node.inserted === true)) found.add("inserted converter");
    if (nodes.filter((node) => node.inserted === true).length > 1) found.add("several inserted converters");
    if (cells.length > 0) found.add("open cell");
    if (cells.some(({ params }) => params !== undefined)) found.add("cell of a parameter");
    if (links.some((link) => link.through !== undefined)) found.add("record through a border");
    const open = remotes.flatMap((remote) => [...Object.values(remote.inputs), ...Object.values(remote.outputs)]);
    if (open.some(({ type }) => "dims" in type && Object.values(type.dims).some((dim) => "cell" in dim)))
      found.add("open remote");
  }
}
