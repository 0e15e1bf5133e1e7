import type {
  FlowSyntax,
  HopSyntax,
  LetSyntax,
  PipelineMemberSyntax,
  PipelineSyntax,
  RemoteSyntax,
  Span,
  StepSyntax,
} from "../../../grammar/syntax.ts";
import type { ParsedFile } from "../../check/sources.ts";
import type { CodeAction } from "../code-action.ts";
import type { Analysis, FileEdit } from "../files.ts";
import { freeAmong, freeName, indented, pieceAt, topOf } from "./pieces.ts";
import { PortTypes } from "./port-types.ts";
import { isBudgeted, stepsOf, usesInChain, usesInFlow, type Use } from "./uses.ts";

type Box = LetSyntax | RemoteSyntax;

interface Port {
  readonly direction: "in" | "out";
  readonly name: string;
  readonly type: string;
}

/** What a part of a pipeline is made of when it stands by itself. */
interface Part {
  readonly ports: readonly Port[];
  readonly boxes: readonly Box[];
  readonly flows: readonly string[];
}

/** The arrows that a cut goes through. */
interface Cut {
  /** What was written for the end on the other side; `in` where frames come in by the port. */
  readonly arrows: readonly { readonly port: string; readonly direction: "in" | "out"; readonly written: string }[];
  readonly edits: readonly FileEdit[];
}

/**
 * What is selected of a pipeline becomes a pipeline of its own: some steps of a chain, or whole statements. It is offered where
 * the two say together what the one has said: formats are solved, and nothing that is named on both sides of the cut would have to
 * stand in two places.
 */
export function extractPipeline(analysis: Analysis, file: ParsedFile, span: Span): CodeAction[] {
  const selected = trimmed(file.source.text, span);
  if (selected === undefined || file.errors.length > 0) return [];
  const pipeline = file.syntax.declarations.find(
    (one): one is PipelineSyntax =>
      one.kind === "Pipeline" && one.span.start < selected.start && selected.end < one.span.end,
  );
  if (pipeline === undefined) return [];
  const types = PortTypes.of(analysis, file, pipeline);
  if (types === undefined) return [];
  const touched = pipeline.members.filter((one) => one.span.start < selected.end && selected.start < one.span.end);
  if (touched.some((one) => one.kind !== "Flow" && !isBox(one))) return [];
  const extraction = new Extraction(analysis, file, pipeline, types);
  const flows = touched.filter((one) => one.kind === "Flow");
  const [flow] = flows;
  if (flow === undefined) return [];
  const edits =
    (flows.length === 1 ? extraction.steps(flow, selected, touched.filter(isBox)) : undefined) ??
    extraction.statements(flows, touched.filter(isBox), selected);
  if (edits === undefined) return [];
  return [
    {
      title: `Extract pipeline \`${extraction.name}\``,
      kind: "refactor.extract",
      edits: [...edits, ...types.imports()],
      isPreferred: false,
    },
  ];
}

function isBox(one: PipelineMemberSyntax): one is Box {
  return one.kind === "Let" || one.kind === "Remote";
}

/** A selection without the white space at its ends; undefined where nothing else is in it. */
function trimmed(text: string, { start, end }: Span): Span | undefined {
  const inside = text.slice(start, end);
  const from = start + inside.length - inside.trimStart().length;
  const to = end - (inside.length - inside.trimEnd().length);
  return from < to ? { start: from, end: to } : undefined;
}

class Extraction {
  readonly name: string;
  readonly #analysis: Analysis;
  readonly #file: ParsedFile;
  readonly #pipeline: PipelineSyntax;
  readonly #types: PortTypes;
  readonly #boxes: ReadonlyMap<string, Box>;
  readonly #flows: readonly FlowSyntax[];

  constructor(analysis: Analysis, file: ParsedFile, pipeline: PipelineSyntax, types: PortTypes) {
    this.#analysis = analysis;
    this.#file = file;
    this.#pipeline = pipeline;
    this.#types = types;
    this.name = freeName(analysis.names, file, "Extracted");
    this.#boxes = new Map(pipeline.members.filter(isBox).map((one) => [one.name.text, one]));
    this.#flows = pipeline.members.filter((one) => one.kind === "Flow");
  }

