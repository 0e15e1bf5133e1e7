import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { pipelineEndpoint } from "../../../runtime/pipeline/endpoint.ts";
import { servePipelines } from "../../../runtime/remote/host.ts";
import { directSignaling } from "../../../runtime/signaling/direct.ts";
import { webrtcTransport } from "../../../runtime/transports/webrtc/transport.ts";
import { realClock } from "../../conformance/real-clock.ts";
import { descriptionOf, RecordedWorld } from "./support/recorded-engine.ts";
import { depsFor, echoPlan, marking, servedFrom } from "./support/scene.ts";

/** A second peer, written from docs/protocol.md alone, in the standard library of Python. */
const python = process.env["PYTHON"] ?? "python3";
const missing = spawnSync(python, ["--version"]).status === 0 ? undefined : `there is no \`${python}\``;
if (missing !== undefined) console.warn(`Skipping the peer in Python: ${missing}; set PYTHON to its path.`);

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "peer-"));
afterAll(() => rmSync(folder, { recursive: true }));

interface Result {
  readonly received: readonly string[];
  /** How often it has gone on over another connection, and the frames that it has sent again. */
  readonly attempts: number;
  readonly again: number;
  /** It was told what had come of what it sent. */
  readonly confirmed: boolean;
}

type Line = Readonly<{ on?: "signaling" | number; text?: string; hex?: string; make?: number; break?: true }> &
  Readonly<{ result?: Result }>;

/** How many vectors there are to write, to read and to refuse. */
function counted(): object {
  const [frames, control, connection, records] = ["frames", "control", "connection", "records"].map(
    (name) =>
      JSON.parse(readFileSync(at(`../../../docs/protocol-vectors/${name}.json`), "utf8")) as Record<string, object[]>,
  );
  const count = (list: readonly object[] | undefined): number => list?.length ?? 0;
  const written = frames?.["valid"]?.filter((one) => !("readOnly" in one));
  return {
    written:
      count(written) +
      count(control?.["valid"]) +
      count(connection?.["valid"]) +
      count(records?.["valid"]) +
      count(records?.["read"]),
    read: [frames, control, connection, records].reduce(
      (sum, one) => sum + count(one?.["valid"]) + count(one?.["read"]),
      0,
    ),
    refused: count(frames?.["invalid"]) + count(connection?.["invalid"]) + count(records?.["invalid"]),
  };
}

/** Has the peer in Python call `P`, which adds an exclamation mark, and is its engine and its WebSocket. */
async function callFrom(texts: readonly string[], breakAfter?: number): Promise<Result> {
  const clock = realClock();
  const world = new RecordedWorld(() => 0);
  const sockets = world.sockets();
  const plan = echoPlan();
  const endpoint = pipelineEndpoint(plan, "P", depsFor(clock, { Echo: marking("!") }));
  const host = servePipelines({ find: () => servedFrom(plan, endpoint), names: () => ["P"], clock });
  const signaling = directSignaling({ clock, ...sockets });
  const listener = await webrtcTransport({ clock, engine: world.engine("host"), signaling }).listen(
    "webrtc://host.example:7443",
    host.accept,
  );
  const sdp = descriptionOf("python", "actpass");
  writeFileSync(join(folder, "texts.json"), JSON.stringify(texts));
  writeFileSync(join(folder, "offer.sdp"), sdp);
  const more = breakAfter === undefined ? [] : [String(breakAfter)];
  const child = spawn(
    python,
    ["-B", at("fixtures/peer.py"), "P", join(folder, "texts.json"), join(folder, "offer.sdp"), ...more],
    { stdio: ["pipe", "pipe", "pipe"] },
  );
  let complaint = "";
  child.stderr.on("data", (data: Buffer) => (complaint += data.toString()));
  const tell = (line: object): void => void child.stdin.write(`${JSON.stringify(line)}\n`);
  let link = await bridge(world, sockets, sdp, tell);
  try {
    return await new Promise<Result>((resolve, reject) => {
      child.once("exit", (code) => reject(new Error(`The peer ended with ${code}: ${complaint}`)));
      createInterface({ input: child.stdout }).on("line", (text) => {
        const line = JSON.parse(text) as Line;
        if (line.result !== undefined) resolve(line.result);
        else if (line.break === true) {
          link.break();
          void bridge(world, sockets, sdp, tell).then((next) => {
            link = next;
            tell({ broken: true });
          });
        } else link.take(line);
      });
    });
  } finally {
    child.kill();
    await listener.close();
  }
}

/** One connection of the peer: what it says goes to the engine of the host, and back. */
async function bridge(
  world: RecordedWorld,
  { connect }: ReturnType<RecordedWorld["sockets"]>,
  sdp: string,
  tell: (line: object) => void,
) {
  const engine = world.engine("python", "python");
  const peer = engine.createPeerConnection();
  const socket = await connect({ host: "host.example", port: 7443 }, new AbortController().signal);
  const channels = new Map<number, ReturnType<typeof peer.createDataChannel>>();
  socket.onClose(() => undefined);
  socket.onMessage((text) => {
    tell({ on: "signaling", text });
    const { result } = JSON.parse(text) as { result?: { sdp?: string } };
    if (result?.sdp !== undefined) void peer.setRemoteDescription({ type: "answer", sdp: result.sdp });
  });
  await peer.setLocalDescription({ type: "offer", sdp });
  return {
    break: () => void engine.close(peer),
    take({ on, text, hex, make }: Line): void {
      if (make !== undefined) {
        const channel = peer.createDataChannel("", { negotiated: true, id: make });
        channels.set(make, channel);
        channel.addEventListener("open", () => make === 0 && tell({ open: 0 }));
        channel.addEventListener("message", ({ data }) =>
          tell({ on: make, hex: Buffer.from(data as Uint8Array).toString("hex") }),
        );
      } else if (on === "signaling") socket.send(text ?? "");
      else if (on !== undefined) channels.get(on)?.send(new Uint8Array(Buffer.from(hex ?? "", "hex")));
    },
  };
}

describe.skipIf(missing !== undefined)("a peer in Python, written from docs/protocol.md", () => {
  it("writes and reads the vectors of the protocol, and refuses what they refuse", () => {
    const { stdout, stderr } = spawnSync(
      python,
      ["-B", at("fixtures/vectors.py"), at("../../../docs/protocol-vectors")],
      {
        encoding: "utf8",
      },
    );
    const { wrong, ...counts } = JSON.parse(stdout || `{"wrong":${JSON.stringify(stderr)}}`) as Record<string, unknown>;
    expect(wrong).toEqual([]);
    // All that there are; what it says of control messages that it refuses is its own affair.
    expect(counts).toEqual(counted());
  });

  it("R1.3 R3.1 calls a pipeline of ours: signaling, handshake, frames in parts and together, credits, a good end", async () => {
    const texts = Array.from(
      { length: 300 },
      (_, index) => `${index} ${"ü".repeat(index % 97 === 0 ? 20_000 : index % 50)}`,
    );
    const result = await callFrom(texts);
    expect(result).toEqual({ received: texts.map((one) => `${one}!`), attempts: 0, again: 0, confirmed: true });
  });

  it("R8.2 goes on over another connection, with no frame lost and none twice", async () => {
    const texts = Array.from({ length: 300 }, (_, index) => `${index} ${"x".repeat(index % 40 === 7 ? 30_000 : 20)}`);
    const result = await callFrom(texts, 100);
    expect(result.received).toEqual(texts.map((one) => `${one}!`));
    expect(result.attempts).toBe(1);
  });
});
