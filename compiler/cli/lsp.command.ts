import type { Command } from "./command.ts";

export const lspCommand: Command = {
  name: "lsp",
  summary: "Is the language server of an editor",
  usage: "--stdio",
  details: [
    "Speaks the Language Server Protocol 3.17 over its standard input and output; an editor starts it. docs/editors.md tells how Neovim, " +
      "Helix and others do.",
    "Projects are found as other commands find them: by package.json or repository, with the sources and warningsAsErrors of a mesh.config.ts.",
  ],
  options: [
    { name: "stdio", description: "over standard input and output, the only way there is" },
    { name: "clientProcessId", value: "PID", description: "ends when that process does" },
  ],
  examples: [{ line: "meshc lsp --stdio", does: "waits for an editor to speak" }],
  positionals: [0, 0],
  completes: [],
  async run(_, io) {
    const { startServer } = await import("./lsp/start-server.ts");
    return startServer(io);
  },
};
