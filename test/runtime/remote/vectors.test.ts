import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { MeshError } from "../../../runtime/interface/errors.ts";
import type { Payload } from "../../../runtime/interface/frame.ts";
import type { Channel } from "../../../runtime/interface/transport.ts";
import { ControlChannel } from "../../../runtime/remote/control-channel.ts";
import { FrameDecoder, type EncodableFrame } from "../../../runtime/remote/frame-codec.ts";
import { parseControl, type ControlMessage } from "../../../runtime/remote/messages.ts";
import { Packer } from "../../../runtime/remote/packer.ts";
import { decodePayload, encodePayload } from "../../../runtime/remote/payload-codec.ts";
import {
  decodeCarrier,
  decodeHead,
  encodeCarrier,
  encodeHead,
  type CarrierMessage,
} from "../../../runtime/transports/shared/messages.ts";
import {
  decodeControl,
  encodeChannel,
  encodeConfirmed,
  encodeClose,
  encodePayload as encodeMessage,
  encodeProbe,
} from "../../../runtime/transports/webrtc/transport-messages.ts";
import { virtualClock } from "./support/virtual-clock.ts";

const docs = new URL("../../../docs/", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, docs), "utf8");

const bytesOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, "hex"));
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

interface Vector {
  readonly name: string;
}
interface Refused extends Vector {
  readonly code: string;
}

/** A code where it is refused. */
function codeOf(run: () => void): string | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof MeshError) return error.code;
    throw error;
  }
  return undefined;
}

// ---- frames ----------------------------------------------------------------------------------------------------------

type WrittenPayload =
  | { readonly kind: "none" }
  | { readonly kind: "bytes"; readonly value: string }
  | { readonly kind: "s16" | "f32"; readonly value: readonly number[] }
  | { readonly kind: "text"; readonly value: string }
  | { readonly kind: "json"; readonly value: Payload };

interface WrittenFrame {
  readonly seq: number;
  readonly timeUs: number;
  readonly epoch: number;
  readonly flags: number;
  readonly gap: number;
  readonly traceParent: string | null;
  /** Left out in most. */
  readonly origin?: string;
  readonly payload: WrittenPayload;
}

interface FrameVector extends Vector {
  /** Only to be read: a writer would do it otherwise. */
  readonly readOnly?: true;
  readonly messageBytes: number;
  readonly messages: readonly string[];
  readonly frames: readonly WrittenFrame[];
  readonly end: number | null;
}

const frames = JSON.parse(read("protocol-vectors/frames.json")) as {
  readonly valid: readonly FrameVector[];
  readonly invalid: readonly (Refused & { readonly messages: readonly string[] })[];
};

function payloadOf(written: WrittenPayload): Payload {
  if (written.kind === "none") return null;
  if (written.kind === "bytes") return bytesOf(written.value);
  if (written.kind === "s16") return Int16Array.from(written.value);
  if (written.kind === "f32") return Float32Array.from(written.value);
  return written.value;
}

function frameOf({ payload, timeUs, traceParent, origin, ...fields }: WrittenFrame): EncodableFrame {
  const parent = traceParent === null ? undefined : bytesOf(traceParent);
  const first = origin === undefined ? undefined : new TextEncoder().encode(origin);
  return { ...fields, timestampUs: timeUs, traceParent: parent, origin: first, ...encodePayload(payloadOf(payload)) };
}

/** What a reader makes of messages, in the words of the vectors but for the payloads, which are values. */
function readFrames(messages: readonly string[]): { readonly frames: object[]; readonly end: number | null } {
  const found: object[] = [];
  let end: number | null = null;
  const decoder = new FrameDecoder({
    admit: () => undefined,
    frame: ({ seq, timestampUs, epoch, flags, gap, traceParent, origin, encoding, body }) =>
      found.push({
        seq,
        timeUs: timestampUs,
        epoch,
        flags,
        gap,
        traceParent: traceParent === undefined ? null : hexOf(traceParent),
        ...(origin !== undefined && { origin: new TextDecoder().decode(origin) }),
        payload: decodePayload(encoding, body, false),
      }),
    end: (position) => (end = position),
  });
  for (const message of messages) decoder.push(bytesOf(message));
  return { frames: found, end };
}

