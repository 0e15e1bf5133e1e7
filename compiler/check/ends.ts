import type { EndpointSyntax, InlineSyntax, NameSyntax, Span, StepSyntax } from "../../grammar/syntax.ts";
import { suggest } from "../diagnostics/suggest.ts";
import type { FlowMarks } from "./flow-marks.ts";
import { namedInstance, nameOf, namesOf, type GraphEnd, type Instance, type PipelineGraph } from "./graph.ts";
import { listed } from "./load.ts";
import { kindWords, type FileInfo } from "./program.ts";
import { replaceFix, type Details, type Reporter } from "./reporter.ts";
import { defaultPort, type PortInfo } from "./signature.ts";
import type { DiagnosticCode } from "../diagnostics/catalog.ts";

type Direction = "in" | "out";

export interface EndContext {
  readonly file: FileInfo;
  readonly graph: PipelineGraph;
  readonly reporter: Reporter;
  readonly marks: FlowMarks;
  /** Words for a name that is a node or pipeline declaration rather than an instance; undefined for other names. */
  declared(name: string): string | undefined;
  /** True when the declaration of a name is wrong, which has been said there. */
  isLost(name: string): boolean;
}

/** Finds the port that a step means as a source or as a target. */
export class EndReader {
  readonly #context: EndContext;
  /** Steps that something is wrong with: said once, though a step is looked at as a target and as a source. */
  readonly #failed = new Set<StepSyntax>();

  constructor(context: EndContext) {
    this.#context = context;
  }

  /** The instance that a name stands for; undefined for the pipeline's own ports and for what is wrong. */
  instance(name: NameSyntax): Instance | undefined {
    const { graph, marks } = this.#context;
    marks.used.add(name.text);
    return marks.ambiguous.has(name.text) ? undefined : namedInstance(graph, name.text);
  }

