import type { NodeDefinition } from "../runtime/interface/node.ts";

/** The modules of the standard library, as programs name them. */
export type StandardModule = "std/audio" | "std/speech";

/** The nodes of each module by name, for those who know only at run time which are wanted; loads no other module. */
export const standardModules: Readonly<
  Record<StandardModule, () => Promise<Readonly<Record<string, NodeDefinition>>>>
> = {
  "std/audio": () => import("./audio/nodes.ts"),
  "std/speech": () => import("./speech/nodes.ts"),
};

export function isStandardModule(name: string): name is StandardModule {
  return Object.hasOwn(standardModules, name);
}
