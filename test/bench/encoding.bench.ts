import { deepEqual } from "node:assert/strict";
import type { FlowType, Schemas } from "../../runtime/interface/caps.ts";
import type { JsonValue } from "../../runtime/interface/frame.ts";
import { CborReader } from "../../runtime/remote/cbor/reader.ts";
import { CborWriter } from "../../runtime/remote/cbor/writer.ts";
import { PayloadCheck } from "../../runtime/remote/payload-check.ts";
import { decodePayload, encodePayload } from "../../runtime/remote/payload-codec.ts";
import { seededRandom } from "../../runtime/testing/seeded-random.ts";
import { wholeCalls } from "./encoding-calls.ts";
import { codecOf } from "./encoding-by-type.ts";
import { against, interleaved, rounded, type BenchRow } from "./hop-rounds.ts";

export const title =
  "Records in CBOR beside JSON, and beside a bound for what knows their types: size, time to write, read and check, and whole calls by gRPC";

const bound = "binary by type";
const text: FlowType = { kind: "scalar", name: "text" };
const int: FlowType = { kind: "scalar", name: "int" };
const float: FlowType = { kind: "scalar", name: "float" };
const named = (name: string): FlowType => ({ kind: "named", name });
const listOf = (element: FlowType): FlowType => ({ kind: "list", element });
const record = (fields: Readonly<Record<string, FlowType>>): Schemas[string] => ({
  kind: "record",
  fields: Object.entries(fields).map(([name, type]) => ({ name, type, optional: false })),
});

const schemas: Schemas = {
  Caption: record({ text, language: text, startUs: int, endUs: int, confidence: float, words: listOf(named("Word")) }),
  Word: record({ text, startUs: int, endUs: int }),
  Box: record({ label: text, score: float, x: int, y: int, width: int, height: int }),
  Detections: record({ frame: int, boxes: listOf(named("Box")) }),
};

const random = seededRandom(11);
const below = (limit: number): number => Math.floor(random.next() * limit);
const words = "the little pipeline carries what a camera sees and what a person says to those who wait".split(" ");

const caption = {
  text: words.slice(0, 8).join(" "),
  language: "en",
  startUs: 12_480_000,
  endUs: 14_960_000,
  confidence: 0.9375,
  words: words.slice(0, 8).map((word, index) => {
    const startUs = 12_480_000 + index * 310_000;
    return { text: word, startUs, endUs: startUs + 290_000 };
  }),
};
const detected = (count: number) => ({
  frame: 4_711,
  boxes: Array.from({ length: count }, () => ({
    label: ["person", "bicycle", "traffic light", "car"][below(4)] as string,
    score: Number(random.next().toFixed(3)),
    x: below(1_920),
    y: below(1_080),
    width: below(400),
    height: below(400),
  })),
});
const detections = detected(20);
const numbered = (count: number): number[] => Array.from({ length: count }, () => Math.fround(random.next() * 2 - 1));
const numbers = numbered(384);
/** As large as their names say, as JSON. */
const whole = [
  { name: "16 KB of detections", type: named("Detections"), schemas, value: detected(210) },
  { name: "16 KB of numbers", type: listOf(float), schemas, value: numbered(800) },
  { name: "1 MB of detections", type: named("Detections"), schemas, value: detected(13_200) },
  { name: "1 MB of numbers", type: listOf(float), schemas, value: numbered(50_000) },
];

const cases: readonly { readonly name: string; readonly type: FlowType; readonly value: JsonValue }[] = [
  { name: "a word", type: named("Word"), value: { text: "pipeline", startUs: 12_790_000, endUs: 13_080_000 } },
  { name: "a caption of 8 words", type: named("Caption"), value: caption },
  { name: "20 detections", type: named("Detections"), value: detections },
  { name: "384 numbers", type: listOf(float), value: numbers },
  {
    name: "17 texts, which go as JSON",
    type: listOf(text),
    value: words.map((_, index) => words.slice(index).join(" ")),
  },
];

export async function run(): Promise<{ readonly rows: readonly BenchRow[]; readonly notes: readonly string[] }> {
  const rows: BenchRow[] = [];
  const rounds = process.argv.includes("--long") ? 25 : 9;
  for (const { name, type, value } of cases) {
    const check = new PayloadCheck(type, schemas);
    const [writer, reader, codec] = [new CborWriter(), new CborReader(), codecOf(type, schemas)];
    const asJson = encodePayload(value);
    const asCbor = encodePayload(value, writer);
    const asBinary = codec.encode(value);
    deepEqual(decodePayload(asJson.encoding, asJson.body, true), value);
    deepEqual(decodePayload(asCbor.encoding, asCbor.body, true), value);
    deepEqual(codec.decode(asBinary), value);
    const size = { case: name, metric: "size", unit: "bytes", ours: asCbor.body.length, goal: null };
    rows.push(
      { ...size, peer: asJson.body.length, peerName: "JSON", ratio: rounded(asCbor.body.length / asJson.body.length) },
      { ...size, peer: asBinary.length, peerName: bound, ratio: rounded(asCbor.body.length / asBinary.length) },
    );
    const count = Math.ceil(4_000_000 / asJson.body.length);
    const figures = await interleaved(
      [
        contender("CBOR", count, () => {
          const { encoding, body } = encodePayload(value, writer);
          return check.valueProblem(decodePayload(encoding, body, true, reader));
        }),
        contender("JSON", count, () => {
          const { encoding, body } = encodePayload(value);
          return check.valueProblem(decodePayload(encoding, body, true));
        }),
        contender(bound, count, () => check.valueProblem(codec.decode(codec.encode(value)))),
      ],
      rounds,
      3,
    );
    for (const peer of ["JSON", bound])
      rows.push(against(figures, "CBOR", peer, { case: name, metric: "write, read and check" }));
  }
  rows.push(...(await wholeCalls(whole)));
  const notes = ["The binary by type is a bound: it has neither names nor kinds, and does not look at what it reads."];
  return { rows, notes };
}

function contender(name: string, count: number, work: () => string | undefined) {
  return {
    name,
    count,
    run(times: number): void {
      for (let left = times; left > 0; left -= 1) {
        const problem = work();
        if (problem !== undefined) throw new Error(problem);
      }
    },
  };
}
