import type { Command } from "./command.ts";

export const buildCommand: Command = {
  name: "build",
  summary: "Writes a TypeScript module and a plan for each program",
  usage: "[FILE…] [options]",
  details: [
    "Checks the files, or all .mesh files below the current folder, and writes two files for each: NAME.mesh.ts, a module with types, schemas and functions that launch its pipelines, and NAME.plan.json, plain, versioned data that the runtime runs. A file that would not change is left alone.",
  ],
  options: [{ name: "out", value: "DIR", description: "the folder to write to; by default beside each file" }],
  examples: [
    { line: "meshc build", does: "every program below this folder" },
    { line: "meshc build main.mesh --out gen", does: "writes gen/main.mesh.ts and gen/main.plan.json" },
  ],
  positionals: [0, Number.POSITIVE_INFINITY],
  completes: "files",
  async run(args, io) {
    const { buildFiles } = await import("./build-files.ts");
    return buildFiles(args.positionals, args.value("out"), io);
  },
};
