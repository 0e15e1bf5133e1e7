/** The door `pipeline-mesh/webpack`: the plugin that lets webpack import `.mesh` files. */
import type { WebpackPluginInstance } from "webpack";
import type { MeshPluginOptions } from "./options.ts";
import { mesh } from "./plugin.ts";

export type { MeshPluginOptions } from "./options.ts";

/** `plugins: [mesh()]` */
export default function meshPlugin(options: MeshPluginOptions = {}): WebpackPluginInstance {
  return mesh.webpack(options);
}
