import type { FlowSyntax, InstanceSyntax, LetSyntax, NameSyntax, RemoteSyntax } from "../../grammar/syntax.ts";
import type { PlanValue, PolicyPlan } from "../../runtime/interface/plan.ts";
import { freshId, type Converters } from "./adapt.ts";
import type { CheckedPipeline, PipelineSymbol } from "./checked-pipeline.ts";
import { checkConformance } from "./conform.ts";
import { FlowReader } from "./flow.ts";
import type { PipelineGraph } from "./graph.ts";
import { checkGraph } from "./graph-rules.ts";
import { portTypes, readArguments, type Instance } from "./instances.ts";
import { readLinkOptions } from "./options.ts";
import { readPolicy } from "./policies.ts";
import { kindWords } from "./program.ts";
import type { Reporter } from "./reporter.ts";
import type { Scope } from "./scope.ts";
import type { Signature, SignatureReader } from "./signature.ts";
import { solve } from "./solve.ts";
import type { Schemas } from "../../runtime/interface/caps.ts";
import type { ValueReader } from "./values.ts";

export interface PipelineTools {
  readonly scope: Scope;
  readonly reporter: Reporter;
  readonly signatures: SignatureReader;
  readonly values: ValueReader;
  readonly schemas: Schemas;
  /** The nodes that `~>` may insert in a file. */
  converters(symbol: PipelineSymbol): Converters;
}

/** Checks one pipeline: names, ports, links, formats. */
export function checkPipeline(symbol: PipelineSymbol, tools: PipelineTools): CheckedPipeline {
  const { file, syntax } = symbol;
  const { reporter, scope, signatures } = tools;
  const signature = signatures.read(symbol);
  const graph: PipelineGraph = {
    symbol,
    signature,
    own: ownPorts(signature),
    instances: new Map(),
    lets: new Map(),
    remotes: new Map(),
    links: [],
  };
  const policies = new Map<string, PolicyPlan>();
  const used = new Set<string>();

  const use = (id: string, instance: InstanceSyntax): Instance | undefined => {
    const callee = scope.resolve(file, instance.callee, ["Node", "Pipeline"], "a node or pipeline");
    if (callee === undefined) return undefined;
    const calleeSignature = signatures.read(callee);
    const args = readArguments(file, instance, calleeSignature, signature.params, tools.values, reporter);
    if (callee.syntax.kind === "Pipeline") {
      reporter.report(
        "MESH5007",
        file.source,
        instance.callee.span,
        "A pipeline in the place of a node is part of the language, but this compiler cannot build it yet.",
        {
          hint: `Reach it through a remote: \`remote x: … { at ${callee.name}() }\`.`,
        },
      );
      return undefined;
    }
    return makeInstance(id, "node", calleeSignature, args, instance.span);
  };

  const declareName = (name: NameSyntax): boolean => {
    if (name.text === "") return false;
    const port = signature.inputs.get(name.text) ?? signature.outputs.get(name.text);
    const earlier = port?.span ?? (graph.lets.get(name.text) ?? graph.remotes.get(name.text))?.name.span;
    if (earlier === undefined) return true;
    reporter.report("MESH2003", file.source, name.span, `\`${name.text}\` is already a name in this pipeline.`, {
      label: "declared again here",
      related: [{ place: { source: file.source, span: earlier }, message: "first declared here" }],
      hint: "Give one of them another name.",
    });
    return false;
  };

  const addLet = (member: LetSyntax): void => {
    if (!declareName(member.name)) return;
    graph.lets.set(member.name.text, member);
    const instance = member.value && use(member.name.text, member.value);
    if (instance !== undefined) graph.instances.set(instance.id, instance);
  };

  const addRemote = (member: RemoteSyntax): void => {
    if (!declareName(member.name)) return;
    graph.remotes.set(member.name.text, member);
    const contract = member.interface && scope.resolve(file, member.interface, ["Interface"], "an interface");
    policies.set(member.name.text, readPolicy(file, member, scope, reporter));
    if (contract === undefined) return;
    graph.instances.set(
      member.name.text,
      makeInstance(member.name.text, "remote", signatures.read(contract), new Map(), member.name.span),
    );
  };

  for (const member of syntax.members) {
    if (member.kind === "Let") addLet(member);
    else if (member.kind === "Remote") addRemote(member);
  }
  const flows = syntax.members.filter((member): member is FlowSyntax => member.kind === "Flow");
  const reader = new FlowReader({
    file,
    graph,
    reporter,
    inline: (step) => {
      const instance = use(freshId(graph, step.instance.callee.text, []), step.instance);
      if (instance !== undefined) graph.instances.set(instance.id, instance);
      return instance;
    },
    markUsed: (name) => used.add(name),
    declared: (name) => {
      const found = scope.find(file, name);
      return found?.syntax.kind === "Node" || found?.syntax.kind === "Pipeline"
        ? kindWords[found.syntax.kind]
        : undefined;
    },
  });
  for (const flow of flows) reader.read(flow);
  for (const options of new Set(graph.links.map((link) => link.options))) readLinkOptions(file, options, reporter);
  solve(graph, tools.schemas, tools.converters(symbol), reporter);
  checkGraph(graph, used, reporter);
  const checked: CheckedPipeline = { symbol, graph, policies };
  const contract = syntax.conformsTo && scope.resolve(file, syntax.conformsTo, ["Interface"], "an interface");
  if (contract !== undefined) checkConformance(checked, signatures.read(contract), tools.schemas, reporter);
  return checked;
}

function ownPorts(signature: Signature): PipelineGraph["own"] {
  const inputs = new Map();
  const outputs = new Map();
  // Each own port is named by itself in explanations, so each is solved under its own name.
  for (const [name] of signature.inputs) inputs.set(name, portTypes(name, signature, new Map()).inputs.get(name));
  for (const [name] of signature.outputs) outputs.set(name, portTypes(name, signature, new Map()).outputs.get(name));
  return { inputs, outputs, paramCells: new Map() };
}

function makeInstance(
  id: string,
  kind: Instance["kind"],
  signature: Signature,
  args: ReadonlyMap<string, PlanValue>,
  span: Instance["span"],
): Instance {
  const types = portTypes(id, signature, args);
  return { id, kind, signature, args, ...types, span, inserted: false };
}
