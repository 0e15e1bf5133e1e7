import type { Command } from "./command.ts";

export const explainCommand: Command = {
  name: "explain",
  summary: "Explains a diagnostic, or what the compiler decided at a place",
  usage: "CODE | FILE:LINE",
  details: [
    "For a code such as MESH3001: what it means, a program that gives it, and what to do.",
    "For a line of a program: the format of each link and who settled it, the converters that were put in, the queue and " +
      "the transport; for a remote the order of its targets and its policy; for a peer what it has to provide.",
  ],
  options: [],
  examples: [
    { line: "meshc explain MESH3001", does: "why formats do not match, and what helps" },
    { line: "meshc explain main.mesh:42", does: "what was decided on line 42" },
  ],
  positionals: [1, 1],
  completes: "files",
  async run(args, io) {
    const [what = ""] = args.positionals;
    const { explain } = await import("./explain-place.ts");
    return explain(what, io);
  },
};