describe("the vectors of frames", () => {
  it.each(frames.valid.filter((one) => one.readOnly !== true))("are written so: $name", (vector) => {
    const packer = new Packer(vector.messageBytes, 16);
    for (const one of vector.frames) packer.add(frameOf(one));
    if (vector.end !== null) packer.end(vector.end);
    const messages: string[] = [];
    for (let next = packer.take(); next !== undefined; next = packer.take()) messages.push(hexOf(next));
    expect(messages).toEqual(vector.messages);
  });

  it.each(frames.valid)("are read so: $name", ({ messages, frames: written, end }) => {
    const expected = written.map((one) => ({ ...one, payload: payloadOf(one.payload) }));
    expect(readFrames(messages)).toEqual({ frames: expected, end });
  });

  it.each(frames.invalid)("are refused: $name", ({ messages, code }) => {
    expect(codeOf(() => readFrames(messages))).toBe(code);
  });
});

// ---- control messages ------------------------------------------------------------------------------------------------

interface ControlVector extends Vector {
  readonly pieceBytes: number;
  readonly text: string;
  readonly pieces: readonly string[];
}

const control = JSON.parse(read("protocol-vectors/control.json")) as {
  readonly valid: readonly ControlVector[];
  readonly read: readonly (ControlVector & { readonly means: object | null })[];
  readonly invalid: readonly (Refused & { readonly pieces: readonly string[] })[];
};

/** A control channel, what it sends and how it is given something. */
function controlChannel(maxMessageBytes = 16_384) {
  const sent: string[] = [];
  const heard: object[] = [];
  const failures: MeshError[] = [];
  let give: (piece: Uint8Array) => void = () => undefined;
  const channel: Channel = {
    id: 0,
    label: "control",
    maxMessageBytes,
    writable: true,
    ready: () => Promise.resolve(),
    send: (piece) => void sent.push(hexOf(piece)),
    onMessage: (listener) => void (give = listener),
  };
  const one = new ControlChannel({
    channel,
    clock: virtualClock(),
    onMessage: (message) => heard.push(message),
    onHeard: () => undefined,
    onFailure: (error) => failures.push(error),
  });
  one.start();
  return { one, sent, heard, failures, give: (pieces: readonly string[]) => pieces.map(bytesOf).forEach(give) };
}

describe("the vectors of control messages", () => {
  it.each(control.valid)("are written so: $name", ({ text, pieceBytes, pieces }) => {
    const { one, sent } = controlChannel(pieceBytes);
    one.send(JSON.parse(text) as ControlMessage);
    expect(sent).toEqual(pieces);
  });

  it.each(control.valid)("are read so: $name", ({ text, pieces }) => {
    const { heard, failures, give } = controlChannel();
    give(pieces);
    expect({ heard, failures }).toEqual({ heard: [JSON.parse(text)], failures: [] });
  });

  it.each(control.read)("are read so too: $name", ({ pieces, means }) => {
    const { heard, failures, give } = controlChannel();
    give(pieces);
    expect({ heard, failures }).toEqual({ heard: means === null ? [] : [means], failures: [] });
  });

  it.each(control.invalid)("are refused: $name", ({ pieces, code }) => {
    const { heard, failures, give } = controlChannel();
    give(pieces);
    expect({ heard, codes: failures.map((error) => error.code) }).toEqual({ heard: [], codes: [code] });
  });
});

// ---- the transport's own messages ------------------------------------------------------------------------------------

type Means =
  | { readonly kind: "close"; readonly code: string | null }
  | { readonly kind: "channel"; readonly id: number }
  | { readonly kind: "confirmed"; readonly id: number; readonly bytes: number }
  | { readonly kind: "probe"; readonly size: number }
  | { readonly kind: "probed"; readonly size: number }
  | { readonly kind: "message"; readonly hex: string };

interface ConnectionVector extends Vector {
  readonly hex: string;
  readonly means: Means;
}

const connection = JSON.parse(read("protocol-vectors/connection.json")) as {
  readonly valid: readonly ConnectionVector[];
  readonly read: readonly ConnectionVector[];
  readonly invalid: readonly (Refused & { readonly hex: string })[];
};

function meaning(hex: string): Means {
  const found = decodeControl(bytesOf(hex));
  if (found.kind === "close") return { kind: "close", code: found.code ?? null };
  if (found.kind === "payload") return { kind: "message", hex: hexOf(found.message) };
  // Descriptions have vectors of their own, in `tracks.json`: they are for peers that have tracks.
  return found.kind === "description" ? { kind: "message", hex: hexOf(found.bytes) } : found;
}

describe("the vectors of transport messages", () => {
  it.each(connection.valid)("are written so: $name", ({ hex, means }) => {
    const written =
      means.kind === "close"
        ? encodeClose((means.code ?? undefined) as MeshError["code"] | undefined)
        : means.kind === "channel"
          ? encodeChannel(means.id)
          : means.kind === "confirmed"
            ? encodeConfirmed(means.id, means.bytes)
            : means.kind === "probe" || means.kind === "probed"
              ? encodeProbe(means.kind, means.size)
              : encodeMessage(bytesOf(means.hex));
    expect(hexOf(written)).toBe(hex);
  });

  it.each([...connection.valid, ...connection.read])("are read so: $name", ({ hex, means }) => {
    expect(meaning(hex)).toEqual(means);
  });

  it.each(connection.invalid)("are refused: $name", ({ hex, code }) => {
    expect(codeOf(() => meaning(hex))).toBe(code);
  });
});

