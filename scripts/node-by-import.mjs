import { builtinModules } from "node:module";

/**
 * A plugin of esbuild. What editors are spoken to with is CommonJS and asks for modules of Node by `require`, which a module of ours
 * has not: they come by an `import` of their own.
 */
export const nodeByImport = (root) => ({
  name: "node-by-import",
  setup(build) {
    build.onResolve({ filter: /^(node:)?[a-z_]+(\/promises)?$/ }, ({ path, kind, importer }) =>
      kind === "require-call" && builtinModules.includes(path.replace("node:", "")) && importer.includes("vscode-")
        ? { path, namespace: "node-by-import" }
        : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: "node-by-import" }, ({ path }) => ({
      contents: `export * from "node:${path.replace("node:", "")}";`,
      resolveDir: root,
    }));
  },
});
