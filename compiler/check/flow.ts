import type {
  BranchSyntax,
  EndpointSyntax,
  FlowSyntax,
  GroupSyntax,
  HopSyntax,
  InlineSyntax,
  NameSyntax,
  Span,
  StepSyntax,
} from "../../grammar/syntax.ts";
import { suggest } from "../diagnostics/suggest.ts";
import { endKey, type GraphEnd, type PipelineGraph } from "./graph.ts";
import type { Instance } from "./instances.ts";
import { listed } from "./load.ts";
import type { FileInfo } from "./program.ts";
import { replaceFix, type Reporter } from "./reporter.ts";
import { defaultPort, type PortInfo } from "./signature.ts";

/** What the reader of flows needs from the pipeline around it. */
export interface FlowContext {
  readonly file: FileInfo;
  readonly graph: PipelineGraph;
  readonly reporter: Reporter;
  /** Makes an unnamed node in place; undefined after a reported mistake. */
  inline(step: InlineSyntax): Instance | undefined;
  /** Names a `let`, `remote` or declaration was used by. */
  markUsed(name: string): void;
  /** Words for a name that is a node or pipeline declaration rather than an instance; undefined for other names. */
  declared(name: string): string | undefined;
}

/** The outputs that a step gives to the next arrow; asked for only where there is one. */
type Outputs = () => GraphEnd[];

const unsupported: Readonly<Record<string, string>> = {
  Any: "`any`",
  First: "`first`",
  Route: "`route`",
  Flush: "`flush`",
};

/** Turns arrows into links between ports. */
export class FlowReader {
  readonly #context: FlowContext;
  readonly #writers = new Map<string, { readonly statement: object; readonly span: Span }>();
  /** Steps that something is wrong with: said once, though a step is looked at as a target and as a source. */
  readonly #failed = new Set<StepSyntax>();

  constructor(context: FlowContext) {
    this.#context = context;
  }

  read(flow: FlowSyntax): void {
    if (flow.hops.length === 0) return;
    this.#chain(flow.hops, this.#sources(flow.source));
  }

