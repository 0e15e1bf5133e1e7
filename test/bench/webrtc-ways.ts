import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import type { Frame } from "../../runtime/interface/frame.ts";
import type { Link } from "../../runtime/interface/link.ts";
import { connectPipeline } from "../../runtime/mesh/connect.ts";
import { nodejsPlatform } from "../../runtime/platform/nodejs.ts";
import { bytes } from "../support/pipeline-plan-builder.ts";
import { published, RawLine, type BenchEngine } from "./webrtc-raw.ts";

/** One way to another process. What comes back has been asked for: an echo or a receipt. */
export interface Way {
  readonly name: string;
  readonly child: ChildProcess;
  /** Resolves when there is room for the next. */
  send(message: Uint8Array): Promise<void>;
  /** As `send`, but never waits: an engine is given more than it sends, a session as much as it takes. */
  pour(message: Uint8Array): void;
  /** The number of bytes that come back next. */
  back(count: number): Promise<void>;
  /** Bytes that the other side has received so far, told beside the connection. */
  received(): Promise<number>;
  close(): Promise<void>;
  /** Ends both sides as they are. */
  kill(): Promise<void>;
}

/** Counts bytes down for one who waits. */
class Arrivals {
  #missing = 0;
  #done: (() => void) | undefined;

  wait(count: number): Promise<void> {
    this.#missing = count;
    return new Promise((resolve) => (this.#done = resolve));
  }

  readonly take = (count: number): void => {
    this.#missing -= count;
    if (this.#missing <= 0) this.#done?.();
  };
}

/** The other process, and what it says. */
class Far {
  readonly child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(script: string, engine: BenchEngine, how: "session" | "raw") {
    this.child = spawn(process.execPath, [script, engine, how], { stdio: ["pipe", "pipe", "inherit"] });
    this.#lines = createInterface({ input: this.child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  }

  say(line: string): void {
    this.child.stdin?.write(`${line}\n`);
  }

  async line(): Promise<string> {
    const { done, value } = await this.#lines.next();
    if (done === true) throw new Error(`The peer ended early with code ${this.child.exitCode}.`);
    return value;
  }

  readonly received = async (): Promise<number> => {
    this.say("received");
    return Number(await this.line());
  };

  end(kill = false): Promise<void> {
    const gone = new Promise<void>((resolve) => this.child.once("exit", () => resolve()));
    if (kill) this.child.kill("SIGKILL");
    else this.child.stdin?.end();
    return gone;
  }
}

/** A session of ours with a peer of ours. @param script of the other side */
export async function session(engine: BenchEngine, script: string): Promise<Way> {
  const far = new Far(script, engine, "session");
  const arrivals = new Arrivals();
  const link: Link = {
    writable: true,
    ready: () => Promise.resolve(),
    send: ({ payload }: Frame) => arrivals.take((payload as Uint8Array).length),
    end: () => undefined,
    abort: () => undefined,
  };
  const opened = await connectPipeline(nodejsPlatform({}, { engine }), `${await far.line()}/Far`, {
    params: {},
    inputs: { in: bytes },
    outputs: { out: { type: bytes, link } },
    schemas: {},
    signal: new AbortController().signal,
  });
  const input = opened.inputs["in"] as Link;
  let seq = 0;
  const give = (payload: Uint8Array): void => input.send({ timestampUs: seq, seq: seq++, epoch: 0, flags: 0, payload });
  return {
    name: `session over ${engine}`,
    child: far.child,
    async send(payload) {
      if (!input.writable) await input.ready();
      give(payload);
    },
    pour(payload) {
      if (input.writable) give(payload);
    },
    back: (count) => arrivals.wait(count),
    received: far.received,
    async close() {
      await opened.close();
      await far.end();
    },
    async kill() {
      await Promise.all([far.end(true), opened.close()]);
    },
  };
}

/** The engine alone. */
export async function raw(engine: BenchEngine, script: string): Promise<Way> {
  const far = new Far(script, engine, "raw");
  const arrivals = new Arrivals();
  const own = new RawLine(published(engine), (message) => arrivals.take(message.length));
  await own.peer.setLocalDescription(await own.peer.createOffer());
  far.say(JSON.stringify(own.peer.localDescription?.sdp));
  await own.peer.setRemoteDescription({ type: "answer", sdp: JSON.parse(await far.line()) as string });
  await own.opened;
  return {
    name: engine,
    child: far.child,
    send: (message) => own.send(message),
    pour: (message) => own.pour(message),
    back: (count) => arrivals.wait(count),
    received: far.received,
    async close() {
      await own.close();
      await far.end();
    },
    async kill() {
      await far.end(true);
      await own.close();
    },
  };
}
