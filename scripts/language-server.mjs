// The language server as it ships, in the package and in the extension: one file of its own, which is run with the code that V8 kept of it
// (`compiler/cli/lsp/code-cache.ts`).

/** A plugin of esbuild for what starts the server: it takes the file, and brings nothing of it along. */
export const serverApart = {
  name: "server-apart",
  setup(build) {
    build.onResolve({ filter: /\/run-server\.ts$/ }, ({ kind }) =>
      kind === "dynamic-import" ? { path: "../language-server.cjs", external: true } : undefined,
    );
  },
};

/** What esbuild is to do for it. @param common what all builds have in common @param plugins what decides which packages go in */
export function languageServer(common, plugins) {
  return {
    ...common,
    platform: "node",
    format: "cjs",
    splitting: false,
    packages: "bundle",
    outExtension: { ".js": ".cjs" },
    minifyWhitespace: true,
    minifySyntax: true,
    plugins,
    // Where the file is, which a module of this form tells by its path.
    define: { "import.meta.url": "moduleUrl" },
    banner: { js: 'const moduleUrl = require("node:url").pathToFileURL(__filename).href;' },
    entryPoints: { "language-server": "compiler/cli/lsp/run-server.ts" },
  };
}
