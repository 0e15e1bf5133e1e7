import type { FlowType } from "../../runtime/interface/caps.ts";
import type { LinkEnd, LinkPlan, PipelinePlan, PlanValue, TargetPlan } from "../../runtime/interface/plan.ts";
import type { CheckedProgram } from "../check/check.ts";
import type { Instance } from "../check/graph.ts";
import { portTypes } from "../check/instances.ts";
import { defaultLinkOptions } from "../check/options.ts";
import { counterpart } from "../check/port-match.ts";
import type { SignatureSymbol } from "../check/program.ts";
import { bindCondition } from "../check/requirements.ts";
import type { Signature } from "../check/signature.ts";
import type { CheckedTarget } from "../check/targets.ts";
import { locationOf } from "../source/source-file.ts";
import { lowerNode, lowerPorts } from "./node.ts";
import { OpenCells } from "./open-cells.ts";
import type { PlanScope, ValueScope } from "./scope.ts";

const anything: FlowType = { kind: "scalar", name: "json" };

export interface TargetInit {
  /** The interface of the remote. */
  readonly contract: Signature;
  /** The pipeline around the remote. */
  readonly scope: PlanScope;
  /** Names the pipeline that is made of a target that is a node. */
  readonly id: string;
  readonly checked: CheckedProgram;
  readonly into: Record<string, PipelinePlan>;
}

export function lowerTarget(target: CheckedTarget, init: TargetInit): TargetPlan {
  const { scope, id, checked, into } = init;
  const { text } = target;
  switch (target.kind) {
    case "peer":
      return { kind: "peer", peer: target.peer.key, pipeline: target.as, ...portNames(target.pipeline, init), text };
    case "uri":
      return { kind: "uri", uri: scope.value(target.uri) ?? target.uri, text };
    case "local": {
      const params = Object.fromEntries(
        [...target.args].flatMap(([name, value]): [string, PlanValue][] => {
          const given = scope.value(value);
          return given === undefined ? [] : [[name, given]];
        }),
      );
      const ports = portNames(target.symbol, init);
      if (target.symbol.syntax.kind === "Pipeline") {
        return { kind: "local", pipeline: target.symbol.key, params, ...ports, text };
      }
      into[id] = wrapNode(id, target.symbol, target.args, checked);
      return { kind: "local", pipeline: id, params: onlyOpen(params), ...ports, text };
    }
    case "service": {
      const { params } = scope.checked.graph.signature;
      const given = scope.parameters();
      return {
        kind: "service",
        service: target.service,
        where: target.where.map((one) => bindCondition(one.condition, params, given)),
        prefer: target.prefer,
        text,
      };
    }
    default:
      return target satisfies never;
  }
}

/** Ports that are called otherwise in the target. */
function portNames(
  symbol: SignatureSymbol | undefined,
  { contract, checked }: TargetInit,
): Pick<Extract<TargetPlan, { kind: "peer" }>, "ports"> {
  if (symbol === undefined) return {};
  const own = checked.signature(symbol);
  const side = (which: "inputs" | "outputs"): Record<string, string> =>
    Object.fromEntries(
      [...contract[which].keys()].flatMap((name): [string, string][] => {
        const match = counterpart(name, contract[which], own[which]);
        return match === undefined || match.name === name ? [] : [[name, match.name]];
      }),
    );
  const [inputs, outputs] = [side("inputs"), side("outputs")];
  return Object.keys(inputs).length + Object.keys(outputs).length === 0 ? {} : { ports: { inputs, outputs } };
}

/** Values that are known stand in the plan of the node itself. */
function onlyOpen(params: Readonly<Record<string, PlanValue>>): Record<string, PlanValue> {
  return Object.fromEntries(Object.entries(params).filter(([, value]) => !("literal" in value)));
}

/**
 * A pipeline that is one node: what a remote runs when its target is a node. Arguments that are only known when a session
 * opens are its parameters, under the names that they have with the node.
 */
function wrapNode(
  id: string,
  symbol: SignatureSymbol,
  args: ReadonlyMap<string, PlanValue>,
  checked: CheckedProgram,
): PipelinePlan {
  const signature = checked.signature(symbol);
  const own = new Map(
    [...args].map(([name, value]): [string, PlanValue] => [name, "literal" in value ? value : { param: name }]),
  );
  const open = new OpenCells();
  const types = portTypes(symbol.name, signature, own);
  const plain: ValueScope = { cell: (cell) => cell.root, value: (value) => value };
  for (const type of [...types.inputs.values(), ...types.outputs.values()]) open.keep(type, plain.cell);
  for (const [name, cell] of types.paramCells) {
    const value = own.get(name);
    if (value !== undefined && "param" in value) open.parameter(name, cell.root);
  }
  const span = symbol.syntax.name.span;
  const location = locationOf({ source: symbol.file.source, span });
  const instance: Instance = { id: symbol.name, kind: "node", signature, args: own, ...types, span, inserted: false };
  const node = lowerNode({ id: symbol.name, instance, scope: plain, run: undefined, location }, open);
  const inputs = lowerPorts(signature.inputs, types.inputs, plain, open);
  const outputs = lowerPorts(signature.outputs, types.outputs, plain, open);
  const link = (from: LinkEnd, to: LinkEnd, type: FlowType): LinkPlan => ({
    from,
    to,
    type,
    ...defaultLinkOptions,
    location,
  });
  return {
    name: id,
    ...(signature.batch && { batch: true }),
    ...(signature.idempotent && { idempotent: true }),
    params: [...own].flatMap(([name, value]) =>
      "param" in value ? [{ name, type: signature.params.get(name)?.type ?? anything }] : [],
    ),
    inputs,
    outputs,
    cells: open.cells,
    nodes: [node],
    remotes: [],
    links: [
      ...Object.entries(inputs).map(([port, { type }]) => link({ port }, { node: symbol.name, port }, type)),
      ...Object.entries(outputs).map(([port, { type }]) => link({ node: symbol.name, port }, { port }, type)),
    ],
    location,
  };
}
