import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import type { Payload } from "../../../runtime/interface/frame.ts";
import { encodeEnd, encodeFrames } from "../../../runtime/remote/frame-codec.ts";
import { parseControl } from "../../../runtime/remote/messages.ts";
import { encodePayload } from "../../../runtime/remote/payload-codec.ts";

const document = readFileSync(new URL("../../../docs/protocol.md", import.meta.url), "utf8");

function encode(
  payload: Payload,
  fields: { flags?: number; epoch?: number; seq?: number; timestampUs?: number; gap?: number },
): Uint8Array {
  return encodeFrames([{ flags: 0, epoch: 0, seq: 0, timestampUs: 0, gap: 0, ...fields, ...encodePayload(payload) }]);
}

it("writes the frames that the protocol prints as vectors", () => {
  const vectors = [...document.slice(document.indexOf("### Vectors")).matchAll(/`([0-9a-f]{32,})`/g)].map(
    (match) => match[1],
  );
  const written = [
    encode("hi", { seq: 1, timestampUs: 20_000 }),
    encode(Int16Array.of(1, -2), { flags: 1 }),
    encode({ a: 1 }, { epoch: 2, gap: 3, seq: 9 }),
    encodeEnd(2),
  ];
  expect(written.map((bytes) => Buffer.from(bytes).toString("hex"))).toEqual(vectors);
});

it("reads the control messages that the protocol prints", () => {
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
