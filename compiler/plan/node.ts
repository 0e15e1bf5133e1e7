import type { NodePlan, PlanValue, PortPlan } from "../../runtime/interface/plan.ts";
import type { SolvedType } from "../check/cells.ts";
import type { Instance } from "../check/graph.ts";
import { joinPath } from "../check/load.ts";
import { isStandard } from "../check/program.ts";
import type { PortInfo, Signature, SignatureJoin } from "../check/signature.ts";
import type { FlatInstance, FlatJoin } from "./flatten.ts";
import type { OpenCells } from "./open-cells.ts";
import type { ValueScope } from "./scope.ts";
import { locationOf } from "../source/source-file.ts";

/** What is lowered of a node. */
export type LoweredNode = Omit<FlatInstance, "scope"> & { readonly scope: ValueScope };

export function lowerNode({ id, instance, scope, run, location }: LoweredNode, open: OpenCells): NodePlan {
  const { signature } = instance;
  const { join, latencyMs } = signature;
  const implementation = implementationOf(signature);
  return {
    id,
    node: signature.symbol.name,
    ...(implementation !== undefined && { implementation }),
    ...(signature.batch && { batch: true }),
    ...(run !== undefined && { run }),
    ...(join !== undefined && { join: joinPlan(join) }),
    ...(signature.delays && { delays: true }),
    ...(signature.idempotent && { idempotent: true }),
    ...(latencyMs !== undefined && { latencyMs }),
    params: paramsOf(instance, scope, open),
    inputs: lowerPorts(signature.inputs, instance.inputs, scope, open),
    outputs: lowerPorts(signature.outputs, instance.outputs, scope, open),
    ...(instance.inserted && { inserted: true }),
    location,
  };
}

/** The node of the runtime that brings the inputs of a pipeline together. */
export function lowerJoin({ id, scope }: FlatJoin, open: OpenCells): NodePlan | undefined {
  const { signature, own, symbol } = scope.checked.graph;
  const { join } = signature;
  if (join === undefined) return undefined;
  const joined = new Map([...signature.inputs].filter(([name]) => join.inputs.includes(name)));
  const ports = lowerPorts(joined, own.inputs, scope, open);
  return {
    id,
    node: "join",
    builtin: "join",
    join: joinPlan(join),
    params: {},
    inputs: ports,
    outputs: ports,
    location: locationOf({ source: symbol.file.source, span: join.span }),
  };
}

function joinPlan({ mode, withinMs, inputs }: SignatureJoin): NonNullable<NodePlan["join"]> {
  return { mode, ...(withinMs !== undefined && { withinMs }), inputs: [...inputs] };
}

export function lowerPorts(
  infos: ReadonlyMap<string, PortInfo>,
  types: ReadonlyMap<string, SolvedType>,
  scope: ValueScope,
  open: OpenCells,
): Record<string, PortPlan> {
  return Object.fromEntries(
    [...infos.values()].flatMap((port): [string, PortPlan][] => {
      const type = types.get(port.name);
      if (type === undefined) return [];
      const lowered = open.type(type, (cell) => scope.cell(cell));
      return [[port.name, { type: lowered, ...(port.optional && { optional: true }) }]];
    }),
  );
}

/** Arguments, then what the solver found for parameters that are part of a type, then defaults. */
function paramsOf(instance: Instance, scope: ValueScope, open: OpenCells): Record<string, PlanValue> {
  return Object.fromEntries(
    [...instance.signature.params.values()].flatMap(({ name }): [string, PlanValue][] => {
      const value = valueOf(name, instance, scope, open);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function valueOf(name: string, instance: Instance, scope: ValueScope, open: OpenCells): PlanValue | undefined {
  const given = instance.args.get(name);
  if (given !== undefined) return scope.value(given);
  const cell = instance.paramCells.get(name);
  const fallback = instance.signature.params.get(name)?.defaultValue;
  if (cell !== undefined && (instance.inserted || fallback !== undefined)) return open.value(scope.cell(cell));
  // A default may be another parameter of the node itself.
  return fallback !== undefined && "param" in fallback ? valueOf(fallback.param, instance, scope, open) : fallback;
}

/** Standard nodes by their module; others by the path of the file, relative to the project. */
function implementationOf(signature: Signature): NodePlan["implementation"] {
  const { symbol, from } = signature;
  if (from?.path === undefined) return undefined;
  if (isStandard(symbol.file.module)) return { module: symbol.file.module, export: symbol.name };
  return { module: joinPath(symbol.file.source.path, from.path.value) ?? from.path.value, export: symbol.name };
}
