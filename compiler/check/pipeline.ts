import type { FlowSyntax, InstanceSyntax, LetSyntax, NameSyntax, RemoteSyntax } from "../../grammar/syntax.ts";
import type { Schemas } from "../../runtime/interface/caps.ts";
import type { PolicyPlan } from "../../runtime/interface/plan.ts";
import { freshId, type Converters } from "./adapt.ts";
import { readArguments } from "./arguments.ts";
import { checkConformance } from "./conform.ts";
import { FlowMarks } from "./flow-marks.ts";
import { FlowReader } from "./flow.ts";
import {
  declarationOf,
  type CheckedPipeline,
  type Instance,
  type PipelineGraph,
  type PipelineSymbol,
} from "./graph.ts";
import { checkGraph } from "./graph-rules.ts";
import { mostNodes, nodeInstance, pipelineInstance } from "./inline.ts";
import { portTypes } from "./instances.ts";
import { readLinkOptions, readRunOptions } from "./options.ts";
import { ParameterLimits } from "./parameter.ts";
import { checkDefaults } from "./parameter-rules.ts";
import { readPolicy } from "./policies.ts";
import { kindWords, type SignatureSymbol } from "./program.ts";
import type { Reporter } from "./reporter.ts";
import type { Scope } from "./scope.ts";
import type { SignatureReader } from "./signature.ts";
import { solve } from "./solve.ts";
import type { ValueReader } from "./values.ts";

export interface PipelineTools {
  readonly scope: Scope;
  readonly reporter: Reporter;
  readonly signatures: SignatureReader;
  readonly values: ValueReader;
  readonly schemas: Schemas;
  /** The nodes that `~>` may insert in a file. */
  converters(symbol: PipelineSymbol): Converters;
  /**
   * A pipeline that stands in another one, checked before it.
   * @returns undefined where it stands in itself, which has been reported
   */
  checked(symbol: PipelineSymbol, use: NameSyntax, user: PipelineSymbol): CheckedPipeline | undefined;
}

/** Words that begin a step of their own. */
const stepWords: readonly string[] = ["any", "first", "route", "flush"];

/** Checks one pipeline: names, ports, links, formats. */
export function checkPipeline(symbol: PipelineSymbol, tools: PipelineTools): CheckedPipeline {
  return new PipelineChecker(symbol, tools).check();
}

class PipelineChecker {
  readonly #symbol: PipelineSymbol;
  readonly #tools: PipelineTools;
  readonly #graph: PipelineGraph;
  readonly #policies = new Map<string, PolicyPlan>();
  readonly #marks = new FlowMarks();
  readonly #limits = new ParameterLimits();
  #size = 0;

