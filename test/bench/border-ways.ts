import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Link } from "../../runtime/interface/link.ts";
import type { Signaling } from "../../runtime/interface/signaling.ts";
import type { Transport } from "../../runtime/interface/transport.ts";
import { remotePipeline } from "../../runtime/remote/caller.ts";
import type { EngineChannel } from "../../runtime/transports/webrtc/engines/engine.ts";
import { nodejsSignaling, weriftTransport } from "../conformance/nodejs-transport.ts";
import { realClock as clock } from "../support/real-clock.ts";
import { bareEngine, bytes, random } from "./border-peer.ts";
import { tuned, type BenchEngine } from "./webrtc-raw.ts";

/** What a writer of bare channels lets werift hold, as its examples do. */
const water = { high: 128 * 1024, low: 32 * 1024 };

/** One way over the border. */
export interface Way {
  /** Sends one payload as soon as there is room. */
  bulk(payload: Uint8Array): void | Promise<void>;
  voice(payload: Uint8Array): void | Promise<void>;
  /** Set to be told of the answer to the last of the bulk, and of each voice that came back. */
  onDone: () => void;
  onVoice: (payload: Uint8Array) => void;
  close(): Promise<void>;
}

/** A session of ours with the first address of `start`; those of one transport share a connection. */
export async function session(
  address: string,
  signaling: Signaling = nodejsSignaling(),
  engine: BenchEngine = "werift",
  transport: Transport = weriftTransport({ engine: tuned(engine), signaling }),
): Promise<Way> {
  const listen = (take: (payload: Uint8Array) => void): Link => ({
    writable: true,
    ready: () => Promise.resolve(),
    send: ({ payload }) => take(payload as Uint8Array),
    end: () => undefined,
    abort: () => undefined,
  });
  const open = await remotePipeline({ transport, uri: `${address}/P`, clock, random }).open({
    params: {},
    inputs: { bulk: bytes, voice: bytes },
    outputs: {
      done: { type: bytes, link: listen(() => way.onDone()) },
      echo: { type: bytes, link: listen((payload) => way.onVoice(payload)) },
    },
    schemas: {},
    signal: new AbortController().signal,
  });
  const seq = { bulk: 0, voice: 0 };
  const send = (port: "bulk" | "voice", payload: Uint8Array): void =>
    open.inputs[port]?.send({ timestampUs: 0, seq: seq[port]++, epoch: 0, flags: 0, payload });
  const [bulk, voice] = [open.inputs["bulk"], open.inputs["voice"]] as [Link, Link];
  const way: Way = {
    bulk: (payload) => (bulk.writable ? send("bulk", payload) : bulk.ready().then(() => send("bulk", payload))),
    voice: (payload) => (voice.writable ? send("voice", payload) : voice.ready().then(() => send("voice", payload))),
    onDone: () => undefined,
    onVoice: () => undefined,
    close: () => open.close(),
  };
  return way;
}

/** Channels of an engine as published, with the second address. */
export async function bare(
  address: string,
  signaling: Signaling = nodejsSignaling(),
  name: BenchEngine = "werift",
): Promise<Way> {
  const engine = bareEngine(name);
  const natives: EngineChannel[] = [];
  const prepareChannel = (channel: EngineChannel): void => {
    natives.push(channel);
    engine.prepareChannel(channel);
  };
  const transport = weriftTransport({ engine: { ...engine, prepareChannel }, signaling, share: false });
  const connection = await transport.dial(`${address}/Any`, { signal: new AbortController().signal });
  connection.channel(1, "bulk").onMessage(() => way.onDone());
  connection.channel(2, "voice").onMessage((message) => way.onVoice(message));
  const [, bulk, voice] = natives as [EngineChannel, EngineChannel, EngineChannel];
  bulk.bufferedAmountLowThreshold = water.low;
  let wake: () => void = () => undefined;
  bulk.addEventListener("bufferedamountlow", () => wake());
  const way: Way = {
    bulk(payload) {
      if (bulk.bufferedAmount < water.high) return bulk.send(payload);
      return new Promise<void>((resolve) => (wake = resolve)).then(() => bulk.send(payload));
    },
    voice: (payload) => voice.send(payload),
    onDone: () => undefined,
    onVoice: () => undefined,
    close: () => connection.close(),
  };
  return way;
}

/** Starts the other side. */
export async function start(
  engine: BenchEngine = "werift",
): Promise<{ readonly child: ChildProcess; readonly addresses: readonly string[] }> {
  const path = fileURLToPath(new URL("border-peer.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", path, "serve", engine], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", resolve);
    child.once("exit", (code) => reject(new Error(`The other side ended early with code ${code}.`)));
  });
  return { child, addresses: line.split(" ") };
}