  #chain(hops: readonly HopSyntax[], from: Outputs): Outputs {
    let outputs = from;
    hops.forEach((hop, index) => {
      if (hop.step === undefined) {
        outputs = () => [];
        return;
      }
      outputs = this.#into(hop.step, outputs(), hop, index < hops.length - 1);
    });
    return outputs;
  }

  /** Links the sources to a step; the result gives the outputs of that step. */
  #into(step: StepSyntax, sources: readonly GraphEnd[], hop: HopSyntax, more: boolean): Outputs {
    switch (step.kind) {
      case "Endpoint":
      case "Inline": {
        const instance = step.kind === "Inline" ? this.#context.inline(step) : this.#instance(step.target);
        if (more && step.port !== undefined) {
          this.#report("MESH5006", step.port.span, "A step between two arrows names no port.", {
            hint: `Split the flow in two: one that ends in \`${this.#text(step)}\`, one that starts from an output.`,
          });
          return () => [];
        }
        const target = this.#input(step, instance);
        if (target !== undefined) for (const source of sources) this.#link(source, target, hop);
        return () => (instance === undefined && step.kind === "Inline" ? [] : this.#outputOf(step, instance));
      }
      case "Group": {
        const tails = step.branches.map((branch) => this.#branch(branch, sources, hop, more));
        return () => tails.flatMap((tail) => tail());
      }
      default:
        this.#notYet(step.kind, step.span);
        return () => [];
    }
  }

  #branch(branch: BranchSyntax, sources: readonly GraphEnd[], hop: HopSyntax, more: boolean): Outputs {
    const first = this.#into(branch.source, sources, hop, more || branch.hops.length > 0);
    return this.#chain(branch.hops, first);
  }

  /** The outputs of the step that a flow starts from. */
  #sources(step: StepSyntax): Outputs {
    switch (step.kind) {
      case "Endpoint": {
        const instance = this.#instance(step.target);
        return () => this.#outputOf(step, instance);
      }
      case "Inline": {
        const instance = this.#context.inline(step);
        return () => (instance === undefined ? [] : this.#outputOf(step, instance));
      }
      case "Group":
        return this.#merge(step);
      default:
        this.#notYet(step.kind, step.span);
        return () => [];
    }
  }

  #merge(group: GroupSyntax): Outputs {
    const tails = group.branches.map((branch) => this.#chain(branch.hops, this.#sources(branch.source)));
    return () => tails.flatMap((tail) => tail());
  }

  #link(from: GraphEnd, to: GraphEnd, hop: HopSyntax): void {
    const earlier = this.#writers.get(endKey(to));
    if (earlier !== undefined && earlier.statement !== hop) {
      this.#report("MESH5002", to.span, `\`${to.text}\` already has a source.`, {
        label: "a second source",
        related: [{ place: this.#place(earlier.span), message: "the first source" }],
        hint: "Merge both by arrival: `[a, b] -> …`.",
      });
      return;
    }
    this.#writers.set(endKey(to), { statement: hop, span: to.span });
    this.#context.graph.links.push({
      from,
      to,
      adapt: hop.arrow === "~>",
      arrowSpan: hop.arrowSpan,
      statement: hop,
      options: hop.options,
      chain: [],
    });
  }

  /** The instance that a name stands for; undefined for the pipeline's own ports and for what is reported elsewhere. */
  #instance(name: NameSyntax): Instance | undefined {
    this.#context.markUsed(name.text);
    return this.#context.graph.instances.get(name.text);
  }

  #outputOf(step: EndpointSyntax | InlineSyntax, instance: Instance | undefined): GraphEnd[] {
    const end = this.#end(step, instance, "out");
    return end === undefined ? [] : [end];
  }

  #input(step: EndpointSyntax | InlineSyntax, instance: Instance | undefined): GraphEnd | undefined {
    if (step.kind === "Inline" && instance === undefined) return undefined;
    return this.#end(step, instance, "in");
  }

  #end(
    step: EndpointSyntax | InlineSyntax,
    instance: Instance | undefined,
    direction: "in" | "out",
  ): GraphEnd | undefined {
    if (this.#failed.has(step)) return undefined;
    const end = this.#find(step, instance, direction);
    if (end === undefined) this.#failed.add(step);
    return end;
  }

  #find(
    step: EndpointSyntax | InlineSyntax,
    instance: Instance | undefined,
    direction: "in" | "out",
  ): GraphEnd | undefined {
    if (instance === undefined) return step.kind === "Endpoint" ? this.#ownPort(step, direction) : undefined;
    const { signature } = instance;
    const ports = direction === "in" ? signature.inputs : signature.outputs;
    const port =
      step.port === undefined
        ? this.#defaultPort(step, ports, direction)
        : this.#namedPort(step.port, instance, ports, direction);
    if (port === undefined) return undefined;
    const type = (direction === "in" ? instance.inputs : instance.outputs).get(port.name);
    const text = ports.size > 1 || step.port !== undefined ? `${instance.id}.${port.name}` : instance.id;
    return type && { instance, port, type, text, span: step.span };
  }

  #ownPort(step: EndpointSyntax, direction: "in" | "out"): GraphEnd | undefined {
    const { graph } = this.#context;
    const name = step.target.text;
    if (name === "") return undefined;
    // Inside a pipeline its inputs are where frames come from, and its outputs where they go.
    const ports = direction === "out" ? graph.signature.inputs : graph.signature.outputs;
    const opposite = direction === "out" ? graph.signature.outputs : graph.signature.inputs;
    const port = ports.get(name);
    if (port !== undefined) {
      const type = (direction === "out" ? graph.own.inputs : graph.own.outputs).get(name);
      if (step.port !== undefined) {
        this.#report("MESH2002", step.port.span, `\`${name}\` is a port of the pipeline; it has no ports of its own.`);
        return undefined;
      }
      return type && { instance: undefined, port, type, text: name, span: step.span };
    }
    if (opposite.has(name)) {
      this.#report(
        "MESH5006",
        step.target.span,
        direction === "out"
          ? `\`${name}\` is an output of this pipeline: frames go into it, none can be taken from it here.`
          : `\`${name}\` is an input of this pipeline: frames come from it, none can be sent into it here.`,
      );
      return undefined;
    }
    this.#unknownName(step.target);
    return undefined;
  }

  #unknownName(name: NameSyntax): void {
    const { graph, declared, file } = this.#context;
    const kind = declared(name.text);
    if (kind !== undefined) {
      this.#report("MESH2007", name.span, `\`${name.text}\` is ${kind}; a flow goes through a use of it.`, {
        hint: `Write \`${name.text}()\`, or name a use: \`let x = ${name.text}()\`.`,
        fixes: [replaceFix(`Change to \`${name.text}()\``, file.source, name.span, `${name.text}()`, false)],
      });
      return;
    }
    const known = [
      ...graph.signature.inputs.keys(),
      ...graph.signature.outputs.keys(),
      ...graph.lets.keys(),
      ...graph.remotes.keys(),
    ];
    // What was declared but could not be read has been reported there.
    if (graph.lets.has(name.text) || graph.remotes.has(name.text)) return;
    const near = suggest(name.text, known);
    this.#report("MESH2001", name.span, `Nothing named \`${name.text}\` is in this pipeline.`, {
      hint: near === undefined ? listed("It has", known) : `Did you mean \`${near}\`?`,
      fixes: near === undefined ? [] : [replaceFix(`Change to \`${near}\``, file.source, name.span, near, false)],
    });
  }

  #namedPort(
    name: NameSyntax,
    instance: Instance,
    ports: ReadonlyMap<string, PortInfo>,
    direction: "in" | "out",
  ): PortInfo | undefined {
    const port = ports.get(name.text);
    if (port !== undefined || name.text === "") return port;
    const { signature } = instance;
    const opposite = direction === "in" ? signature.outputs : signature.inputs;
    if (opposite.has(name.text)) {
      const side =
        direction === "in"
          ? "an output; before an arrow a port is an output, after one an input"
          : "an input; after an arrow a port is an input, before one an output";
      this.#report("MESH5006", name.span, `\`${instance.id}.${name.text}\` is ${side}.`);
      return undefined;
    }
    const near = suggest(name.text, [...ports.keys()]);
    const word = direction === "in" ? "input" : "output";
    this.#report("MESH2002", name.span, `\`${signature.symbol.name}\` has no ${word} named \`${name.text}\`.`, {
      hint:
        near === undefined
          ? (listed(`Its ${word}s are`, [...ports.keys()]) ?? `It has no ${word}s.`)
          : `Did you mean \`${near}\`?`,
      fixes:
        near === undefined
          ? []
          : [replaceFix(`Change to \`${near}\``, this.#context.file.source, name.span, near, false)],
      related: [
        {
          place: { source: signature.symbol.file.source, span: signature.symbol.syntax.name.span },
          message: "declared here",
        },
      ],
    });
    return undefined;
  }

  #defaultPort(
    step: EndpointSyntax | InlineSyntax,
    ports: ReadonlyMap<string, PortInfo>,
    direction: "in" | "out",
  ): PortInfo | undefined {
    const port = defaultPort(ports);
    if (port !== undefined) return port;
    const name = this.#text(step);
    const word = direction === "in" ? "input" : "output";
    if (ports.size === 0) {
      this.#report("MESH5006", step.span, `\`${name}\` has no ${word}.`);
      return undefined;
    }
    this.#report("MESH5005", step.span, `\`${name}\` has several ${word}s; say which one.`, {
      hint: listed(
        "Write",
        [...ports.keys()].map((one) => `${name}.${one}`),
      ),
    });
    return undefined;
  }

  #notYet(kind: string, span: Span): void {
    this.#report(
      "MESH5007",
      span,
      `${unsupported[kind] ?? "This form"} is part of the language, but this compiler cannot build it yet.`,
    );
  }

  #text(step: EndpointSyntax | InlineSyntax): string {
    return step.kind === "Endpoint" ? step.target.text : `${step.instance.callee.text}()`;
  }

  #place(span: Span) {
    return { source: this.#context.file.source, span };
  }

  #report(
    ...[code, span, message, details]: [
      Parameters<Reporter["report"]>[0],
      Span,
      string,
      Parameters<Reporter["report"]>[4]?,
    ]
  ): void {
    this.#context.reporter.report(code, this.#context.file.source, span, message, details);
  }
}
