import * as z from "zod";

const path = z.string().min(1).max(1024);

/** What `mesh.config.ts` may say; paths are relative to it. */
export const meshConfig = z.strictObject({
  sources: z.array(path).min(1).max(256).optional(),
  out: path.optional(),
  targets: z
    .array(z.enum(["node", "browser"]))
    .min(1)
    .max(2)
    .optional(),
  warningsAsErrors: z.boolean().optional(),
  engine: z.enum(["auto", "werift", "node-datachannel"]).optional(),
  iceServers: z.array(z.string().min(1).max(1024)).max(8).optional(),
  iceTransportPolicy: z.enum(["all", "relay"]).optional(),
  compression: z.enum(["gzip"]).optional(),
  drain: z.string().min(1).max(32).optional(),
});

/** Where a module runs: in Node, or in a browser, where no peer can listen. */
export type Target = "node" | "browser";

/** What carries WebRTC in Node; `auto` is node-datachannel where it is installed, werift otherwise. */
export type EngineName = "auto" | "werift" | "node-datachannel";

/** What `mesh.config.ts` exports by default; each of it is overruled by its option on the command line. */
export interface MeshConfig {
  /** Files, and folders that are searched for `.mesh` files; `["."]` by default. */
  readonly sources?: readonly string[];
  /** The folder to write to, where sources keep their places; by default beside each source. */
  readonly out?: string;
  /**
   * Where the modules run; `["node"]` by default. With two targets there has to be an `out`, and each gets a folder of
   * its name in it.
   */
  readonly targets?: readonly Target[];
  /** Programs with warnings are not built. */
  readonly warningsAsErrors?: boolean;
  /** What `meshc run` connects its peers by; `auto` by default. */
  readonly engine?: EngineName;
  /**
   * STUN and TURN servers that `meshc run` looks for paths with, such as `stun:stun.example.org` or
   * `turn:user:password@turn.example.org:3478?transport=tcp`; none by default.
   */
  readonly iceServers?: readonly string[];
  /** `relay`: connections go through a TURN server alone. */
  readonly iceTransportPolicy?: "all" | "relay";
  /** What `meshc run` compresses the requests of calls by gRPC with; nothing by default. */
  readonly compression?: "gzip";
  /** How long `meshc run` waits for callers when it is told to stop, such as `30s`; `5s` by default. */
  readonly drain?: string;
}

/** Gives a configuration its type: `export default defineConfig({ sources: ["src"], out: "generated" })`. */
export function defineConfig(config: MeshConfig): MeshConfig {
  return config;
}
