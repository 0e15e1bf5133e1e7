import type { Command } from "./command.ts";

export const buildCommand: Command = {
  name: "build",
  summary: "Writes a TypeScript module, a plan and a manifest for each program",
  usage: "[FILE…] [options]",
  details: [
    "Checks the files, or all .mesh files below the current folder, with all that they import, and writes for each: NAME.mesh.ts, a module with types, schemas, the contracts of its nodes and functions that launch its pipelines; NAME.plan.json, what the runtime runs; NAME.manifest.json, what it connects to. A file that would not change is left alone.",
    "The code behind `from` is held against the declaration of its node by TypeScript. A program with errors leaves what was built of it before; code that does not fit does not keep the module from being written, for it holds the types that mend it.",
    "A mesh.config.ts in this folder or above sets sources, out, targets and warningsAsErrors; options on the command line come first.",
  ],
  options: [
    {
      name: "out",
      value: "DIR",
      description: "the folder to write to, where sources keep their places; by default beside each source",
    },
    {
      name: "target",
      value: "TARGET",
      choices: ["node", "browser"],
      description: "where the modules run: in Node (the default), or in a browser, where no peer can listen",
    },
    { name: "watch", description: "builds again whenever a source or the code of a node changes, until Ctrl-C" },
    { name: "warnings-as-errors", description: "programs with warnings are not built" },
  ],
  examples: [
    { line: "meshc build", does: "every program below this folder, or what mesh.config.ts says" },
    { line: "meshc build main.mesh --out gen", does: "writes gen/main.mesh.ts, gen/main.plan.json and so on" },
  ],
  positionals: [0, Number.POSITIVE_INFINITY],
  completes: "files",
  async run(args, io) {
    const { buildFiles } = await import("./build-files.ts");
    const target = args.value("target");
    return buildFiles(
      {
        given: args.positionals,
        out: args.value("out"),
        target: target === "browser" || target === "node" ? target : undefined,
        warningsAsErrors: args.has("warnings-as-errors") ? true : undefined,
        watch: args.has("watch"),
      },
      io,
    );
  },
};