  /** @returns undefined after a mistake that has been reported, here or where the name is declared */
  end(step: EndpointSyntax | InlineSyntax, instance: Instance | undefined, direction: Direction): GraphEnd | undefined {
    if (this.#failed.has(step)) return undefined;
    if (step.kind === "Inline" && instance === undefined) return undefined;
    const end = instance === undefined ? this.#ownPort(step, direction) : this.#port(step, instance, direction);
    if (end === undefined) this.#failed.add(step);
    return end;
  }

  /**
   * Says that a name means nothing here, and what it could be.
   * @param isStep false where only a name may stand, so that an unnamed node is no way out
   */
  unknown(name: NameSyntax, isStep = true): void {
    const { graph, declared, isLost, file, marks } = this.#context;
    if (name.text === "" || isLost(name.text) || marks.ambiguous.has(name.text)) {
      marks.lostName = true;
      return;
    }
    marks.lostNames.add(name.text);
    if (graph.lets.has(name.text) || graph.remotes.has(name.text)) return;
    const kind = declared(name.text);
    if (kind === kindWords.Peer) {
      this.#report("MESH2007", name.span, `\`${name.text}\` is ${kind}; a flow reaches what it runs by a remote.`, {
        hint: `Declare \`remote x: Interface { at ${name.text}.Pipeline }\` and name \`x\` here.`,
      });
      return;
    }
    if (kind !== undefined) {
      this.#report("MESH2007", name.span, `\`${name.text}\` is ${kind}; a flow goes through a use of it.`, {
        hint: `${isStep ? `Write \`${name.text}()\`, or name a use` : "Name a use"}: \`let x = ${name.text}()\`.`,
        fixes: isStep
          ? [replaceFix(`Change to \`${name.text}()\``, file.source, name.span, `${name.text}()`, false)]
          : [],
      });
      return;
    }
    if (file.damage.mayName(name.span, name.text)) return;
    const known = namesOf(graph);
    const near = suggest(name.text, known);
    this.#report("MESH2001", name.span, `Nothing named \`${name.text}\` is in this pipeline.`, {
      hint: near === undefined ? listed("It has", known) : `Did you mean \`${near}\`?`,
      fixes: near === undefined ? [] : [replaceFix(`Change to \`${near}\``, file.source, name.span, near, false)],
      cause: `nothing named ${name.text} in ${graph.symbol.key}`,
    });
  }

  #port(step: EndpointSyntax | InlineSyntax, instance: Instance, direction: Direction): GraphEnd | undefined {
    const { signature } = instance;
    const ports = direction === "in" ? signature.inputs : signature.outputs;
    const port =
      step.port === undefined
        ? this.#defaultPort(step, instance, ports, direction)
        : this.#namedPort(step.port, instance, ports, direction);
    const type = port && (direction === "in" ? instance.inputs : instance.outputs).get(port.name);
    if (port === undefined || type === undefined) {
      this.#context.marks.unclear.add(instance.id);
      return undefined;
    }
    const own = nameOf(instance);
    const text = ports.size > 1 || step.port !== undefined ? `${own}.${port.name}` : own;
    return { instance, port, type, text, span: step.span };
  }

  #ownPort(step: EndpointSyntax | InlineSyntax, direction: Direction): GraphEnd | undefined {
    const { graph, marks } = this.#context;
    if (step.kind === "Inline") return undefined;
    const name = step.target.text;
    const lost = (): undefined => {
      if (direction === "in") marks.lostTarget = true;
      marks.lostName = true;
    };
    if (name === "" || marks.ambiguous.has(name) || graph.signature.lost.has(name)) return lost();
    // What was declared but could not be read has been reported there.
    if (graph.lets.has(name) || graph.remotes.has(name)) return undefined;
    // Inside a pipeline its inputs are where frames come from, and its outputs where they go.
    const ports = direction === "out" ? graph.signature.inputs : graph.signature.outputs;
    const opposite = direction === "out" ? graph.signature.outputs : graph.signature.inputs;
    const port = ports.get(name);
    if (port !== undefined) {
      const type = (direction === "out" ? graph.own.inputs : graph.own.outputs).get(name);
      if (step.port === undefined) return type && { instance: undefined, port, type, text: name, span: step.span };
      marks.fed.add(name);
      this.#report("MESH2002", step.port.span, `\`${name}\` is a port of the pipeline; it has no ports of its own.`);
      return undefined;
    }
    if (!opposite.has(name)) {
      if (direction === "in") marks.lostTargets.add(name);
      this.unknown(step.target);
      return undefined;
    }
    if (direction === "in") marks.lostTarget = true;
    this.#report(
      "MESH5006",
      step.target.span,
      direction === "out"
        ? `\`${name}\` is an output of this pipeline: frames go into it, none can be taken from it here.`
        : `\`${name}\` is an input of this pipeline: frames come from it, none can be sent into it here.`,
    );
    return undefined;
  }

  #namedPort(
    name: NameSyntax,
    instance: Instance,
    ports: ReadonlyMap<string, PortInfo>,
    direction: Direction,
  ): PortInfo | undefined {
    const { signature } = instance;
    const port = ports.get(name.text);
    if (name.text === "" || signature.lost.has(name.text)) return undefined;
    if (port !== undefined) return port;
    const opposite = direction === "in" ? signature.outputs : signature.inputs;
    if (opposite.has(name.text)) {
      const side =
        direction === "in"
          ? "an output; before an arrow a port is an output, after one an input"
          : "an input; after an arrow a port is an input, before one an output";
      this.#report("MESH5006", name.span, `\`${nameOf(instance)}.${name.text}\` is ${side}.`);
      return undefined;
    }
    const near = suggest(name.text, [...ports.keys()]);
    const word = direction === "in" ? "input" : "output";
    const { symbol } = signature;
    this.#report("MESH2002", name.span, `\`${symbol.name}\` has no ${word} named \`${name.text}\`.`, {
      hint:
        near === undefined
          ? (listed(`Its ${word}s are`, [...ports.keys()]) ?? `It has no ${word}s.`)
          : `Did you mean \`${near}\`?`,
      fixes:
        near === undefined
          ? []
          : [replaceFix(`Change to \`${near}\``, this.#context.file.source, name.span, near, false)],
      related: [{ place: { source: symbol.file.source, span: symbol.syntax.name.span }, message: "declared here" }],
      about: [symbol],
      cause: `no ${word} ${name.text} of ${symbol.key}`,
    });
    return undefined;
  }

  #defaultPort(
    step: EndpointSyntax | InlineSyntax,
    { signature }: Instance,
    ports: ReadonlyMap<string, PortInfo>,
    direction: Direction,
  ): PortInfo | undefined {
    const port = defaultPort(ports);
    if (port !== undefined) return port;
    const name = this.text(step);
    const word = direction === "in" ? "input" : "output";
    const { source } = signature.symbol.file;
    // A port that could not be read may be the one that is meant.
    if (signature.lost.size > 0) return undefined;
    if (ports.size === 0) {
      const { symbol } = signature;
      this.#report("MESH5006", step.span, `\`${name}\` has no ${word}.`, {
        related: [{ place: { source, span: symbol.syntax.name.span }, message: "declared here" }],
        about: [symbol],
      });
      return undefined;
    }
    this.#report("MESH5005", step.span, `\`${name}\` has several ${word}s; say which one.`, {
      hint: listed(
        "Write",
        [...ports.keys()].map((one) => `${name}.${one}`),
      ),
      related: [...ports.values()].map((one) => ({ place: { source, span: one.span }, message: `\`${one.name}\`` })),
      about: [signature.symbol],
    });
    return undefined;
  }

  /** The step as the program names it. */
  text(step: EndpointSyntax | InlineSyntax): string {
    return step.kind === "Endpoint" ? step.target.text : `${step.instance.callee.text}()`;
  }

  #report(code: DiagnosticCode, span: Span, message: string, details: Details = {}): void {
    this.#context.reporter.report(code, this.#context.file.source, span, message, details);
  }
}
