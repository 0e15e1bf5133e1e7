import { formatLocation, type Location } from "../../../runtime/interface/errors.ts";
import type { NodeDefinition } from "../../../runtime/interface/node.ts";
import { workerNode } from "../../../runtime/platform/nodejs.ts";
import { isStandardModule, standardModules } from "../../../stdlib/modules.ts";
import { CommandError, exitCode } from "../exit-code.ts";

/**
 * The code of a node of the standard library; only its module is loaded.
 * @param worker to run on a thread of its own
 * @throws {CommandError} with exit code 1 for a plan of another version, whose library had other nodes
 */
export async function standardNode(
  module: string,
  name: string,
  location: Location,
  worker = false,
): Promise<NodeDefinition> {
  const nodes = isStandardModule(module) ? await standardModules[module]() : {};
  const found = Object.hasOwn(nodes, name) ? nodes[name] : undefined;
  if (found !== undefined) return worker ? workerNode(import.meta.resolve("pipeline-mesh/stdlib"), name) : found;
  throw new CommandError(
    exitCode.programErrors,
    `${formatLocation(location)}: there is no node \`${name}\` in ${module} of this version.`,
    "Build the program again with the compiler that belongs to this runtime.",
  );
}
