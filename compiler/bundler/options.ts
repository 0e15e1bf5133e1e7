import type { Target } from "../config.ts";

/** What the plugin may be told; each of it comes before what `mesh.config.ts` and the bundler's own settings say. */
export interface MeshPluginOptions {
  /**
   * Where the modules run. By default what the bundler builds for: Vite's client or server, `platform` of esbuild, `target`
   * of webpack; Rollup does not know, so there it is `node` unless this or `mesh.config.ts` says otherwise.
   */
  readonly target?: Target | undefined;
  /** Warnings fail the build, as errors do. */
  readonly warningsAsErrors?: boolean | undefined;
  /**
   * Keeps a `NAME.d.mesh.ts` beside each program, so that TypeScript knows what `import … from "./NAME.mesh"` gives; needs
   * `allowArbitraryExtensions` in `tsconfig.json`. By default where that is set, unless `meshc build` has written its
   * module to the same place.
   */
  readonly declarations?: boolean | undefined;
}
