import type { Command } from "./command.ts";

export const fmtCommand: Command = {
  name: "fmt",
  summary: "Lays programs out in the one way there is",
  usage: "[FILE…] [options]",
  details: [
    "Rewrites the files, or all .mesh files below the current folder, where their layout differs. Comments and groups of lines stay, and so does what the program means. A file with syntax errors is left as it is.",
    "`-` stands for the standard input; its layout goes to the standard output.",
  ],
  options: [{ name: "check", description: "writes nothing; prints what would change as a diff and ends with code 1" }],
  examples: [
    { line: "meshc fmt", does: "every program below this folder" },
    { line: "meshc fmt --check", does: "for a build that refuses what is not laid out" },
    { line: "meshc fmt - < main.mesh", does: "for an editor" },
  ],
  positionals: [0, Number.POSITIVE_INFINITY],
  completes: "files",
  async run(args, io) {
    const { formatFiles, formatInput } = await import("./format-files.ts");
    const options = { check: args.has("check") };
    return args.positionals.includes("-")
      ? formatInput(args.positionals, options, io)
      : formatFiles(args.positionals, options, io);
  },
};
