import { allowOrigin, originsOf } from "./origins.ts";
import type { Command } from "./command.ts";

export const signalCommand: Command = {
  name: "signal",
  summary: "Runs a signaling service, where peers are registered and found",
  usage: "[options]",
  details: [
    "Peers register with it (`registers` in a program, `meshc run --register`), programs ask it for pipelines (`service` targets, `meshc discover`), and calls to peers that cannot be reached by themselves go through it. It carries no streams: connections that are up do not depend on it.",
    "What is registered is kept in memory, and after a restart the peers register anew, within 3 s; or in NATS JetStream, by `--store`, where several services on several machines share it: each answers for all, and passes calls on to peers of the others.",
    "GET /healthz says that it runs, GET /readyz that it takes peers, each with its figures.",
  ],
  options: [
    {
      name: "listen",
      value: "URI",
      description: "where it listens; ws://127.0.0.1:7440 by default, port 0 takes a free one",
    },
    {
      name: "tls-cert",
      value: "FILE",
      description: "listens by TLS (wss://), with this certificate and those of its chain, in PEM",
    },
    { name: "tls-key", value: "FILE", description: "the key of that certificate, in PEM" },
    { name: "max-peers", value: "N", description: "registered peers at most; 50000 by default" },
    {
      name: "store",
      value: "URI",
      description:
        "keeps what is registered in NATS JetStream, for services on several machines: nats://HOST:PORT/BUCKET, more hosts after commas, tls:// for TLS",
    },
    {
      name: "store-credentials",
      value: "FILE",
      description:
        "the credentials file for NATS; else NATS_USER and NATS_PASSWORD of the environment, where they are set",
    },
    {
      name: "max-per-address",
      value: "N",
      description: "connections of one address at most; 4096 by default, without limit from this machine itself",
    },
    {
      ...allowOrigin,
      description: "pages of this origin may ask too, beside those of this machine; `*` lets all",
    },
    {
      name: "format",
      value: "FORMAT",
      choices: ["text", "json"],
      description: "for people (text, the default) or for programs: an object for each line (json)",
    },
  ],
  examples: [
    { line: "meshc signal", does: "for programs of this machine, until Ctrl-C" },
    {
      line: "meshc signal --listen ws://0.0.0.0:7440 --store nats://nats-1:4222,nats-2:4222,nats-3:4222",
      does: "one of several, on each machine the same",
    },
    {
      line: "meshc signal --listen wss://0.0.0.0:7440 --tls-cert cert.pem --tls-key key.pem",
      does: "for those of the network as well",
    },
  ],
  positionals: [0, 0],
  completes: [],
  async run(args, io) {
    const { runService } = await import("./signal/run-service.ts");
    return runService(
      {
        listen: args.value("listen"),
        tlsCert: args.value("tls-cert"),
        tlsKey: args.value("tls-key"),
        maxPeers: args.value("max-peers"),
        store: args.value("store"),
        storeCredentials: args.value("store-credentials"),
        maxPerAddress: args.value("max-per-address"),
        allowedOrigins: originsOf(args),
        json: args.value("format") === "json",
      },
      io,
    );
  },
};
