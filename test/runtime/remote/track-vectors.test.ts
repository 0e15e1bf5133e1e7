import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { MeshError } from "../../../runtime/interface/errors.ts";
import { encodeTrackMark, FrameDecoder, type TrackMark } from "../../../runtime/remote/frame-codec.ts";
import { parseControl } from "../../../runtime/remote/messages.ts";
import { DescriptionReader, descriptionPieces } from "../../../runtime/transports/webrtc/renegotiation.ts";
import { decodeControl, encodeDescription } from "../../../runtime/transports/webrtc/transport-messages.ts";

interface Vector {
  readonly name: string;
}
interface Refused extends Vector {
  readonly code: string;
}
type WrittenMark = Omit<TrackMark, "rtp"> & { readonly rtp: TrackMark["rtp"] | null };

const vectors = JSON.parse(
  readFileSync(new URL("../../../docs/protocol-vectors/tracks.json", import.meta.url), "utf8"),
) as {
  readonly messages: {
    readonly valid: readonly (Vector & { readonly hex: string; readonly means: { more: boolean; hex: string } })[];
    readonly invalid: readonly (Refused & { readonly hex: string })[];
  };
  readonly records: {
    readonly valid: readonly (Vector & { readonly hex: string; readonly mark: WrittenMark })[];
    readonly invalid: readonly (Refused & { readonly hex: string })[];
  };
  readonly control: {
    readonly valid: readonly (Vector & { readonly text: string })[];
    readonly invalid: readonly (Refused & { readonly text: string })[];
  };
};

const bytesOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, "hex"));
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

function codeOf(run: () => void): string | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof MeshError) return error.code;
    throw error;
  }
  return undefined;
}

function readMark(hex: string, hasTracks = true): TrackMark | undefined {
  let found: TrackMark | undefined;
  const unexpected = (): never => expect.fail("something else than a mark was read");
  const decoder = new FrameDecoder({
    admit: unexpected,
    frame: unexpected,
    end: unexpected,
    ...(hasTracks && { track: (mark: TrackMark) => void (found = mark) }),
  });
  decoder.push(bytesOf(hex));
  return found;
}

describe("the vectors of media tracks", () => {
  it.each(vectors.messages.valid)("descriptions: $name", ({ hex, means }) => {
    const { kind, ...rest } = decodeControl(bytesOf(hex));
    expect(kind).toBe("description");
    const { more, bytes } = rest as { more: boolean; bytes: Uint8Array };
    expect({ more, hex: hexOf(bytes) }).toEqual(means);
    if (!means.more) expect(encodeDescription(Buffer.from(means.hex, "hex").toString()).map(hexOf)).toEqual([hex]);
  });

  it.each(vectors.messages.invalid)("descriptions that are refused: $name", ({ hex, code }) => {
    expect(codeOf(() => void decodeControl(bytesOf(hex)))).toBe(code);
  });

  it.each(vectors.records.valid)("marks: $name", ({ hex, mark }) => {
    const known: TrackMark = { ...mark, rtp: mark.rtp ?? undefined };
    expect(readMark(hex)).toEqual(known);
    expect(hexOf(encodeTrackMark(known))).toBe(hex);
  });

  it.each(vectors.records.invalid)("marks that are refused: $name", ({ hex, code }) => {
    expect(codeOf(() => void readMark(hex))).toBe(code);
  });

  it.each(vectors.records.valid)("no mark is taken where tracks were not agreed on: $name", ({ hex }) => {
    expect(codeOf(() => void readMark(hex, false))).toBe("protocol-violation");
  });

  it.each(vectors.control.valid)("control messages: $name", ({ text }) => {
    expect(parseControl(text)).toEqual(JSON.parse(text));
  });

  it.each(vectors.control.invalid)("control messages that are refused: $name", ({ text, code }) => {
    expect(codeOf(() => void parseControl(text))).toBe(code);
  });

  it("a description goes in as many pieces as it takes, and comes out as it was", () => {
    const said = { type: "offer", id: 7, sdp: "a=x:é\r\n".repeat(6_000) } as const;
    const pieces = descriptionPieces(said);
    expect(pieces.length).toBe(Math.ceil(Buffer.byteLength(JSON.stringify(said)) / 16_381));
    expect(Math.max(...pieces.map(({ length }) => length))).toBe(16_384);
    const reader = new DescriptionReader();
    const read = pieces.map((piece) => {
      const message = decodeControl(piece);
      return message.kind === "description" ? reader.take(message.more, message.bytes) : undefined;
    });
    expect(read.slice(0, -1).every((one) => one === undefined)).toBe(true);
    expect(read.at(-1)).toEqual(said);
  });
});

it("the document names the fields of a mark as they are written", () => {
  const document = readFileSync(new URL("../../../docs/protocol.md", import.meta.url), "utf8");
  const section = document.slice(document.indexOf("#### Marks"), document.indexOf("### The end of a session"));
  const fields = [...section.matchAll(/^\| (\d+) \| (\d+) \| (.+?) \|$/gm)].map(([, offset, size]) =>
    [offset, size].map(Number),
  );
  expect(fields).toEqual([
    [0, 1],
    [1, 1],
    [2, 1],
    [3, 1],
    [4, 2],
    [6, 2],
    [8, 8],
    [16, 8],
    [24, 4],
    [28, 4],
  ]);
});