// ---- shared connections ----------------------------------------------------------------------------------------------

type SharedMeans =
  | { readonly kind: "control"; readonly connection: number; readonly hex: string }
  | { readonly kind: "end"; readonly connection: number; readonly code: string | null; readonly text: string }
  | Exclude<CarrierMessage, { kind: "control" | "end" }>;

const shared = JSON.parse(read("protocol-vectors/shared.json")) as {
  readonly valid: readonly (Vector & { readonly hex: string; readonly means: SharedMeans })[];
  readonly read: readonly (Vector & { readonly hex: string; readonly means: SharedMeans })[];
  readonly invalid: readonly (Refused & { readonly hex: string })[];
  readonly data: readonly (Vector & {
    readonly hex: string;
    readonly means: { readonly connection: number; readonly channel: number; readonly hex: string };
  })[];
  readonly invalidData: readonly (Refused & { readonly hex: string })[];
};

function sharedMeaning(hex: string): SharedMeans {
  const found = decodeCarrier(bytesOf(hex));
  if (found.kind === "control") {
    return { kind: "control", connection: found.connection, hex: hexOf(found.message) };
  }
  return found.kind === "end" ? { ...found, code: found.code ?? null } : found;
}

function sharedMessage(means: SharedMeans): CarrierMessage {
  if (means.kind === "control") {
    return { kind: "control", connection: means.connection, message: bytesOf(means.hex) };
  }
  if (means.kind !== "end") return means;
  return { ...means, code: (means.code ?? undefined) as MeshError["code"] | undefined };
}

describe("the vectors of shared connections", () => {
  it.each(shared.valid)("are written so: $name", ({ hex, means }) => {
    expect(hexOf(encodeCarrier(sharedMessage(means)))).toBe(hex);
  });

  it.each([...shared.valid, ...shared.read])("are read so: $name", ({ hex, means }) => {
    expect(sharedMeaning(hex)).toEqual(means);
  });

  it.each(shared.invalid)("are refused: $name", ({ hex, code }) => {
    expect(codeOf(() => sharedMeaning(hex))).toBe(code);
  });

  it.each(shared.data)("are written and read so: $name", ({ hex, means }) => {
    expect(hexOf(encodeHead(means.connection, means.channel, bytesOf(means.hex)))).toBe(hex);
    const { connection, channel, message } = decodeHead(bytesOf(hex));
    expect({ connection, channel, hex: hexOf(message) }).toEqual(means);
  });

  it.each(shared.invalidData)("are refused: $name", ({ hex, code }) => {
    expect(codeOf(() => decodeHead(bytesOf(hex)))).toBe(code);
  });
});

// ---- the document ----------------------------------------------------------------------------------------------------

const document = read("protocol.md");

it("the document prints vectors as they are", () => {
  const rows = [
    ...document.slice(document.indexOf("## Vectors and transcripts")).matchAll(/^\| (.+?) +\| `([0-9a-f]{2,})` +\|$/gm),
  ];
  expect(rows.length).toBeGreaterThan(5);
  const known = new Map<string, string | undefined>([
    ...frames.valid.map((one) => [one.name, one.messages[0]] as const),
    ...control.valid.map((one) => [one.name, one.pieces[0]] as const),
    ...connection.valid.map((one) => [one.name, one.hex] as const),
    ...shared.valid.map((one) => [one.name, one.hex] as const),
    ...shared.data.map((one) => [one.name, one.hex] as const),
  ]);
  for (const [, name, hex] of rows) expect([name, known.get(name as string)]).toEqual([name, hex]);
});

it("the control messages that the document prints can be read", () => {
  const session = document.slice(document.indexOf("## Session"));
  const blocks = [...session.matchAll(/```json\n([^]*?)```/g)].map((match) => match[1] ?? "");
  const rows = [...session.matchAll(/`(\{"type":"(?:credit|ping|pong|finished|bye)"[^`]*)`/g)].map(
    (match) => match[1] ?? "",
  );
  const types = [...blocks, ...rows].map((text) => parseControl(text)?.type);
  expect(types).toEqual([
    "hello",
    "accept",
    "description",
    "resume",
    "resumed",
    "credit",
    "ping",
    "pong",
    "finished",
    "bye",
  ]);
});
