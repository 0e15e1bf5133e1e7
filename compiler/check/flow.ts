import type {
  AnySyntax,
  BranchSyntax,
  EndpointSyntax,
  FirstSyntax,
  FlowSyntax,
  FlushSyntax,
  GroupSyntax,
  HopSyntax,
  InlineSyntax,
  OptionsSyntax,
  RouteSyntax,
  Span,
  StepSyntax,
} from "../../grammar/syntax.ts";
import { headOf, readAny, readFirst, type ChoiceTools } from "./choices.ts";
import type { DiagnosticCode } from "../diagnostics/catalog.ts";
import { describeType } from "./cells.ts";
import { EndReader, type EndContext } from "./ends.ts";
import { endKey, namesOf, type BranchStep, type GraphEnd, type GraphSplit, type Instance } from "./graph.ts";
import type { Details } from "./reporter.ts";
import { readRoute } from "./routes.ts";

/** What the reader of flows needs from the pipeline around it. */
export interface FlowContext extends EndContext, ChoiceTools {
  /** Makes an unnamed node in place; undefined after a reported mistake. */
  inline(step: InlineSyntax): Instance | undefined;
  /** Looks at what stands behind an arrow. */
  checkOptions(options: OptionsSyntax | undefined): void;
}

/** An output, and the branches of a `first` whose answers it carries. */
interface Source {
  readonly end: GraphEnd;
  readonly won: readonly BranchStep[];
}

/** The outputs that a step gives to the next arrow; asked for only where there is one. */
type Outputs = () => Source[];

/** The arrow that leads to a step, with what holds for all links that it makes. */
interface Way {
  readonly adapt: boolean;
  readonly arrowSpan: Span;
  readonly statement: object;
  readonly options: OptionsSyntax | undefined;
  readonly branch: readonly BranchStep[];
  /** Another arrow follows the step. */
  readonly more: boolean;
  /** The branches of a `route` or `any` in which it is written: two of one choice may lead to the same input. */
  readonly cases: readonly BranchStep[];
}

/** Where a link to an input is written. */
interface Writer extends Pick<Way, "cases"> {
  readonly step: object;
  readonly span: Span;
}

const nothing: Outputs = () => [];
const choosers = { Any: "any", First: "first", Route: "route", Flush: "flush" } as const;

/** Turns arrows into links between ports. */
export class FlowReader {
  readonly #context: FlowContext;
  readonly #ends: EndReader;
  readonly #writers = new Map<string, Writer[]>();

  constructor(context: FlowContext) {
    this.#context = context;
    this.#ends = new EndReader(context);
  }

  read(flow: FlowSyntax): void {
    if (flow.hops.length === 0) return;
    this.#chain(flow.hops, this.#sources(flow.source));
  }

