/** The door `pipeline-mesh/rollup`: the plugin that lets Rollup import `.mesh` files. */
import type { Plugin } from "rollup";
import type { MeshPluginOptions } from "./options.ts";
import { mesh } from "./plugin.ts";

export type { MeshPluginOptions } from "./options.ts";

/** `plugins: [mesh()]` */
export default function meshPlugin(options: MeshPluginOptions = {}): Plugin {
  return mesh.rollup(options);
}
