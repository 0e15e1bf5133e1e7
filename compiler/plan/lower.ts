import type { FlowType } from "../../runtime/interface/caps.ts";
import { defaultPolicy } from "../../runtime/interface/plan-defaults.ts";
import { planVersion } from "../../runtime/interface/plan-version.ts";
import type { PeerPlan, PipelinePlan, Plan, PlanValue, RemotePlan, SplitPlan } from "../../runtime/interface/plan.ts";
import type { Asked } from "../check/capabilities.ts";
import type { CheckedProgram } from "../check/check.ts";
import type { SolvedType } from "../check/cells.ts";
import type { CheckedPipeline } from "../check/graph.ts";
import type { Signature } from "../check/signature.ts";
import { locationOf } from "../source/source-file.ts";
import { flatten, reachOf, type FlatGraph, type FlatInstance } from "./flatten.ts";
import { lowerJoin, lowerNode, lowerPorts } from "./node.ts";
import { OpenCells } from "./open-cells.ts";
import { PlanScope } from "./scope.ts";
import { lowerTarget } from "./target.ts";

const anything: FlowType = { kind: "scalar", name: "json" };

/** Turns a program without errors into a plan. */
export function lower(checked: CheckedProgram, compilerVersion: string): Plan {
  const pipelines: Record<string, PipelinePlan> = {};
  for (const [key, one] of checked.pipelines) pipelines[key] = lowerPipeline(key, one, checked, pipelines);
  const peers = [...checked.peers].map(([key, peer]): [string, PeerPlan] => {
    const { source } = peer.symbol.file;
    const plan: PeerPlan = {
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
    return [key, plan];
  });
  return {
    version: planVersion,
    source: checked.program.root.source.path,
    compiler: compilerVersion,
    schemas: checked.schemas,
    pipelines,
    peers: Object.fromEntries(peers),
  };
}

function lowerPipeline(
  key: string,
  one: CheckedPipeline,
  checked: CheckedProgram,
  into: Record<string, PipelinePlan>,
): PipelinePlan {
  const { graph, symbol } = one;
  const root = new PlanScope(one);
  const flat = flatten(root);
  const open = new OpenCells();
  const keep = (scope: PlanScope, types: Iterable<Parameters<OpenCells["keep"]>[0]>): void => {
    for (const type of types) open.keep(type, (cell) => scope.cell(cell));
  };
  keep(root, [...graph.own.inputs.values(), ...graph.own.outputs.values()]);
  for (const [name, cell] of graph.own.paramCells) open.parameter(name, root.cell(cell));
  for (const { instance, scope } of flat.instances) {
    if (instance.kind === "remote") keep(scope, [...instance.inputs.values(), ...instance.outputs.values()]);
  }
  const splits = flat.splits.map((split) => lowerSplit(split));
  const flushes = flat.flushes.map((flush) => {
    const { from, branch, location } = flush;
    return { from, ...(branch.length > 0 && { branch: [...branch] }), ...reachOf(flush, flat), location };
  });
  const inlined = flat.inlined.map(({ id, scope, location }) => ({ id, pipeline: scope.checked.symbol.key, location }));
  return {
    name: symbol.name,
    ...(graph.signature.batch && { batch: true }),
    ...(graph.signature.idempotent && { idempotent: true }),
    params: [...one.params.values()].map((param) => ({
      name: param.name,
      type: param.type ?? anything,
      ...(param.defaultValue !== undefined && { default: param.defaultValue }),
    })),
    inputs: lowerPorts(graph.signature.inputs, graph.own.inputs, root, open),
    outputs: lowerPorts(graph.signature.outputs, graph.own.outputs, root, open),
    nodes: [
      ...flat.instances.filter((flatOne) => !isRemote(flatOne)).map((flatOne) => lowerNode(flatOne, open)),
      ...flat.joins.flatMap((join) => lowerJoin(join, open) ?? []),
    ],
    remotes: flat.instances.filter(isRemote).map((remote) => lowerRemote(remote, key, open, checked, into)),
    links: lowerLinks(flat, open),
    cells: open.cells,
    ...(splits.length > 0 && { splits }),
    ...(flushes.length > 0 && { flushes }),
    ...(inlined.length > 0 && { inlined }),
    ...required(checked.requirements.of(symbol, ownParameters(graph.signature))),
    location: locationOf({ source: symbol.file.source, span: symbol.syntax.name.span }),
  };
}

function isRemote({ instance }: FlatInstance): boolean {
  return instance.kind === "remote";
}

function lowerLinks(flat: FlatGraph, open: OpenCells): PipelinePlan["links"] {
  return flat.links.map(({ from, to, type, through, scope, options, branch, won, location }) => ({
    from,
    to,
    type: open.type(type, (cell) => scope.cell(cell)),
    ...passed(through),
    ...options,
    ...(branch.length > 0 && { branch: [...branch] }),
    ...(won.length > 0 && { won: [...won] }),
    location,
  }));
}

/** Only records can lose anything on the way. */
function passed(through: readonly SolvedType[]): Pick<PipelinePlan["links"][number], "through"> {
  const types = through.flatMap((one) => (one.kind === "data" && one.type.kind !== "scalar" ? [one.type] : []));
  return types.length === 0 || types.some((type) => type.kind === "signal") ? {} : { through: types };
}

function lowerSplit({ id, split, scope }: FlatGraph["splits"][number]): SplitPlan {
  const location = locationOf({ source: scope.checked.symbol.file.source, span: split.span });
  const { plan } = split;
  if (plan.kind !== "route") return { id, ...plan, location };
  const cases = plan.cases.map((one) =>
    "equals" in one ? { equals: scope.value(one.equals) ?? { literal: null } } : one,
  );
  return { id, ...plan, cases, location };
}

function lowerRemote(
  { id, instance, scope, location }: FlatInstance,
  key: string,
  open: OpenCells,
  checked: CheckedProgram,
  into: Record<string, PipelinePlan>,
): RemotePlan {
  const { signature } = instance;
  const targets = checked.remotes.get(scope.checked.symbol.key)?.get(instance.id)?.targets ?? [];
  return {
    id,
    interface: signature.symbol.name,
    ...(signature.batch && { batch: true }),
    ...(signature.idempotent && { idempotent: true }),
    inputs: lowerPorts(signature.inputs, instance.inputs, scope, open),
    outputs: lowerPorts(signature.outputs, instance.outputs, scope, open),
    targets: targets.map((target, index) =>
      lowerTarget(target, { contract: signature, scope, id: `${key}.${id}.${index}`, checked, into }),
    ),
    policy: scope.checked.policies.get(instance.id) ?? defaultPolicy,
    ...required(checked.requirements.own(signature.symbol)),
    location,
  };
}

/** Parameters that stand for themselves: their values are known when a session opens. */
function ownParameters(signature: Signature): ReadonlyMap<string, PlanValue> {
  return new Map([...signature.params.keys()].map((name) => [name, { param: name }]));
}

function required(asked: readonly Asked[]): Pick<PipelinePlan, "requires"> {
  return asked.length === 0 ? {} : { requires: asked.map((one) => one.condition) };
}
