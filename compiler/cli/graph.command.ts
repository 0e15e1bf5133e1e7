import type { Command } from "./command.ts";

export const graphFormats = ["mermaid", "dot", "svg", "json"] as const;
export type GraphFormat = (typeof graphFormats)[number];

export const graphCommand: Command = {
  name: "graph",
  summary: "Draws a program, or a mesh that runs",
  usage: "FILE | URI… [options]",
  details: [
    "Peers are frames with the pipelines that they run, remotes are dashed with arrows to their targets in order, arrows " +
      "carry their formats, and what `~>` put in is marked.",
    "Peers that run are asked at their addresses what their pipelines take and give: `webrtc://HOST:PORT` means all pipelines of a peer. " +
      "What `mesh.topology()` gives, in files of JSON, shows their sessions as well.",
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
    { line: "meshc graph webrtc://gpu.example.com:7443 grpc://batch.example.com:7444/Ask", does: "peers that run" },
    { line: "meshc graph edge.json gpu.json --format svg", does: "what programs have written of themselves" },
  ],
  positionals: [1, Infinity],
  completes: "files",
  async run(args, io) {
    const [file = "", ...more] = args.positionals;
    const format = graphFormats.find((one) => one === args.value("format")) ?? "mermaid";
    if (more.length > 0 || file.includes("://") || file.endsWith(".json")) {
      const { drawLive } = await import("./graph/draw-live.ts");
      return drawLive(args.positionals, format, io);
    }
    const { drawFile } = await import("./draw-file.ts");
    return drawFile(file, format, io);
  },
};
