/** The door `pipeline-mesh/vite`: the plugin that lets Vite import `.mesh` files. */
import type { Plugin } from "vite";
import type { MeshPluginOptions } from "./options.ts";
import { mesh } from "./plugin.ts";

export type { MeshPluginOptions } from "./options.ts";

/** `plugins: [mesh()]` */
export default function meshPlugin(options: MeshPluginOptions = {}): Plugin {
  return mesh.vite(options);
}
