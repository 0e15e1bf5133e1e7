import type { Command } from "./command.ts";

export const checkCommand: Command = {
  name: "check",
  summary: "Says what is wrong with programs",
  usage: "[FILE…] [options]",
  details: ["Checks the files, or all .mesh files below the current folder, with all that they import."],
  options: [
    {
      name: "format",
      value: "FORMAT",
      choices: ["text", "json"],
      description: "for people (text, the default) or for programs (json)",
    },
  ],
  examples: [
    { line: "meshc check", does: "every program below this folder" },
    {
      line: "meshc check main.mesh --format json",
      does: "one array of diagnostics, positions as in the Language Server Protocol",
    },
  ],
  positionals: [0, Number.POSITIVE_INFINITY],
  completes: "files",
  async run(args, io) {
    const { checkFiles } = await import("./check-files.ts");
    return checkFiles(args.positionals, args.value("format") === "json" ? "json" : "text", io);
  },
};
