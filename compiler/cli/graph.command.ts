import type { Command } from "./command.ts";

export const graphFormats = ["mermaid", "dot", "svg", "json"] as const;
export type GraphFormat = (typeof graphFormats)[number];

export const graphCommand: Command = {
  name: "graph",
  summary: "Draws a program",
  usage: "FILE [options]",
  details: [
    "Peers are frames with the pipelines that they run, remotes are dashed with arrows to their targets in order, arrows " +
      "carry their formats, and what `~>` put in is marked.",
  ],
  options: [
    {
      name: "format",
      value: "FORMAT",
      choices: graphFormats,
      description: "mermaid (the default), dot for Graphviz, svg laid out and ready, or json",
    },
  ],
  examples: [
    { line: "meshc graph main.mesh --format svg > mesh.svg", does: "the picture of a program" },
    { line: "meshc graph main.mesh", does: "Mermaid, for a page of Markdown" },
  ],
  positionals: [1, 1],
  completes: "files",
  async run(args, io) {
    const [file = ""] = args.positionals;
    const { drawFile } = await import("./draw-file.ts");
    return drawFile(file, graphFormats.find((one) => one === args.value("format")) ?? "mermaid", io);
  },
};
