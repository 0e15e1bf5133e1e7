import type { Location } from "../../../runtime/interface/errors.ts";
import type { NodeDefinition } from "../../../runtime/interface/node.ts";

/** The code of a node of the standard library. */
export async function standardNode(module: string, name: string, location: Location): Promise<NodeDefinition> {
  void location;
  throw new Error(`stdlib ${module} ${name}`);
}