  /** Some steps of one chain: a use of the new pipeline stands in their place. */
  steps(flow: FlowSyntax, selected: Span, alsoSelected: readonly Box[]): readonly FileEdit[] | undefined {
    const chain = chainOf(flow, selected);
    if (chain === undefined) return undefined;
    const isIn = ({ span }: StepSyntax): boolean => span.start < selected.end && selected.start < span.end;
    let first = chain.steps.findIndex(isIn);
    let last = chain.steps.findLastIndex(isIn);
    const isForeign = (step: StepSyntax | undefined): boolean =>
      step?.kind === "Endpoint" && !this.#isPrivate(step.target.text, usesInChain([step], true, true));
    if (isForeign(chain.steps[first])) first += 1;
    if (isForeign(chain.steps[last])) last -= 1;
    const steps = chain.steps.slice(first, last + 1);
    const [head] = steps;
    const tail = steps.at(-1);
    if (head === undefined || tail === undefined) return undefined;
    const uses = usesInChain(steps, true, true);
    const boxes = this.#movable(uses);
    if (boxes === undefined || alsoSelected.some((one) => !boxes.includes(one))) return undefined;
    const before = chain.arrows[first];
    const after = chain.arrows[last + 1];
    if (before === undefined && after === undefined) return undefined;
    const ports: Port[] = [];
    const names = new Set([...boxes.map((one) => one.name.text), ...this.#parameterNames()]);
    const add = (direction: "in" | "out", arrow: HopSyntax): string | undefined => {
      const type = this.#types.before(arrow.arrowSpan);
      const name = freeAmong(names, direction === "in" ? "input" : "output");
      names.add(name);
      if (type !== undefined) ports.push({ direction, name, type });
      return type && name;
    };
    const source = before && add("in", before);
    const sink = after && add("out", after);
    if ((before !== undefined && source === undefined) || (after !== undefined && sink === undefined)) return undefined;
    const written = this.#file.source.text.slice(head.span.start, tail.span.end);
    const inner = `${source === undefined ? "" : `${source} ${before?.arrow ?? "->"} `}${written}${sink === undefined ? "" : ` -> ${sink}`}`;
    const place = { path: this.#file.source.path, start: head.span.start, end: tail.span.end };
    const part = { ports, boxes, flows: [this.#dedented(flow, inner)] };
    const moved = [...boxes.map((one) => one.span), { start: head.span.start, end: tail.span.end }];
    return [
      this.#declared(part, moved),
      ...boxes.map((one) => this.#removed(one.span)),
      { ...place, newText: this.#call(moved) },
    ];
  }

  /** Whole statements: a `let` of the new pipeline and arrows to and from it stand in their place. */
  statements(flows: readonly FlowSyntax[], selected: readonly Box[], span: Span): readonly FileEdit[] | undefined {
    if (flows.some((one) => one.span.start < span.start || one.span.end > span.end)) return undefined;
    const inside = flows.flatMap(usesInFlow);
    const outside = this.#flows.filter((one) => !flows.includes(one)).flatMap(usesInFlow);
    const boxes = [...this.#boxes.values()].filter(
      (one) =>
        selected.includes(one) ||
        this.#isPrivate(
          one.name.text,
          inside.filter((use) => use.name === one.name.text),
        ),
    );
    const moved = new Set(boxes.map((one) => one.name.text));
    if ([...moved].some((name) => isBudgeted(this.#pipeline, name) || this.#isExpected(name))) return undefined;
    const instance = freeAmong(
      new Set([...this.#boxes.keys(), ...this.#portNames(), ...this.#parameterNames()]),
      "extracted",
    );
    const border = new Border(this.#types, new Set([...moved, ...this.#parameterNames()]));
    // What is named inside and stays outside becomes a port, under whose name it is known inside.
    const inward = this.#cut(
      inside.filter((use) => !moved.has(use.name)),
      "inside",
      (port) => port,
      border,
    );
    // What is named outside and moves is reached through a port.
    const through = (port: string): string => `${instance}.${port}`;
    const outward = this.#cut(
      outside.filter((use) => moved.has(use.name)),
      "outside",
      through,
      border,
    );
    if (inward === undefined || outward === undefined) return undefined;
    const links = inward.arrows.map(({ port, direction, written }) =>
      direction === "in" ? { source: written, sink: through(port) } : { source: through(port), sink: written },
    );
    const inner = outward.arrows.map(({ port, direction, written }) =>
      direction === "in" ? `${port} -> ${written}` : `${written} -> ${port}`,
    );
    const { path } = this.#file.source;
    const texts = flows.map((one) => this.#dedented(one, this.#textOf(pieceSpan(this.#file, one.span), inward.edits)));
    const spans = [...boxes, ...flows].map((one) => one.span);
    const [flow, ...rest] = flows;
    if (flow === undefined) return undefined;
    const indent = this.#indentOf(flow.span.start);
    const lines = [`let ${instance} = ${this.#call(spans)}`, ...chained(links, instance)];
    const place = pieceSpan(this.#file, flow.span);
    return [
      this.#declared({ ports: border.ports, boxes, flows: [...texts, ...inner] }, spans),
      { path, ...place, newText: lines.join(`\n${indent}`) },
      ...[...boxes, ...rest].map((one) => this.#removed(one.span)),
      ...outward.edits,
    ];
  }

  /**
   * Arrows across the cut, of which one end is told by name: each place gets a port.
   * @param side where the name is written; its box is on the other one
   * @param shown what stands in place of the name
   * @returns undefined where something is used as no end of an arrow
   */
  #cut(
    uses: readonly Use[],
    side: "inside" | "outside",
    shown: (port: string) => string,
    border: Border,
  ): Cut | undefined {
    const { path } = this.#file.source;
    const arrows = new Map<string, Cut["arrows"][number]>();
    const edits: FileEdit[] = [];
    for (const { step, role } of uses) {
      if (step.kind === "Flush" || (role !== "into" && role !== "outOf")) return undefined;
      const written = this.#textOf(step.span);
      const direction = (role === "outOf") === (side === "inside") ? "in" : "out";
      const key = `${direction} ${written}`;
      const port = arrows.get(key)?.port ?? border.add(direction, step);
      if (port === undefined) return undefined;
      arrows.set(key, { port, direction, written });
      edits.push({ path, start: step.span.start, end: step.span.end, newText: shown(port) });
    }
    return { arrows: [...arrows.values()], edits };
  }

  /** The `let`s and remotes among some uses; undefined where one of them is used elsewhere too, or is none. */
  #movable(uses: readonly Use[]): readonly Box[] | undefined {
    const names = [...new Set(uses.map((one) => one.name))];
    if (
      !names.every((name) =>
        this.#isPrivate(
          name,
          uses.filter((one) => one.name === name),
        ),
      )
    )
      return undefined;
    return names.flatMap((name) => this.#boxes.get(name) ?? []);
  }

  /** Something of the pipeline that is used here and nowhere else. */
  #isPrivate(name: string, uses: readonly Use[]): boolean {
    if (uses.length === 0 || !this.#boxes.has(name)) return false;
    const all = this.#flows.flatMap(usesInFlow).filter((one) => one.name === name);
    return all.length === uses.length && !isBudgeted(this.#pipeline, name) && !this.#isExpected(name);
  }

  /** A scenario expects something of a remote. */
  #isExpected(name: string): boolean {
    return this.#file.syntax.declarations.some(
      (one) =>
        one.kind === "Scenario" &&
        one.pipeline.text === this.#pipeline.name.text &&
        one.steps.some((step) => step.kind === "ExpectUses" && step.remote.text === name),
    );
  }

  #parameterNames(): string[] {
    return this.#pipeline.parameters.map((one) => one.name.text);
  }

  #portNames(): string[] {
    return this.#pipeline.members.flatMap((one) => (one.kind === "Port" ? (one.name?.text ?? []) : []));
  }

  /** The parameters of the pipeline that some of its parts name. */
  #parametersIn(spans: readonly Span[]): string[] {
    const found = new Set(
      this.#analysis
        .occurrences(this.#file.module)
        .filter(
          ({ span, meaning }) =>
            meaning.kind === "parameter" &&
            meaning.owner === this.#pipeline &&
            spans.some((one) => one.start <= span.start && span.end <= one.end),
        )
        .map(({ meaning }) => meaning.name),
    );
    return this.#parameterNames().filter((name) => found.has(name));
  }

  #call(moved: readonly Span[]): string {
    const given = this.#parametersIn(moved).map((name) => `${name}: ${name}`);
    return `${this.name}(${given.join(", ")})`;
  }

  #declared({ ports, boxes, flows }: Part, moved: readonly Span[]): FileEdit {
    const names = this.#parametersIn(moved);
    const parameters = this.#pipeline.parameters.filter((one) => names.includes(one.name.text));
    const given = parameters.length === 0 ? "" : `(${parameters.map((one) => this.#textOf(one.span)).join(", ")})`;
    const inputs = ports.filter((one) => one.direction === "in");
    const outputs = ports.filter((one) => one.direction === "out");
    const blocks = [
      [...inputs, ...outputs].map(
        ({ direction, name, type }) => `${inputs.length > 0 ? direction.padEnd(3) : direction} ${name}: ${type}`,
      ),
      boxes.map((one) => pieceAt(this.#file, one.span).text),
      flows,
    ];
    const body = blocks.filter((lines) => lines.length > 0).map((lines) => lines.join("\n"));
    const top = topOf(this.#file, this.#pipeline);
    const newText = `${this.#pipeline.batch ? "batch " : ""}pipeline ${this.name}${given} {\n${indented(body.join("\n\n"))}\n}\n\n`;
    return { path: this.#file.source.path, start: top, end: top, newText };
  }

  #removed(span: Span): FileEdit {
    return { path: this.#file.source.path, ...pieceAt(this.#file, span).removed, newText: "" };
  }

  /** The text of a span, after edits of it. */
  #textOf({ start, end }: Span, edits: readonly FileEdit[] = []): string {
    let text = this.#file.source.text.slice(start, end);
    for (const one of edits.toSorted((a, b) => b.start - a.start)) {
      if (one.start < start || one.end > end) continue;
      text = text.slice(0, one.start - start) + one.newText + text.slice(one.end - start);
    }
    return text;
  }

  #indentOf(offset: number): string {
    const { text } = this.#file.source;
    return /^[ \t]*/.exec(text.slice(text.lastIndexOf("\n", offset - 1) + 1, offset))?.[0] ?? "";
  }

  /** The lines of a chain as far in as they were, seen from its first. */
  #dedented(flow: FlowSyntax, text: string): string {
    const indent = this.#indentOf(flow.span.start);
    return text.replaceAll(`\n${indent}`, "\n");
  }
}

/** The ports of the new pipeline. */
class Border {
  readonly ports: Port[] = [];
  readonly #types: PortTypes;
  readonly #taken: Set<string>;

  constructor(types: PortTypes, taken: Set<string>) {
    this.#types = types;
    this.#taken = taken;
  }

  /** @returns its name; undefined where its type cannot be told */
  add(direction: "in" | "out", step: Extract<StepSyntax, { kind: "Endpoint" }>): string | undefined {
    const type = this.#types.at(step.span);
    if (type === undefined) return undefined;
    const wanted = step.port?.text ?? step.target.text;
    const name = freeAmong(this.#taken, wanted);
    this.#taken.add(name);
    this.ports.push({ direction, name, type });
    return name;
  }
}

/** A statement with the comments that go with it. */
function pieceSpan(file: ParsedFile, span: Span): Span {
  const { text } = file.source;
  const { removed } = pieceAt(file, span);
  const written = text.slice(removed.start, removed.end);
  return {
    start: removed.start + written.length - written.trimStart().length,
    end: removed.end - (written.length - written.trimEnd().length),
  };
}

/** `mic -> x -> out` where one arrow leads there and one away. */
function chained(links: readonly { readonly source: string; readonly sink: string }[], instance: string): string[] {
  const isInto = ({ sink }: { readonly sink: string }): boolean => sink.startsWith(`${instance}.`);
  const into = links.filter(isInto);
  const outOf = links.filter((one) => !isInto(one));
  const [first] = into;
  const [last] = outOf;
  if (links.length === 2 && first !== undefined && last !== undefined) {
    return [`${first.source} -> ${instance} -> ${last.sink}`];
  }
  return [...into, ...outOf].map(({ source, sink }) => `${source} -> ${sink}`);
}

interface Chain {
  readonly steps: readonly StepSyntax[];
  /** By step, the arrow before it. One more than there are steps: the last is what follows the chain, if anything does. */
  readonly arrows: readonly (HopSyntax | undefined)[];
}

/** The innermost chain of a flow around a selection. What leads to a group leads to each of its branches, and away from it likewise. */
function chainOf(flow: FlowSyntax, selected: Span): Chain | undefined {
  if (flow.hops.some((one) => one.step === undefined)) return undefined;
  const search = (chain: Chain): Chain => {
    for (const [index, step] of chain.steps.entries()) {
      const [before, after] = [chain.arrows[index], chain.arrows[index + 1]];
      const group = step.kind === "Any" || step.kind === "First" ? step.group : step;
      const inner: Chain[] = [];
      if (group?.kind === "Group") {
        for (const { source, hops } of group.branches) {
          inner.push({ steps: [source, ...stepsOf(hops)], arrows: [before, ...hops, after] });
        }
      }
      if (step.kind === "Route") {
        for (const { hops } of step.cases) inner.push({ steps: stepsOf(hops), arrows: [...hops, after] });
      }
      const around = inner.find((one) => isAround(one.steps, selected));
      if (around !== undefined) return search(around);
    }
    return chain;
  };
  return search({ steps: [flow.source, ...stepsOf(flow.hops)], arrows: [undefined, ...flow.hops, undefined] });
}

function isAround(steps: readonly StepSyntax[], { start, end }: Span): boolean {
  const [first] = steps;
  const last = steps.at(-1);
  return first !== undefined && last !== undefined && first.span.start <= start && end <= last.span.end;
}
