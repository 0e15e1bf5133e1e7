import type { CheckOptions } from "./check-files.ts";
import type { Command } from "./command.ts";
import { usageError } from "./exit-code.ts";

export const checkCommand: Command = {
  name: "check",
  summary: "Says what is wrong with programs",
  usage: "[FILE…] [options]",
  details: [
    "Checks the files, or all .mesh files below the current folder, with all that they import.",
    "A mesh.config.ts in this folder or above sets sources and warningsAsErrors; what is given on the command line comes first.",
  ],
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
    { name: "warnings-as-errors", description: "ends with code 1 for warnings too" },
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
    const { loadConfig, sourcesOf } = await import("./config-file.ts");
    const loaded = await loadConfig(io.cwd);
    const sources = sourcesOf(args.positionals, loaded, io.cwd);
    const warningsAsErrors = args.has("warnings-as-errors") || (loaded.config.warningsAsErrors ?? false);
    const options: CheckOptions = { format, fix: args.has("fix"), warningsAsErrors };
    if (args.has("locked")) {
      if (args.has("watch")) throw usageError("`--locked` asks once.", "Leave `--watch` out.");
      const { checkWithLocks } = await import("./pull/check-with-locks.ts");
      return checkWithLocks(sources, options, io);
    }
    if (args.has("watch")) {
      if (format !== "text") throw usageError("`--watch` prints text only.", "Leave `--format` out.");
      const [{ watchFiles }, { checkFiles }, { Workspaces }] = await Promise.all([
        import("./watch.ts"),
        import("./check-files.ts"),
        import("./workspaces.ts"),
      ]);
      const workspaces = new Workspaces(io);
      return watchFiles({ says: "checking…", work: () => checkFiles(sources, options, io, workspaces) }, io);
    }
    const { checkFiles } = await import("./check-files.ts");
    return checkFiles(sources, options, io).exitCode;
  },
};
