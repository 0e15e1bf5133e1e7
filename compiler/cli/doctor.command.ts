import type { Command } from "./command.ts";

export const doctorCommand: Command = {
  name: "doctor",
  summary: "Tells why an address can be called, or why not",
  usage: "URI [options]",
  details: [
    "Goes the way of a call step by step, and says of each what was found, or the code of the failure and the way out: the name of the host, its port, encryption, what listens there and which version it speaks, the pipelines there, a connection with all paths that were tried, the interface and its formats. No session is opened.",
    "The address is that of a pipeline or a peer (webrtc://, grpc://), of a signaling service (ws://, wss://), or of the HTTP of a peer (http://, https://). A pipeline of a peer that is called through a service is webrtc://ID@HOST:PORT/PIPELINE.",
  ],
  options: [
    {
      name: "against",
      value: "FILE",
      description:
        "says what the pipeline takes and gives otherwise than the interface in this file, which `meshc pull` has written",
    },
    { name: "interface", value: "HASH", description: "the hash that the interface is to have, as it is shown" },
    {
      name: "engine",
      value: "ENGINE",
      choices: ["auto", "werift", "node-datachannel"],
      description:
        "what connects by WebRTC: node-datachannel where it is installed (auto, the default), or one of the two",
    },
    {
      name: "ice-server",
      value: "URL",
      repeated: true,
      description: "a STUN or TURN server, written as for `meshc run`",
    },
    {
      name: "format",
      value: "FORMAT",
      choices: ["text", "json"],
      description: "for people (text, the default) or for programs: one object with all steps (json)",
    },
  ],
  examples: [
    { line: "meshc doctor webrtc://gpu.example.com/Hearing", does: "why a remote does not reach its target" },
    {
      line: "meshc doctor webrtc://127.0.0.1:7452/Loud --against Answering.mesh",
      does: "whether it still is what was pulled",
    },
    { line: "meshc doctor ws://127.0.0.1:7440 --format json", does: "a signaling service, for a program" },
  ],
  positionals: [1, 1],
  completes: [],
  async run(args, io) {
    const { examineAddress } = await import("./doctor/examine-address.ts");
    const [uri = ""] = args.positionals;
    return examineAddress(
      {
        uri,
        against: args.value("against"),
        interface: args.value("interface"),
        engine: args.value("engine") as "auto" | "werift" | "node-datachannel" | undefined,
        iceServers: args.values("ice-server"),
        json: args.value("format") === "json",
      },
      io,
    );
  },
};
