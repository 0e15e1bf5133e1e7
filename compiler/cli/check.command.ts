import type { CheckOptions } from "./check-files.ts";
import type { Command } from "./command.ts";
import { usageError } from "./exit-code.ts";

export const checkCommand: Command = {
  name: "check",
  summary: "Says what is wrong with programs",
  usage: "[FILE…] [options]",
  details: ["Checks the files, or all .mesh files below the current folder, with all that they import."],
  options: [
    {
      name: "format",
      value: "FORMAT",
      choices: ["text", "json", "sarif"],
      description: "for people (text, the default), for programs (json) or for code scanning (sarif, 2.1.0)",
    },
    { name: "fix", description: "applies the fixes that are safe, and tells of what is left" },
    { name: "locked", description: "asks the pipelines whose interfaces were pulled whether they have changed" },
    { name: "watch", description: "checks again whenever a file changes, until Ctrl-C" },
  ],
  examples: [
    { line: "meshc check", does: "every program below this folder" },
    { line: "meshc check main.mesh --fix", does: "puts right what can be put right without asking" },
    {
      line: "meshc check main.mesh --format json",
      does: "one array of diagnostics, positions as in the Language Server Protocol",
    },
    { line: "meshc check --locked", does: "before a release: are the remotes still what they were?" },
    { line: "meshc check --format sarif > mesh.sarif", does: "a report for code scanning services" },
  ],
  positionals: [0, Number.POSITIVE_INFINITY],
  completes: "files",
  async run(args, io) {
    const format = (["json", "sarif"] as const).find((one) => one === args.value("format")) ?? "text";
    const options: CheckOptions = { format, fix: args.has("fix") };
    if (args.has("locked")) {
      if (args.has("watch")) throw usageError("`--locked` asks once.", "Leave `--watch` out.");
      const { checkWithLocks } = await import("./pull/check-with-locks.ts");
      return checkWithLocks(args.positionals, options, io);
    }
    if (args.has("watch")) {
      if (format !== "text") throw usageError("`--watch` prints text only.", "Leave `--format` out.");
      const { watchFiles } = await import("./watch.ts");
      return watchFiles(args.positionals, options, io);
    }
    const { checkFiles } = await import("./check-files.ts");
    return checkFiles(args.positionals, options, io).exitCode;
  },
};
