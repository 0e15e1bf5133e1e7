import type { Command } from "./command.ts";
import { usageError } from "./exit-code.ts";

export const testCommand: Command = {
  name: "test",
  summary: "Plays the scenarios of programs",
  usage: "[FILE…] [options]",
  details: [
    "Plays every `scenario` of the files, or of all .mesh files below the current folder, and says which expectations have not come true.",
    "Each peer gets a machine of its own in this process, on a network and a clock that are simulated: seconds of a scenario take milliseconds, nothing listens anywhere, and the same seed gives the same. The code of the nodes is that of the program; the clock stands still while it works, and a node with a declared `latency` takes that time.",
    "Where an expectation fails, the place of it is shown, what was seen in its stead, and what happened when.",
    "--format json prints one object a line: for each scenario one as it starts (`started`) and one as it ends (`scenario`), with its failures and their places, for a program with errors its `diagnostics`, and once and last `ended`.",
    "Exit codes: 0 where all has come true, 1 where something has not or a program has errors, 2 for wrong usage.",
  ],
  options: [
    { name: "scenario", value: "TITLE", repeated: true, description: "only the scenario of this title" },
    {
      name: "format",
      value: "FORMAT",
      choices: ["text", "json"],
      description: "for people (text, the default) or for programs (json)",
    },
    { name: "watch", description: "plays again whenever a program, its code or what is fed changes, until Ctrl-C" },
    { name: "seed", value: "NUMBER", description: "of all that is random; 1 by default" },
    {
      name: "timeout",
      value: "TIME",
      description: "how long a scenario may take, of real time: 60s (the default), 500ms, 10min",
    },
  ],
  examples: [
    { line: "meshc test", does: "every scenario below this folder" },
    { line: 'meshc test main.mesh --scenario "the GPU dies"', does: "one of them" },
    { line: "meshc test --watch", does: "again after each change" },
    { line: "meshc test --format json", does: "for an editor or a report" },
  ],
  positionals: [0, Number.POSITIVE_INFINITY],
  completes: "files",
  async run(args, io) {
    const { readTestOptions, testFiles } = await import("./test/test-files.ts");
    const options = await readTestOptions(args, io.cwd);
    if (!args.has("watch")) return (await testFiles(options, io)).exitCode;
    if (options.format !== "text") throw usageError("`--watch` prints text only.", "Leave `--format` out.");
    const { watchFiles } = await import("./watch.ts");
    return watchFiles({ says: "playing…", work: () => testFiles(options, io) }, io);
  },
};
