import {
  fixDimension,
  isRange,
  type Alternative,
  type Dimension,
  type DimensionValue,
  type FlowType,
} from "../../runtime/interface/caps.ts";
import type { JsonValue } from "../../runtime/interface/frame.ts";
import {
  defaultPolicy,
  planVersion,
  type LinkEnd,
  type LinkPlan,
  type NodePlan,
  type PeerPlan,
  type PipelinePlan,
  type Plan,
  type PlanValue,
  type PortPlan,
  type RemotePlan,
  type TargetPlan,
} from "../../runtime/interface/plan.ts";
import type { Cell, SolvedType } from "../check/cells.ts";
import type { CheckedProgram } from "../check/check.ts";
import type { GraphEnd } from "../check/graph.ts";
import { portTypes, type Instance } from "../check/instances.ts";
import { joinPath } from "../check/load.ts";
import { defaultLinkOptions, readLinkOptions } from "../check/options.ts";
import type { Asked } from "../check/capabilities.ts";
import type { CheckedTarget } from "../check/targets.ts";
import type { CheckedPipeline } from "../check/checked-pipeline.ts";
import { isStandard, type SignatureSymbol } from "../check/program.ts";
import { Reporter } from "../check/reporter.ts";
import { defaultPort, type PortInfo, type Signature } from "../check/signature.ts";
import { locationOf } from "../source/source-file.ts";

const anything: FlowType = { kind: "scalar", name: "json" };

/** Turns a program without errors into a plan. */
export function lower(checked: CheckedProgram, compilerVersion: string): Plan {
  const pipelines: Record<string, PipelinePlan> = {};
  for (const [key, one] of checked.pipelines) pipelines[key] = lowerPipeline(key, one, checked, pipelines);
  const peers: Record<string, PeerPlan> = {};
  for (const [key, peer] of checked.peers) {
    const { source } = peer.symbol.file;
    peers[key] = {
      name: peer.symbol.name,
      runs: peer.runs.map((run) => ({
        pipeline: run.pipeline.key,
        as: run.as,
        params: Object.fromEntries(run.args),
        ...(run.shared && { shared: true }),
      })),
      listens: peer.listens.map((one) => one.value),
      registers: peer.registers.map((one) => one.value),
      ...(peer.provides.length > 0 && { provides: [...peer.provides] }),
      ...(peer.allows.length > 0 && { allows: peer.allows.map((one) => one.value) }),
      ...(peer.admin.length > 0 && { admin: peer.admin.map((one) => one.value) }),
      location: locationOf({ source, span: peer.symbol.syntax.name.span }),
    };
  }
  return {
    version: planVersion,
    source: checked.program.root.source.path,
    compiler: compilerVersion,
    schemas: checked.schemas,
    pipelines,
    peers,
  };
}

/** Numbers the cells that stay open until a session opens. */
class OpenCells {
  readonly cells: PipelinePlan["cells"] = [];
  readonly #numbers = new Map<Cell, number>();
  readonly #border = new Set<Cell>();

  /** Marks the cells of a port at the border: what is open there is settled with the other side. */
  keep(type: SolvedType): void {
    if (type.kind !== "media") return;
    for (const cell of type.dims.values()) this.#border.add(cell.root);
  }

  type(type: SolvedType): FlowType {
    if (type.kind === "data") return type.type;
    if (type.kind === "unknown") throw new RangeError("an unknown type in a program without errors");
    const dims: Record<string, Dimension> = {};
    for (const [name, cell] of type.dims) {
      const dimension = this.#dimension(name, cell.root);
      if (dimension !== undefined) dims[name] = dimension;
    }
    return { kind: type.media, dims };
  }

  #dimension(name: string, cell: Cell): Dimension | undefined {
    const { values } = cell;
    if (values !== undefined && isFixed(values)) return values;
    if (!this.#border.has(cell)) return [fixDimension(name, values)];
    const known = this.#numbers.get(cell);
    if (known !== undefined) return { cell: known };
    const number = this.cells.length;
    this.#numbers.set(cell, number);
    this.cells.push({ dimension: name, allowed: values ?? null });
    return { cell: number };
  }
}

function isFixed(values: readonly Alternative<DimensionValue>[]): boolean {
  const [only] = values;
  return values.length === 1 && only !== undefined && !isRange(only);
}

