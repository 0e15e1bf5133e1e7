import type { Command } from "./command.ts";

export const discoverCommand: Command = {
  name: "discover",
  summary: "Lists the pipelines that a signaling service, or a peer, knows of",
  usage: "URI [options]",
  details: [
    "Asks at the address of a signaling service (ws://, wss://), or of a peer that listens (webrtc://), which pipelines there are: with their peers, what those provide, what they take and give, and how they are reached.",
    "For a service of several nodes the addresses of some stand side by side, with commas between them: the first that can be reached is asked.",
    "Conditions are written as in a program: `gpu.memory >= 8GiB, codecs(opus)`.",
  ],
  options: [
    { name: "pipeline", value: "NAME", description: "only pipelines of this name" },
    { name: "peer", value: "ID", description: "only those of this peer" },
    {
      name: "interface",
      value: "HASH",
      description: "only those that take and give the same, by the hash that is shown",
    },
    { name: "where", value: "CONDITIONS", description: "only those whose peer provides this" },
    { name: "watch", description: "goes on, and tells what comes and goes, until Ctrl-C" },
    {
      name: "format",
      value: "FORMAT",
      choices: ["text", "json"],
      description: "for people (text, the default) or for programs: an object for each pipeline (json)",
    },
  ],
  examples: [
    { line: "meshc discover ws://127.0.0.1:7440", does: "all that is registered there" },
    {
      line: "meshc discover ws://127.0.0.1:7440 --pipeline Hearing --where 'gpu.memory >= 8GiB'",
      does: "who could recognise speech on a large graphics card",
    },
    { line: "meshc discover webrtc://gpu.example.com", does: "what one peer runs" },
  ],
  positionals: [1, 1],
  completes: [],
  async run(args, io) {
    const { discoverPipelines } = await import("./discover/discover-pipelines.ts");
    const [uri = ""] = args.positionals;
    return discoverPipelines(
      {
        uri,
        pipeline: args.value("pipeline"),
        peer: args.value("peer"),
        interface: args.value("interface"),
        where: args.value("where"),
        watch: args.has("watch"),
        json: args.value("format") === "json",
      },
      io,
    );
  },
};
