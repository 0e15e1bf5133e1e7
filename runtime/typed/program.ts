import { formatLocation, MeshError } from "../interface/errors.ts";
import type { NodeDefinition } from "../interface/node.ts";
import type { NodePlan, Plan } from "../interface/plan.ts";
import type { NodeRegistry } from "../pipeline/deps.ts";
import type { AnyNode } from "./contract.ts";

/** Code by the name of its node; where two nodes share a name, by `module#export`. */
export type NodeTable = Readonly<Record<string, AnyNode | undefined>>;

/** What a generated module runs: the plan, and the code that its nodes come from. */
export interface Program {
  readonly plan: Plan;
  readonly nodes: NodeTable;
  /** The same for instances that run on threads of their own. */
  readonly workers?: NodeTable | undefined;
}

/** Finds the code of a node: what was given at launch comes before what the program names. */
export function registryOf(program: Program, given: NodeTable = {}): NodeRegistry {
  return (node) => {
    const own = node.run?.worker === true ? find(program.workers ?? {}, node) : undefined;
    const code = find(given, node) ?? own ?? find(program.nodes, node);
    // The contract of the code is checked by TypeScript and by the build, so the widening is sound.
    if (code !== undefined) return code as NodeDefinition;
    throw new MeshError(
      "invalid-argument",
      `The node \`${node.node}\` (${formatLocation(node.location)}) has no code: its declaration has no \`from\`.`,
      { hint: `Give it at launch: \`nodes: { ${node.node} }\`.` },
    );
  };
}

function find(table: NodeTable, { node, implementation }: NodePlan): AnyNode | undefined {
  const full = implementation === undefined ? undefined : `${implementation.module}#${implementation.export}`;
  if (full !== undefined && Object.hasOwn(table, full)) return table[full];
  return Object.hasOwn(table, node) ? table[node] : undefined;
}
