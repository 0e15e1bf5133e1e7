import { expect, it } from "vitest";
import type { FlowType, Schemas } from "../../../runtime/interface/caps.ts";
import type { Link } from "../../../runtime/interface/link.ts";
import { pipelineEndpoint } from "../../../runtime/pipeline/endpoint.ts";
import { remotePipeline } from "../../../runtime/remote/caller.ts";
import { describeRemote } from "../../../runtime/remote/describe.ts";
import { servePipelines } from "../../../runtime/remote/host.ts";
import { directSignaling } from "../../../runtime/signaling/direct.ts";
import { decodeCarrier } from "../../../runtime/transports/shared/messages.ts";
import { webrtcTransport } from "../../../runtime/transports/webrtc/transport.ts";
import { RawPeer } from "./support/raw-peer.ts";
import { RecordedWorld, type Entry } from "./support/recorded-engine.ts";
import { givenRandom, remoteOf } from "./support/remote.ts";
import { depsFor, echoPlan, frameOf, marking, servedFrom, testLink, text } from "./support/scene.ts";
import { virtualClock, type VirtualClock } from "./support/virtual-clock.ts";

/** Where the transcripts stand that docs/protocol.md speaks of. */
const file = new URL("../../../docs/protocol-vectors/transcripts.json", import.meta.url).pathname;
const at = "webrtc://host.example:7443";

/** A caller and a host that runs `P`, by a clock that stands still unless it is told, with ids that are no secrets. */
function pair(share: boolean, plan = echoPlan(), mark = "!") {
  const clock = virtualClock();
  const world = new RecordedWorld(() => clock.nowMs);
  const peer = (name: string) =>
    webrtcTransport({
      clock,
      engine: world.engine(name),
      share,
      signaling: directSignaling({ clock, ...sockets }),
      pipelines: () => ["P", "Q"],
    });
  const sockets = world.sockets();
  const endpoint = pipelineEndpoint(plan, "P", depsFor(clock, { Echo: marking(mark) }));
  const host = servePipelines({ find: () => servedFrom(plan, endpoint), names: () => ["P", "Q"], clock });
  const listening = peer("host").listen(at, host.accept);
  return { clock, world, caller: peer("caller"), listening };
}

type Pair = ReturnType<typeof pair>;

const endpointAt = ({ clock, caller }: Pair, pipeline = "P") =>
  remotePipeline({ transport: caller, uri: `${at}/${pipeline}`, clock, random: givenRandom(0) });

const schemas: Schemas = {
  Box: {
    kind: "record",
    fields: [
      { name: "label", type: text, optional: false },
      { name: "x", type: { kind: "scalar", name: "int" }, optional: false },
    ],
  },
};
const box: FlowType = { kind: "named", name: "Box" };

const request = (type: object = text) => {
  const b = testLink();
  return {
    b,
    request: {
      params: {},
      inputs: { a: type as typeof text },
      outputs: { b: { type: text, link: b } },
      schemas: {},
      signal: new AbortController().signal,
    },
  };
};

