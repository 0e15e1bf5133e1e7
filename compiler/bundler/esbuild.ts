/** The door `pipeline-mesh/esbuild`: the plugin that lets esbuild import `.mesh` files. */
import type { Plugin } from "esbuild";
import type { MeshPluginOptions } from "./options.ts";
import { mesh } from "./plugin.ts";

export type { MeshPluginOptions } from "./options.ts";

/** `plugins: [mesh()]` */
export default function meshPlugin(options: MeshPluginOptions = {}): Plugin {
  return mesh.esbuild(options);
}