  /** @param around what the chain stands in; another arrow may follow its last one */
  #chain(hops: readonly HopSyntax[], from: Outputs, around: Pick<Way, "more" | "cases"> = outermost): Outputs {
    let outputs = from;
    hops.forEach((hop, index) => {
      const way = wayOf(hop, { ...around, more: around.more || index < hops.length - 1 });
      if (hop.step?.kind !== "Flush") this.#context.checkOptions(hop.options);
      outputs = hop.step === undefined ? nothing : this.#into(hop.step, outputs(), way);
    });
    return outputs;
  }

  /** Links the sources to a step; the result gives the outputs of that step. */
  #into(step: StepSyntax, sources: readonly Source[], way: Way): Outputs {
    switch (step.kind) {
      case "Endpoint":
      case "Inline":
        return this.#toPort(step, sources, way);
      case "Group":
        return this.#toAll(step, sources, way);
      case "Any":
        return this.#toAny(step, sources, way);
      case "First":
        return this.#toFirst(step, sources, way);
      case "Route":
        return this.#toRoute(step, sources, way);
      case "Flush":
        return this.#flush(step, sources, way);
      default:
        return step satisfies never;
    }
  }

  #toPort(step: EndpointSyntax | InlineSyntax, sources: readonly Source[], way: Way): Outputs {
    const instance = step.kind === "Inline" ? this.#context.inline(step) : this.#ends.instance(step.target);
    const isKnown =
      step.kind === "Inline" || instance !== undefined || namesOf(this.#context.graph).includes(step.target.text);
    if (way.more && step.port !== undefined && isKnown) {
      this.#report("MESH5006", step.port.span, "A step between two arrows names no port.", {
        hint: `Split the flow in two: one that ends in \`${this.#ends.text(step)}\`, one that starts from an output.`,
      });
      if (instance !== undefined) this.#context.marks.unclear.add(instance.id);
      return nothing;
    }
    const target = this.#ends.end(step, instance, "in");
    if (target !== undefined) this.#link(sources, target, step, way);
    return () => this.#outputOf(step, instance);
  }

  #toAll(group: GroupSyntax, sources: readonly Source[], way: Way): Outputs {
    if (group.branches.length === 0) this.#empty(group);
    const tails = group.branches.map((branch) => this.#branch(branch, sources, way));
    return () => tails.flatMap((tail) => tail());
  }

  #branch(branch: BranchSyntax, sources: readonly Source[], way: Way): Outputs {
    if (branch.source.kind !== "Flush") this.#context.checkOptions(branch.options);
    const first = this.#into(branch.source, sources, {
      ...way,
      options: merged(branch.options, way.options),
      more: way.more || branch.hops.length > 0,
    });
    return this.#chain(branch.hops, first, way);
  }

  #toAny(step: AnySyntax, sources: readonly Source[], way: Way): Outputs {
    const branches = step.group?.branches ?? [];
    const split = this.#split(
      headOf(step, step.group?.span.start ?? step.span.end),
      readAny(step, Math.max(1, branches.length), ends(sources), this.#context),
    );
    if (step.group?.branches.length === 0) this.#empty(step.group);
    const tails = branches.map((branch, index) => this.#branch(branch, sources, chosen(way, split, index)));
    return () => tails.flatMap((tail) => tail());
  }

  #toFirst(step: FirstSyntax, sources: readonly Source[], way: Way): Outputs {
    const branches = step.group?.branches ?? [];
    const split = this.#split(
      headOf(step, step.group?.span.start ?? step.span.end),
      readFirst(step, Math.max(1, branches.length), this.#context),
    );
    if (step.group?.branches.length === 0) this.#empty(step.group);
    const { links } = this.#context.graph;
    const tails = branches.map((branch, index) => {
      const before = links.length;
      const tail = this.#branch(branch, sources, within(way, split, index));
      const stream = links.slice(before).find(({ to }) => to.instance?.signature.batch !== true)?.to;
      if (stream !== undefined) this.#noBatch(stream);
      else if (split.plan.kind === "first" && split.plan.hedged === true) {
        const once = links.slice(before).find(({ to }) => to.instance?.signature.idempotent !== true)?.to;
        if (once !== undefined) this.#notTwice(once);
      }
      return (): Source[] => tail().map((one) => ({ ...one, won: [...one.won, { split, branch: index }] }));
    });
    return () => tails.flatMap((tail) => tail());
  }

  #noBatch({ instance, span, text }: GraphEnd): void {
    const { symbol } = instance?.signature ?? {};
    const message =
      symbol === undefined
        ? `\`${text}\` is an output of this pipeline and answers nothing; \`first\` waits for an answer.`
        : `\`${symbol.name}\` is a stream; \`first\` asks several for one answer, so each has to be \`batch\`.`;
    this.#report("MESH5011", span, message, {
      hint: symbol === undefined ? undefined : "For streams there is `any(fastest) [ … ]`.",
      related:
        symbol === undefined
          ? []
          : [{ place: { source: symbol.file.source, span: symbol.syntax.name.span }, message: "declared here" }],
    });
  }

  /** What hedges asks on its own account, so that each has to allow it. */
  #notTwice({ instance, span }: GraphEnd): void {
    const { symbol } = instance?.signature ?? {};
    if (symbol === undefined) return;
    const message = `\`${symbol.name}\` is not \`idempotent\`; \`stagger: auto\` asks another branch while it still works, and stops it then.`;
    this.#report("MESH5016", span, message, {
      hint: "Say `idempotent` there, or give `stagger` a duration.",
      related: [{ place: { source: symbol.file.source, span: symbol.syntax.name.span }, message: "declared here" }],
    });
  }

  #toRoute(step: RouteSyntax, sources: readonly Source[], way: Way): Outputs {
    const split = this.#split(
      headOf(step, step.field.at(-1)?.span.end ?? step.span.end),
      readRoute(step, ends(sources), this.#context),
    );
    const tails = step.cases.map((one, index): Outputs => {
      const [first, ...rest] = one.hops;
      if (first?.step === undefined) return nothing;
      const { branch, cases } = chosen(way, split, index);
      const inner = wayOf(first, { cases, more: rest.length > 0 || way.more });
      if (first.step.kind !== "Flush") this.#context.checkOptions(first.options);
      const adapt = inner.adapt || way.adapt;
      const options = merged(inner.options, way.options);
      const tail = this.#into(first.step, sources, { ...inner, adapt, options, branch });
      return this.#chain(rest, tail, { cases, more: way.more });
    });
    return () => tails.flatMap((tail) => tail());
  }

  #flush(step: FlushSyntax, sources: readonly Source[], way: Way): Outputs {
    const { graph, marks } = this.#context;
    const { target } = step;
    const instance = this.#ends.instance(target);
    const name = target.text;
    if (way.more) {
      this.#report("MESH5006", step.span, "A flush gives nothing that could go on.", {
        hint: "Send the signal there too: `s -> [flush a, b]`.",
      });
    }
    for (const entry of way.options?.entries.slice(0, 1) ?? []) {
      this.#report("MESH2010", entry.name.span, "A flush has no queue, and so no options.", { hint: "Remove them." });
    }
    if (name === "") return nothing;
    const isPort = graph.signature.inputs.has(name) || graph.signature.outputs.has(name);
    if (isPort) marks.fed.add(name);
    else if (instance === undefined) this.#ends.unknown(target, false);
    for (const { end } of sources) {
      if (end.port.signal) {
        if (isPort || instance !== undefined) {
          const flush = { from: end, branch: way.branch, target: instance ?? name, arrowSpan: way.arrowSpan };
          graph.flushes.push(flush);
        }
      } else if (end.type.kind !== "unknown") {
        const message = `\`${end.text}\` gives ${describeType(end.type)}, but \`flush\` takes a signal.`;
        this.#report("MESH3001", way.arrowSpan, message, {
          related: [
            {
              place: { source: (end.instance?.signature ?? graph.signature).symbol.file.source, span: end.port.span },
              message: `\`${end.text}\` is declared here`,
            },
          ],
          hint: "Take it from an output of type `signal`.",
        });
      }
    }
    return nothing;
  }

  /** The outputs of the step that a flow starts from. */
  #sources(step: StepSyntax): Outputs {
    switch (step.kind) {
      case "Endpoint":
      case "Inline": {
        const instance = step.kind === "Inline" ? this.#context.inline(step) : this.#ends.instance(step.target);
        return () => this.#outputOf(step, instance);
      }
      case "Group": {
        if (step.branches.length === 0) this.#empty(step);
        const tails = step.branches.map((branch) => {
          this.#noQueue(branch.options);
          return this.#chain(branch.hops, this.#sources(branch.source));
        });
        return () => tails.flatMap((tail) => tail());
      }
      default: {
        const head = { start: step.span.start, end: step.span.start + choosers[step.kind].length };
        this.#report(
          "MESH5006",
          head,
          `\`${choosers[step.kind]}\` stands after an arrow; nothing comes from it here.`,
          {
            hint: "Begin the flow with a port, a node or a remote.",
          },
        );
        this.#context.marks.lostName = true;
        return nothing;
      }
    }
  }

  #link(sources: readonly Source[], to: GraphEnd, step: object, way: Way): void {
    const { graph, marks } = this.#context;
    const key = endKey(to);
    const writers = this.#writers.get(key) ?? [];
    const earlier = writers.find((one) => one.step !== step && !isChoice(one.cases, way.cases));
    marks.fed.add(key);
    // What should have come from a step that is wrong is no second source.
    if (sources.length === 0) return;
    if (earlier !== undefined) {
      this.#report("MESH5002", to.span, `\`${to.text}\` already has a source.`, {
        label: "a second source",
        related: [{ place: this.#place(earlier.span), message: "the first source" }],
        hint: "Merge both by arrival: `[a, b] -> …`.",
      });
      return;
    }
    this.#writers.set(key, [...writers, { step, cases: way.cases, span: to.span }]);
    const { adapt, arrowSpan, statement, options, branch } = way;
    for (const { end: from, won } of sources) {
      graph.links.push({ from, to, adapt, arrowSpan, statement, options, branch, won, chain: [] });
    }
  }

  #split(span: Span, plan: GraphSplit["plan"]): GraphSplit {
    const { splits } = this.#context.graph;
    const split: GraphSplit = { id: `${plan.kind}#${splits.length + 1}`, span, plan };
    splits.push(split);
    return split;
  }

  #outputOf(step: EndpointSyntax | InlineSyntax, instance: Instance | undefined): Source[] {
    const end = this.#ends.end(step, instance, "out");
    return end === undefined ? [] : [{ end, won: [] }];
  }

  #empty(group: GroupSyntax): void {
    this.#report("MESH5006", group.span, "There is nothing between these brackets.", {
      hint: "Name the branches: `[a, b]`.",
    });
  }

  /** Options of a branch that frames come from: no arrow leads to it. */
  #noQueue(options: OptionsSyntax | undefined): void {
    for (const { name } of options?.entries.slice(0, 1) ?? []) {
      this.#report(
        "MESH2010",
        name.span,
        "Frames come from here; there is no queue before it that could have options.",
        {
          hint: "Write them after the step that the arrow leads to: `[a, b] -> c with { … }`.",
        },
      );
    }
  }

  #place(span: Span) {
    return { source: this.#context.file.source, span };
  }

  #report(code: DiagnosticCode, span: Span, message: string, details: Details = {}): void {
    this.#context.reporter.report(code, this.#context.file.source, span, message, details);
  }
}

