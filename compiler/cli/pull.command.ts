import type { Command } from "./command.ts";

export const pullCommand: Command = {
  name: "pull",
  summary: "Writes the interface of a live pipeline to a file",
  usage: "URI [options]",
  details: [
    "Asks the peer at the address what the pipeline takes and gives, and writes it as an interface, with the records and enums that it needs, so that a remote can be checked against it.",
    "The file keeps the address and a hash; `meshc check --locked` tells when the pipeline has changed since.",
  ],
  options: [
    { name: "out", value: "FILE", description: "the file to write; `-` prints. By default NAME.mesh in this folder" },
    { name: "as", value: "NAME", description: "the name of the interface; by default that of the pipeline" },
    { name: "force", description: "replaces a file that was not pulled, or that was edited since" },
  ],
  examples: [
    { line: "meshc pull webrtc://gpu.example.com/Hearing", does: "writes Hearing.mesh" },
    {
      line: "meshc pull webrtc://127.0.0.1:7452/Loud --as Answering --out src/loud.mesh",
      does: "an interface of your own name, where you want it",
    },
  ],
  positionals: [1, 1],
  completes: [],
  async run(args, io) {
    const { pullInterface } = await import("./pull/pull-interface.ts");
    const [uri = ""] = args.positionals;
    return pullInterface({ uri, out: args.value("out"), as: args.value("as"), force: args.has("force") }, io);
  },
};