function lowerPipeline(
  key: string,
  one: CheckedPipeline,
  checked: CheckedProgram,
  into: Record<string, PipelinePlan>,
): PipelinePlan {
  const { graph, symbol } = one;
  const { source } = symbol.file;
  const open = new OpenCells();
  for (const type of [...graph.own.inputs.values(), ...graph.own.outputs.values()]) open.keep(type);
  for (const instance of graph.instances.values()) {
    if (instance.kind === "remote")
      for (const type of [...instance.inputs.values(), ...instance.outputs.values()]) open.keep(type);
  }
  const ports = (
    infos: ReadonlyMap<string, PortInfo>,
    types: ReadonlyMap<string, SolvedType>,
  ): Record<string, PortPlan> =>
    Object.fromEntries(
      [...infos.values()].flatMap((port): [string, PortPlan][] => {
        const type = types.get(port.name);
        if (type === undefined) return [];
        return [[port.name, { type: open.type(type), ...(port.optional && { optional: true }) }]];
      }),
    );
  const nodes: NodePlan[] = [];
  const remotes: RemotePlan[] = [];
  for (const instance of graph.instances.values()) {
    const location = locationOf({ source, span: instance.span });
    const inputs = ports(instance.signature.inputs, instance.inputs);
    const outputs = ports(instance.signature.outputs, instance.outputs);
    if (instance.kind === "remote") {
      const targets = checked.remotes.get(symbol.key)?.get(instance.id)?.targets ?? [];
      remotes.push({
        id: instance.id,
        interface: instance.signature.symbol.name,
        inputs,
        outputs,
        targets: targets.map((target, index) => lowerTarget(target, `${key}.${instance.id}.${index}`, checked, into)),
        policy: one.policies.get(instance.id) ?? defaultPolicy,
        ...required(checked.requirements.own(instance.signature.symbol)),
        location,
      });
    } else nodes.push(lowerNode(instance, inputs, outputs, location));
  }
  const links: LinkPlan[] = [];
  for (const link of graph.links) {
    const options = readLinkOptions(symbol.file, link.options, new Reporter());
    let from = endOf(link.from);
    let type = link.from.type;
    const location = locationOf({ source, span: link.arrowSpan });
    for (const converter of link.chain) {
      const into = defaultPort(converter.signature.inputs);
      const out = defaultPort(converter.signature.outputs);
      const next = out && converter.outputs.get(out.name);
      if (into === undefined || out === undefined || next === undefined) continue;
      links.push({ from, to: { node: converter.id, port: into.name }, type: open.type(type), ...options, location });
      from = { node: converter.id, port: out.name };
      type = next;
    }
    links.push({ from, to: endOf(link.to), type: open.type(type), ...options, location });
  }
  return {
    name: symbol.name,
    params: [...graph.signature.params.values()].map((param) => ({
      name: param.name,
      type: param.type ?? anything,
      ...(param.defaultValue !== undefined && { default: param.defaultValue }),
    })),
    inputs: ports(graph.signature.inputs, graph.own.inputs),
    outputs: ports(graph.signature.outputs, graph.own.outputs),
    cells: open.cells,
    nodes,
    remotes,
    links,
    ...required(checked.requirements.of(symbol, ownParameters(graph.signature))),
    location: locationOf({ source, span: symbol.syntax.name.span }),
  };
}

/** Parameters that stand for themselves: their values are known when a session opens. */
function ownParameters(signature: Signature): ReadonlyMap<string, PlanValue> {
  return new Map([...signature.params.keys()].map((name) => [name, { param: name }]));
}

function required(asked: readonly Asked[]): Pick<PipelinePlan, "requires"> {
  return asked.length === 0 ? {} : { requires: asked.map((one) => one.condition) };
}

function endOf(end: GraphEnd): LinkEnd {
  return end.instance === undefined ? { port: end.port.name } : { node: end.instance.id, port: end.port.name };
}

