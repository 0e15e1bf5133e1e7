import { fillCells, fixType, isCell, type FlowType, type Schemas } from "../interface/caps.ts";
import { MeshError } from "../interface/errors.ts";
import type { JsonValue } from "../interface/frame.ts";
import type { LinkPlan, NodePlan, Plan, PortPlan } from "../interface/plan.ts";

/** What a node takes and gives, every dimension fixed. */
export interface NodeSignature {
  /** The name of the node. */
  readonly node: string;
  readonly inputs: Readonly<Record<string, FlowType>>;
  readonly outputs: Readonly<Record<string, FlowType>>;
  /** The records and enums that the types mean. */
  readonly schemas: Schemas;
  readonly join?: NodePlan["join"];
  readonly batch?: boolean;
}

/**
 * The signature of a node as a program has it, of the first instance that a pipeline of the plan makes: generated modules
 * export the plan.
 * @throws {MeshError} `invalid-argument` with the nodes that there are
 */
export function signatureOf(plan: Plan, name: string): NodeSignature {
  for (const pipeline of Object.values(plan.pipelines)) {
    const node = pipeline.nodes.find((one) => one.node === name || one.id === name);
    if (node === undefined) continue;
    const cells = pipeline.cells.map(({ allowed }) => (allowed === null || isCell(allowed) ? undefined : allowed));
    const fixed = (ports: NodePlan["inputs"]): Record<string, FlowType> =>
      mapped(ports, ({ type }) => fixType(fillCells(type, cells)));
    return {
      node: node.node,
      inputs: fixed(node.inputs),
      outputs: fixed(node.outputs),
      schemas: plan.schemas,
      ...(node.join !== undefined && { join: node.join }),
      ...(node.batch === true && { batch: true }),
    };
  }
  const known = Object.values(plan.pipelines).flatMap(({ nodes }) => nodes.map((one) => `\`${one.node}\``));
  throw new MeshError(
    "invalid-argument",
    `No pipeline of the plan has a node \`${name}\`; there are: ${[...new Set(known)].join(", ") || "none"}.`,
  );
}

/** The name of the pipeline that is made around a node. */
export const pipelineName = "test";

const location = { file: "test.mesh", line: 1, column: 1 };

export interface OneNodeInit {
  readonly params?: Readonly<Record<string, JsonValue>>;
  readonly run?: NodePlan["run"];
}

/** A program of one pipeline that is nothing but the node: each of its ports is one of the pipeline's. */
export function planOfNode(signature: NodeSignature, init: OneNodeInit = {}): Plan {
  const { node, inputs, outputs, schemas, join, batch } = signature;
  // Nobody is made to feed what a test does not ask of the node.
  const given = mapped(inputs, (type): PortPlan => ({ type, optional: true }));
  const sent = mapped(outputs, (type): PortPlan => ({ type }));
  const params = Object.entries(init.params ?? {}).filter(([, value]) => value !== undefined);
  const link = (from: LinkPlan["from"], to: LinkPlan["to"], type: FlowType): LinkPlan => ({
    from,
    to,
    type,
    capacityFrames: 64,
    overflow: "block",
    delivery: "reliable",
    location,
  });
  const pipeline: Plan["pipelines"][string] = {
    name: pipelineName,
    params: [],
    inputs: given,
    outputs: sent,
    cells: [],
    nodes: [
      {
        id: node,
        node,
        params: Object.fromEntries(params.map(([name, value]) => [name, { literal: value }])),
        inputs: given,
        outputs: sent,
        ...(join !== undefined && { join }),
        ...(batch === true && { batch }),
        ...(init.run !== undefined && { run: init.run }),
        location,
      },
    ],
    remotes: [],
    links: [
      ...Object.entries(inputs).map(([port, type]) => link({ port }, { node, port }, type)),
      ...Object.entries(outputs).map(([port, type]) => link({ node, port }, { port }, type)),
    ],
    location,
  };
  return {
    version: 1,
    source: location.file,
    compiler: pipelineName,
    schemas: { ...schemas },
    pipelines: { [pipelineName]: pipeline },
    peers: {},
  };
}

function mapped<A, B>(table: Readonly<Record<string, A>>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(table).map(([name, value]) => [name, change(value)]));
}
