import { join } from "node:path";
import { formatLocation } from "../../../runtime/interface/errors.ts";
import type { NodeDefinition } from "../../../runtime/interface/node.ts";
import type { NodePlan, Plan } from "../../../runtime/interface/plan.ts";
import { isWasmPath } from "../../check/wasm-shape.ts";
import { CommandError, exitCode } from "../exit-code.ts";
import { standardNode } from "./standard-nodes.ts";
import { endBundler, loadUserNode, loadWasmNode, type LoadedModules } from "./user-code.ts";

/** The code of every node that may run here, loaded before anything starts. */
export type Registry = (node: NodePlan) => NodeDefinition;

/** The pipelines that sessions of these may run in this process: their own, and those that remotes fall back to. */
export function pipelinesBelow(plan: Plan, keys: Iterable<string>): Set<string> {
  const found = new Set<string>();
  const visit = (key: string): void => {
    if (found.has(key)) return;
    found.add(key);
    for (const remote of plan.pipelines[key]?.remotes ?? []) {
      for (const target of remote.targets) if (target.kind === "local") visit(target.pipeline);
    }
  };
  for (const key of keys) visit(key);
  return found;
}

/**
 * Loads the code of all nodes of these pipelines.
 * @param root the folder that paths of the plan are relative to
 * @throws {CommandError} with exit code 1 for code that is not there, naming its place in the `.mesh` file; the
 * reason of the signal
 */
export async function loadNodes(
  plan: Plan,
  keys: Iterable<string>,
  root: string,
  signal: AbortSignal,
): Promise<Registry> {
  const loaded: LoadedModules = new Map();
  const definitions = new Map<string, NodeDefinition>();
  try {
    for (const key of pipelinesBelow(plan, keys)) {
      for (const node of plan.pipelines[key]?.nodes ?? []) {
        if (definitions.has(idOf(node))) continue;
        definitions.set(idOf(node), await loadNode(node, root, loaded));
        signal.throwIfAborted();
      }
    }
  } finally {
    await endBundler(loaded);
  }
  return (node) => {
    const found = definitions.get(idOf(node));
    if (found === undefined) throw new Error(`the code of ${node.node} was not loaded`);
    return found;
  };
}

async function loadNode(node: NodePlan, root: string, loaded: LoadedModules): Promise<NodeDefinition> {
  const { implementation, location } = node;
  if (implementation === undefined) {
    throw new CommandError(
      exitCode.programErrors,
      `${formatLocation(location)}: the node \`${node.node}\` has no code: its declaration has no \`from\`.`,
      `Write \`from "./${node.node.toLowerCase()}.ts"\` into it, or launch the plan from TypeScript with the code given there.`,
    );
  }
  const { module, export: name } = implementation;
  const worker = node.run?.worker === true;
  if (module.startsWith("std/")) return standardNode(module, name, location, worker);
  const wanted = { file: join(root, module), shown: module, name, location, worker };
  return isWasmPath(module) ? loadWasmNode(wanted) : loadUserNode(wanted, loaded);
}

function idOf({ implementation, node, run }: NodePlan): string {
  return `${implementation?.module ?? ""} ${implementation?.export ?? node}${run?.worker === true ? " worker" : ""}`;
}