function lowerNode(
  instance: Instance,
  inputs: Record<string, PortPlan>,
  outputs: Record<string, PortPlan>,
  location: NodePlan["location"],
): NodePlan {
  const { signature } = instance;
  const implementation = implementationOf(signature);
  return {
    id: instance.id,
    node: signature.symbol.name,
    ...(implementation !== undefined && { implementation }),
    params: paramsOf(instance),
    inputs,
    outputs,
    ...(instance.inserted && { inserted: true }),
    location,
  };
}

/** Arguments, then defaults, then what the solver found for parameters that are part of a type. */
function paramsOf(instance: Instance): Record<string, PlanValue> {
  const params: Record<string, PlanValue> = {};
  for (const param of instance.signature.params.values()) {
    const given = instance.args.get(param.name) ?? param.defaultValue;
    const cell = instance.paramCells.get(param.name);
    if (given !== undefined) params[param.name] = given;
    else if (cell !== undefined)
      params[param.name] = { literal: fixDimension(cell.dimension, cell.values) as JsonValue };
  }
  return params;
}

/** Standard nodes by their module; others by the path of the file, relative to the project. */
function implementationOf(signature: Signature): NodePlan["implementation"] {
  const { symbol, from } = signature;
  if (from?.path === undefined) return undefined;
  if (isStandard(symbol.file.module)) return { module: symbol.file.module, export: symbol.name };
  return { module: joinPath(symbol.file.source.path, from.path.value) ?? from.path.value, export: symbol.name };
}

function lowerTarget(
  target: CheckedTarget,
  id: string,
  checked: CheckedProgram,
  into: Record<string, PipelinePlan>,
): TargetPlan {
  switch (target.kind) {
    case "peer":
      return { kind: "peer", peer: target.peer.key, pipeline: target.as, text: target.text };
    case "uri":
      return { kind: "uri", uri: target.uri, text: target.text };
    case "local": {
      if (target.symbol.syntax.kind === "Pipeline") {
        return {
          kind: "local",
          pipeline: target.symbol.key,
          params: Object.fromEntries(target.args),
          text: target.text,
        };
      }
      into[id] = wrapNode(id, target.symbol, target.args, checked);
      // Parameters of the pipeline around go through under their own names.
      const params = [...target.args.values()].flatMap((value) => ("param" in value ? [[value.param, value]] : []));
      return { kind: "local", pipeline: id, params: Object.fromEntries(params), text: target.text };
    }
    case "service":
      return {
        kind: "service",
        service: target.service,
        where: target.where.map((one) => one.condition),
        prefer: target.prefer,
        text: target.text,
      };
    default:
      return target satisfies never;
  }
}

/** A pipeline that is one node: what a remote runs when its target is a node. */
function wrapNode(
  id: string,
  symbol: SignatureSymbol,
  args: ReadonlyMap<string, PlanValue>,
  checked: CheckedProgram,
): PipelinePlan {
  const signature = checked.signature(symbol);
  const open = new OpenCells();
  const types = portTypes(symbol.name, signature, args);
  for (const type of [...types.inputs.values(), ...types.outputs.values()]) open.keep(type);
  const ports = (all: ReadonlyMap<string, SolvedType>): Record<string, PortPlan> =>
    Object.fromEntries([...all].map(([name, type]) => [name, { type: open.type(type) }]));
  const inputs = ports(types.inputs);
  const outputs = ports(types.outputs);
  const location = locationOf({ source: symbol.file.source, span: symbol.syntax.name.span });
  const instance: Instance = {
    id: symbol.name,
    kind: "node",
    signature,
    args,
    ...types,
    span: symbol.syntax.name.span,
    inserted: false,
  };
  const link = (from: LinkEnd, to: LinkEnd, type: FlowType): LinkPlan => ({
    from,
    to,
    type,
    ...defaultLinkOptions,
    location,
  });
  return {
    name: id,
    params: [...args].flatMap(([name, value]) =>
      "param" in value ? [{ name: value.param, type: signature.params.get(name)?.type ?? anything }] : [],
    ),
    inputs,
    outputs,
    cells: open.cells,
    nodes: [lowerNode(instance, inputs, outputs, location)],
    remotes: [],
    links: [
      ...Object.entries(inputs).map(([port, { type }]) => link({ port }, { node: symbol.name, port }, type)),
      ...Object.entries(outputs).map(([port, { type }]) => link({ node: symbol.name, port }, { port }, type)),
    ],
    location,
  };
}
