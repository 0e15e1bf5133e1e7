import type { Command } from "./command.ts";
import { usageError } from "./exit-code.ts";

/** @throws {CommandError} with exit code 2 for anything but `12:20` or `12` */
function linesOf(text: string): { readonly first: number; readonly last: number } {
  const [, first, last = first] = /^([1-9]\d{0,8})(?::([1-9]\d{0,8}))?$/.exec(text) ?? [];
  if (first !== undefined && Number(first) <= Number(last)) return { first: Number(first), last: Number(last) };
  throw usageError(`\`--range\` cannot be \`${text}\`.`, "Give the first and the last line, such as `--range 12:20`.");
}

export const fmtCommand: Command = {
  name: "fmt",
  summary: "Lays programs out in the one way there is",
  usage: "[FILE…] [options]",
  details: [
    "Rewrites the files, or all .mesh files below the current folder, where their layout differs. Comments and groups of lines stay, and so does what the program means. A file with syntax errors is left as it is.",
    "A mesh.config.ts in this folder or above sets sources; files that are given come first.",
    "`-` stands for the standard input; its layout goes to the standard output.",
  ],
  options: [
    { name: "check", description: "writes nothing; prints what would change as a diff and ends with code 1" },
    {
      name: "range",
      value: "FIRST:LAST",
      description: "only the statements on these lines, counted from 1, of one file or of the standard input",
    },
  ],
  examples: [
    { line: "meshc fmt", does: "every program below this folder" },
    { line: "meshc fmt --check", does: "for a build that refuses what is not laid out" },
    { line: "meshc fmt - < main.mesh", does: "for an editor" },
    { line: "meshc fmt --range 12:20 main.mesh", does: "what has been changed, and nothing else" },
  ],
  positionals: [0, Number.POSITIVE_INFINITY],
  completes: "files",
  async run(args, io) {
    const { formatFiles, formatInput } = await import("./format-files.ts");
    const range = args.value("range");
    const options = { check: args.has("check"), ...(range !== undefined && { lines: linesOf(range) }) };
    if (args.positionals.includes("-")) return formatInput(args.positionals, options, io);
    const { loadConfig, sourcesOf } = await import("./config-file.ts");
    const sources = sourcesOf(args.positionals, await loadConfig(io.cwd), io.cwd);
    return formatFiles(sources, options, io);
  },
};