const outermost = { more: false, cases: [] };

function wayOf(hop: HopSyntax, { more, cases }: Pick<Way, "more" | "cases">): Way {
  const { arrow, arrowSpan, options } = hop;
  return { adapt: arrow === "~>", arrowSpan, statement: hop, options, branch: [], more, cases };
}

function within(way: Way, split: GraphSplit, branch: number): Way {
  return { ...way, branch: [...way.branch, { split, branch }] };
}

/** A branch of a choice: a frame that takes it takes no other. */
function chosen(way: Way, split: GraphSplit, branch: number): Way {
  return { ...within(way, split, branch), cases: [...way.cases, { split, branch }] };
}

/** True when two places are in different branches of one choice, so that no frame reaches both. */
function isChoice(a: Way["cases"], b: Way["cases"]): boolean {
  return a.some((one) => b.some((other) => one.split === other.split && one.branch !== other.branch));
}

function ends(sources: readonly Source[]): GraphEnd[] {
  return sources.map((one) => one.end);
}

/** What the nearer arrow says, and of the farther one what the nearer leaves open. */
function merged(near: OptionsSyntax | undefined, far: OptionsSyntax | undefined): OptionsSyntax | undefined {
  if (near === undefined || far === undefined) return near ?? far;
  const said = new Set(near.entries.map((one) => one.name.text));
  return { ...near, entries: [...near.entries, ...far.entries.filter((one) => !said.has(one.name.text))] };
}