  constructor(symbol: PipelineSymbol, tools: PipelineTools) {
    this.#symbol = symbol;
    this.#tools = tools;
    const signature = tools.signatures.read(symbol);
    this.#graph = {
      symbol,
      signature,
      own: portTypes(symbol.name, signature, new Map(), { absent: "own" }),
      instances: new Map(),
      lets: new Map(),
      remotes: new Map(),
      links: [],
      splits: [],
      flushes: [],
    };
  }

  check(): CheckedPipeline {
    const graph = this.#graph;
    const { syntax, file } = this.#symbol;
    const { reporter, scope, signatures, schemas } = this.#tools;
    for (const port of [...graph.signature.inputs.values(), ...graph.signature.outputs.values()]) {
      this.#mayName(port.name, port.span);
    }
    for (const member of syntax.members) {
      if (member.kind === "Let") this.#addLet(member);
      else if (member.kind === "Remote") this.#addRemote(member);
    }
    const flows = syntax.members.filter((member): member is FlowSyntax => member.kind === "Flow");
    const reader = this.#flowReader();
    for (const flow of flows) reader.read(flow);
    solve(graph, schemas, this.#tools.converters(this.#symbol), reporter);
    const passes = checkGraph(graph, this.#marks, reporter);
    const params = this.#limits.apply(graph.signature.params);
    checkDefaults(graph, this.#limits, reporter);
    const inserted = [...graph.instances.values()].filter((one) => one.inserted).length;
    const size = this.#size + inserted;
    const checked = { symbol: this.#symbol, graph, policies: this.#policies, params, passes, size };
    const contract = syntax.conformsTo && scope.resolve(file, syntax.conformsTo, ["Interface"], "an interface");
    if (contract !== undefined) checkConformance(checked, signatures.read(contract), schemas, reporter);
    signatures.refine(this.#symbol, params);
    return checked;
  }

  #flowReader(): FlowReader {
    const graph = this.#graph;
    const { file } = this.#symbol;
    const { reporter, scope, schemas, values } = this.#tools;
    return new FlowReader({
      file,
      graph,
      reporter,
      schemas,
      values,
      params: graph.signature.params,
      marks: this.#marks,
      inline: (step) => {
        if (this.#isCalled(step.instance.callee)) return undefined;
        const instance = this.#use(freshId(graph, step.instance.callee.text, []), step.instance);
        if (instance !== undefined) graph.instances.set(instance.id, instance);
        return instance;
      },
      declared: (name) => {
        const found = scope.find(file, name);
        const kind = found?.syntax.kind;
        return kind === "Node" || kind === "Pipeline" || kind === "Peer" ? kindWords[kind] : undefined;
      },
      isLost: (name) => file.lost.has(name),
      checkOptions: (options) => void readLinkOptions(file, options, reporter),
    });
  }

  /** `vad()`, which stands for what has a name in this pipeline already. */
  #isCalled({ text, span }: NameSyntax): boolean {
    const { file } = this.#symbol;
    const { lets, remotes, signature } = this.#graph;
    const port = signature.inputs.get(text) ?? signature.outputs.get(text);
    const kind = lets.has(text) ? "a let" : remotes.has(text) ? "a remote" : port && "a port";
    if (kind === undefined || this.#tools.scope.find(file, text) !== undefined) return false;
    this.#marks.used.add(text);
    this.#marks.unclear.add(text);
    this.#marks.fed.add(text);
    const message = `\`${text}\` is ${kind} of this pipeline, not a node; it stands without parentheses.`;
    this.#tools.reporter.report("MESH2007", file.source, span, message, { hint: `Write \`${text}\`.` });
    return true;
  }

  #addLet(member: LetSyntax): void {
    const run = readRunOptions(this.#symbol.file, member.options, this.#tools.reporter);
    if (!this.#declareName(member.name)) return;
    this.#graph.lets.set(member.name.text, member);
    const instance = member.value && this.#use(member.name.text, member.value);
    if (instance !== undefined) this.#graph.instances.set(instance.id, { ...instance, run });
  }

  #addRemote(member: RemoteSyntax): void {
    if (!this.#declareName(member.name)) return;
    const { file } = this.#symbol;
    const { scope, signatures, reporter } = this.#tools;
    const id = member.name.text;
    this.#graph.remotes.set(id, member);
    const contract = member.interface && scope.resolve(file, member.interface, ["Interface"], "an interface");
    this.#policies.set(id, readPolicy(file, member, scope, reporter));
    if (contract === undefined) return;
    const signature = signatures.read(contract);
    const args = new Map();
    const types = portTypes(id, signature, args);
    const { span } = member.name;
    this.#size += 1;
    this.#graph.instances.set(id, { id, kind: "remote", signature, args, ...types, span, inserted: false });
  }

  /** One use of a node or pipeline. */
  #use(id: string, syntax: InstanceSyntax): Instance | undefined {
    const { file } = this.#symbol;
    const { scope, signatures, values, reporter } = this.#tools;
    const { text: name, span } = syntax.callee;
    if (scope.find(file, name)?.syntax.kind === "Peer") {
      const message = `\`${name}\` is a peer; a node or pipeline is needed here.`;
      // Without parentheses a peer's pipeline looks like half a node; what is wrong is that it is none.
      reporter.report("MESH2007", file.source, span, message, {
        supersedes: "MESH1024",
        hint: `Declare \`remote x: Interface { at ${name}.Pipeline }\` for what runs there.`,
      });
      return undefined;
    }
    const callee = scope.resolve(file, syntax.callee, ["Node", "Pipeline"], "a node or pipeline");
    if (callee === undefined) return undefined;
    const checked =
      callee.syntax.kind === "Pipeline"
        ? this.#tools.checked(callee as PipelineSymbol, syntax.callee, this.#symbol)
        : undefined;
    if (callee.syntax.kind === "Pipeline" && checked === undefined) return undefined;
    const signature = signatures.read(callee as SignatureSymbol);
    const failed = new Set<string>();
    const own = this.#graph.signature.params;
    const options = { solved: true, limits: this.#limits, failed };
    const args = readArguments(file, syntax, signature, own, values, reporter, options);
    const use = { id, signature, args, failed, syntax, span: syntax.span };
    this.#size += checked?.size ?? 1;
    if (checked === undefined) return nodeInstance(use, this.#graph, reporter);
    if (this.#size > mostNodes) {
      const message = `\`${this.#symbol.name}\` has more than ${mostNodes.toLocaleString("en-US")} nodes with those of the pipelines in it.`;
      reporter.report("MESH5014", file.source, syntax.callee.span, message, {
        hint: "Run some of it as a remote.",
      });
      this.#size = 0;
      return undefined;
    }
    return pipelineInstance(use, checked, this.#graph, reporter);
  }

  #declareName(name: NameSyntax): boolean {
    if (name.text === "") return false;
    const earlier = declarationOf(this.#graph, name.text);
    if (earlier === undefined) return this.#mayName(name.text, name.span);
    const { source } = this.#symbol.file;
    this.#marks.ambiguous.add(name.text);
    const message = `\`${name.text}\` is already a name in this pipeline.`;
    this.#tools.reporter.report("MESH2003", source, name.span, message, {
      label: "declared again here",
      related: [{ place: { source, span: earlier }, message: "first declared here" }],
      hint: "Give one of them another name.",
    });
    return false;
  }

  /** `any [ … ]` after an arrow is a choice, so no step of a flow can be called `any`. */
  #mayName(name: string, span: NameSyntax["span"]): boolean {
    if (!stepWords.includes(name)) return true;
    this.#marks.ambiguous.add(name);
    const message = `\`${name}\` begins a step of its own; nothing in a pipeline can be called that.`;
    this.#tools.reporter.report("MESH2012", this.#symbol.file.source, span, message, {
      hint: "Give it another name.",
    });
    return false;
  }
}