const scenarios: readonly {
  readonly name: string;
  readonly about: string;
  /** Both peers let sessions share a connection. */
  readonly share?: true;
  /** `P` gives back what it gets, which is of this type. */
  readonly type?: FlowType;
  readonly run: (peers: Pair) => Promise<void>;
}[] = [
  {
    name: "a session",
    about:
      "Signaling, the handshake, a frame by itself, twenty at once, of which those that have to wait go together, credits, heartbeats in a pause, and a good end. `P` adds an exclamation mark to each text.",
    async run(peers) {
      const { clock } = peers;
      const { request: asked, b } = request();
      const session = await clock.until(endpointAt(peers).open(asked));
      const input = session.inputs["a"] as Link;
      input.send(frameOf("hello", 0));
      await clock.run(200);
      for (let seq = 1; seq <= 20; seq += 1) {
        if (!input.writable) await input.ready();
        input.send(frameOf(`${seq}`, seq));
      }
      input.end();
      expect(await clock.until(session.closed)).toEqual({ error: undefined });
      await clock.run(1_000);
      expect(b.payloads).toHaveLength(21);
    },
  },
  {
    name: "a refusal by the signaling",
    about: "The dialled peer runs no such pipeline.",
    async run(peers) {
      const opening = endpointAt(peers, "R").open(request().request);
      await expect(peers.clock.until(opening)).rejects.toMatchObject({ code: "pipeline-not-found" });
    },
  },
  {
    name: "a refusal of a format",
    about: "The caller wants to send bytes where the pipeline takes text.",
    async run(peers) {
      const opening = endpointAt(peers).open(request({ kind: "scalar", name: "bytes" }).request);
      await expect(peers.clock.until(opening)).rejects.toMatchObject({ code: "format-mismatch" });
      await peers.clock.run(1_000);
    },
  },
  {
    name: "a refusal of a version",
    about: "The caller speaks versions 7 and 8 only, in which `hello` may look different in all but `versions`.",
    async run({ clock, caller }) {
      const { signal } = new AbortController();
      const peer = new RawPeer(await clock.until(caller.dial(`${at}/P`, { signal })));
      peer.say({ type: "hello", versions: [7, 8], wanted: "as yet unknown" });
      await clock.run(50);
      expect(peer.of("refuse")).toMatchObject([{ code: "version-mismatch" }]);
      await clock.until(peer.connection.close());
      await clock.run(1_000);
    },
  },
  {
    name: "a question",
    about: "What does `P` take and give?",
    async run(peers) {
      const { clock, caller } = peers;
      const asking = describeRemote({ transport: caller, uri: `${at}/P`, clock });
      expect(await clock.until(asking)).toMatchObject({ pipeline: "P" });
      await clock.run(1_000);
    },
  },
  {
    name: "a session that goes on over another connection",
    about:
      "The first connection breaks with the answer to the second of three frames on the way. The caller dials again, the answer is sent again, and the session ends well.",
    async run(peers) {
      const { clock, world } = peers;
      const { node, b } = remoteOf({ clock }, { host: endpointAt(peers) }, { random: givenRandom(0) });
      await clock.until(node.open());
      const input = node.inputs["a"] as Link;
      input.send(frameOf("one", 0));
      await clock.run(100);
      world.breakAt(({ from, on, hex }) => from === "host" && on === 2 && hex?.endsWith("74776f21") === true);
      input.send(frameOf("two", 1));
      await clock.run(10);
      input.send(frameOf("three", 2));
      input.end();
      expect(await clock.until(node.closed)).toEqual({ error: undefined });
      await clock.run(1_000);
      expect(b.payloads).toEqual(["one!", "two!", "three!"]);
    },
  },
  {
    name: "a session with records in CBOR",
    about:
      "Both sides say in `encodings` that they read it. Two records there and back, each by itself, and a good end. `P` gives back what it gets.",
    type: box,
    async run(peers) {
      const { clock } = peers;
      const { request: asked, b } = request(box);
      const outputs = { b: { type: box, link: b } };
      const session = await clock.until(endpointAt(peers).open({ ...asked, outputs, schemas }));
      const input = session.inputs["a"] as Link;
      const boxes = [
        { label: "car", x: 1 },
        { label: "bus", x: 300 },
      ];
      for (const [seq, one] of boxes.entries()) {
        input.send(frameOf(one, seq));
        await clock.run(30);
      }
      input.end();
      expect(await clock.until(session.closed)).toEqual({ error: undefined });
      await clock.run(1_000);
      expect(b.payloads).toEqual(boxes);
    },
  },
  {
    name: "two sessions over one connection",
    about:
      "The caller asks in its `hello` of the signaling for connections to be shared, and the host says so too. A session with `P`, a frame there and back, a second one with `Q`, a refusal of `R`, which there is not, and both sessions end well.",
    share: true,
    async run(peers) {
      const { clock } = peers;
      const [one, other] = [request(), request()];
      const first = await clock.until(endpointAt(peers).open(one.request));
      (first.inputs["a"] as Link).send(frameOf("one", 0));
      await clock.run(30);
      const second = await clock.until(endpointAt(peers, "Q").open(other.request));
      (second.inputs["a"] as Link).send(frameOf("two", 0));
      await clock.run(30);
      const opening = endpointAt(peers, "R").open(request().request);
      await expect(clock.until(opening)).rejects.toMatchObject({ code: "pipeline-not-found" });
      for (const session of [first, second]) {
        session.inputs["a"]?.end();
        expect(await clock.until(session.closed)).toEqual({ error: undefined });
      }
      await clock.run(1_000);
      expect([one.b.payloads, other.b.payloads]).toEqual([["one!"], ["two!"]]);
    },
  },
];

/** Beside the bytes of channel 0, what they say. */
function explained(entries: readonly Entry[], share: boolean): object[] {
  const pieces = new Map<string, Buffer[]>();
  return entries.map((entry) => {
    if (entry.on !== 0) return entry;
    const bytes = Buffer.from(entry.hex ?? "", "hex");
    if (bytes[0] === 0 && bytes[1] !== 2) return entry;
    const carried = share ? decodeCarrier(bytes) : undefined;
    if (carried !== undefined && carried.kind !== "control") {
      return {
        ...entry,
        says: Object.values(carried)
          .filter((one) => one !== undefined && one !== "")
          .join(" "),
      };
    }
    const piece = carried !== undefined ? Buffer.from(carried.message) : bytes[0] === 0 ? bytes.subarray(2) : bytes;
    const from = `${entry.from} ${carried?.connection ?? ""}`;
    const said = [...(pieces.get(from) ?? []), piece.subarray(1)];
    pieces.set(from, piece[0] === 1 ? said : []);
    return piece[0] === 1 ? entry : { ...entry, says: Buffer.concat(said).toString("utf8") };
  });
}

async function transcript(
  run: (peers: Pair) => Promise<void>,
  { share, type }: { readonly share: boolean; readonly type: FlowType | undefined },
): Promise<object[]> {
  const peers = type === undefined ? pair(share) : pair(share, echoPlan(type, schemas), "");
  await peers.clock.until(peers.listening);
  await run(peers);
  await quiet(peers.clock);
  return explained(peers.world.take(), share);
}

async function quiet(clock: VirtualClock): Promise<void> {
  await clock.run(12_000);
  expect(clock.pending).toBe(0);
}

it("R1.1 R5.3 peers say what the transcripts of the protocol say, byte by byte", async () => {
  const transcripts: object[] = [];
  for (const { name, about, run, share = false, type } of scenarios) {
    transcripts.push({ name, about, entries: await transcript(run, { share, type }) });
  }
  // One entry a line, so that a change can be read.
  const lines = transcripts.map((one) => {
    const { entries, ...head } = one as { entries: object[] };
    const open = JSON.stringify(head).slice(0, -1);
    return `${open},"entries":[\n${entries.map((entry) => `  ${JSON.stringify(entry)}`).join(",\n")}\n]}`;
  });
  await expect(`{"version":1,"transcripts":[\n${lines.join(",\n")}\n]}\n`).toMatchFileSnapshot(file);
});
