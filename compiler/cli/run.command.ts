import process from "node:process";
import type { Command } from "./command.ts";
import { exitCode } from "./exit-code.ts";
import { allowOrigin } from "./origins.ts";

export const runCommand: Command = {
  name: "run",
  summary: "Runs the peers of a program",
  usage: "FILE [options]",
  details: [
    "Runs all peers of the file in this process, each of them in a process of its own (--processes), or one of them (--peer), until Ctrl-C.",
    "With --in and --out a session is opened with the pipeline that has those ports, and the run ends with it. Where several pipelines have them, it is the one that no other pipeline of the file calls. A .wav file is fed in real time, as a microphone would, and an output is written beside its file and renamed when it is complete. Text and records are read from and written to .txt (a text a line) and .jsonl (a JSON value a line); outputs of these kinds without a file are shown.",
    "The summary at the end tells the frames in and out of each port and, for sound, the time end to end: from the end of the question's speech (the last 20 ms of the input that are louder than a tenth of its loudest) being fed until the first sound of the answer arrives.",
    "A peer whose process goes does not end the run as long as the program has an `else` for it; the summary tells of both. Ctrl-C ends all processes within a second, with exit code 130.",
    "Without a session of its own, a run that is told to stop (Ctrl-C, SIGTERM) takes no new callers and says so to health checks, answers the calls that it has taken and lets streams end, for 5 s at most (--drain). Ctrl-C a second time ends it at once.",
    "An ICE server is written stun:HOST:PORT or turn:USER:PASSWORD@HOST:PORT, with ?transport=tcp behind it where UDP does not pass; it is needed where the machines cannot send packets to each other's addresses.",
    "--format json prints one object a line: started, ready, event, describe (every 250 ms), output, log, exited and, once and last, ended. With --processes an object that comes from one of them says which `peer` it is.",
  ],
  options: [
    { name: "peer", value: "PEER", description: "only this peer of the file" },
    { name: "processes", description: "each peer in a process of its own" },
    { name: "pipeline", value: "PIPELINE", description: "the pipeline to open a session with" },
    {
      name: "in",
      value: "PORT=FILE",
      repeated: true,
      description: "feeds a .wav, .txt or .jsonl file to an input; PIPELINE.PORT where it is not clear",
    },
    { name: "out", value: "PORT=FILE", repeated: true, description: "writes an output to a .wav, .txt or .jsonl file" },
    { name: "param", value: "NAME=VALUE", repeated: true, description: "a parameter of that pipeline" },
    {
      name: "register",
      value: "URI",
      repeated: true,
      description:
        "a signaling service that the peers make themselves known to, and ask for `service` targets; URI,URI for any of its nodes, and once more for another service",
    },
    { name: "id", value: "ID", description: "the id of the peer there, with --peer; it gets one by itself otherwise" },
    {
      name: "discover",
      value: "URI",
      repeated: true,
      description: "a signaling service to ask for `service` targets, without being registered there",
    },
    {
      name: "engine",
      value: "ENGINE",
      choices: ["auto", "werift", "node-datachannel"],
      description:
        "what carries WebRTC: node-datachannel where it is installed and werift otherwise (auto, the default), or one of them",
    },
    {
      name: "ice-server",
      value: "URL",
      repeated: true,
      description: "a STUN or TURN server to find paths with; none by default",
    },
    {
      name: "relay-only",
      description: "connects through the TURN servers alone, so that no address of this machine is told",
    },
    {
      name: "tls-cert",
      value: "FILE",
      description: "what peers show by TLS that listen at webrtc+wss://: a certificate and those of its chain, in PEM",
    },
    { name: "tls-key", value: "FILE", description: "the key of that certificate, in PEM" },
    {
      ...allowOrigin,
      description: "pages of this origin may call too, beside those of this machine and of its own host; `*` lets all",
    },
    {
      name: "compression",
      value: "METHOD",
      choices: ["gzip"],
      description: "compresses the requests of calls by gRPC, those of 1 KiB and more; not at all by default",
    },
    {
      name: "drain",
      value: "TIME",
      description: "how long callers are waited for when the run is told to stop: 5s (the default), 500ms, 0s",
    },
    {
      name: "format",
      value: "FORMAT",
      choices: ["text", "json"],
      description: "for people (text, the default) or for programs (json)",
    },
  ],
  examples: [
    { line: "meshc run main.mesh", does: "all peers, here, until Ctrl-C" },
    { line: "meshc run main.mesh --peer gpu", does: "the peer `gpu` alone, as on its own machine" },
    {
      line: "meshc run main.mesh --processes --in mic=question.wav --out speaker=answer.wav",
      does: "asks a question and ends when the answer is complete",
    },
    {
      line: "meshc run main.mesh --peer gpu --register ws://signal.example.org:7440 --id gpu-1",
      does: "runs it where others find it by what it provides",
    },
    {
      line: "meshc run main.mesh --peer studio --allow-origin https://app.example.com",
      does: "lets in the pages of a site that is served elsewhere",
    },
    {
      line: "meshc run main.mesh --peer edge --ice-server turn:ann:secret@turn.example.org",
      does: "reaches the others through a TURN server where nothing else leads to them",
    },
  ],
  positionals: [1, 1],
  completes: "files",
  async run(args, io) {
    const { parentOf } = await import("./run/child.ts");
    const parent = parentOf(io.env);
    let loading = true;
    // Nothing is begun yet that would have to be ended in good order.
    void parent?.stop.then(() => (loading ? process.exit(exitCode.interrupted) : undefined));
    const { runFile } = await import("./run/run-file.ts");
    loading = false;
    return runFile(args, io, parent);
  },
};
