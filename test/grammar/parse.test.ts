import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createParser, parse } from "../../grammar/index.ts";
import type { PipelineSyntax } from "../../grammar/syntax.ts";

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");
const everyForm = read("./fixtures/every-form.mesh");
const assistant = read("../../examples/voice-assistant/main.mesh");

function pipelineOf(body: string): PipelineSyntax {
  const { file, errors } = parse(`pipeline P {\n${body}\n}`);
  expect(errors).toEqual([]);
  const [first] = file.declarations;
  if (first?.kind !== "Pipeline") throw new Error("no pipeline");
  return first;
}

describe("the grammar", () => {
  it("has no ambiguity that Chevrotain finds, and parses every form", () => {
    const strict = createParser({ validate: true });
    expect(strict(everyForm).errors).toEqual([]);
    expect(strict(assistant).errors).toEqual([]);
  });

  it("gives spans that cut the text out of the source", () => {
    const { file } = parse(assistant);
    for (const declaration of file.declarations) {
      if (declaration.kind === "Scenario") continue;
      const { start, end } = declaration.name.span;
      expect(assistant.slice(start, end)).toBe(declaration.name.text);
    }
  });

  it("keeps documentation with what it documents", () => {
    const { file } = parse("/// One.\n/// Two.\nrecord R { /// field\n a: text }");
    expect(file.declarations[0]).toMatchObject({ documentation: "One.\nTwo." });
  });

  it("lets words name ports, lets and remotes", () => {
    const pipeline = pipelineOf(
      "  in in: text\n  out out: text\n  let let = X()\n  in -> let -> out\n  at -> remote.from",
    );
    const flows = pipeline.members.filter((one) => one.kind === "Flow");
    expect(flows).toHaveLength(2);
    expect(flows[1]).toMatchObject({ source: { target: { text: "at" } } });
  });

  it("tells a step that is broken before the arrow from one that goes on", () => {
    const pipeline = pipelineOf("  mic\n    ~> vad\n    -> out");
    expect(pipeline.members[0]).toMatchObject({ kind: "Flow", hops: [{ arrow: "~>" }, { arrow: "->" }] });
  });

  it.each([
    ["20ms", "duration", 20_000],
    ["44100Hz", "frequency", 44_100],
    ["8GiB", "size", 8 * 1024 ** 3],
    ["2.5Mbps", "bitrate", 2_500_000],
    ["-6dB", "decibel", -6],
    ["80%", "percentage", 0.8],
    ["1280x720", "resolution", 1280 * 65_536 + 720],
    ["6ch", "channels", 6],
    ["stereo", "channels", 2],
    ["true", "bool", 1],
    ["0.5", "float", 0.5],
    ["3", "int", 3],
  ])("reads %s as a %s", (text, quantity, value) => {
    const { file, errors } = parse(`record R { a: json = ${text} }`);
    expect(errors).toEqual([]);
    const [record] = file.declarations;
    if (record?.kind !== "Record") throw new Error("no record");
    expect(record.fields[0]?.defaultValue).toMatchObject({ kind: "Literal", quantity, text });
    const found = record.fields[0]?.defaultValue;
    expect(found?.kind === "Literal" ? found.value : undefined).toBeCloseTo(value);
  });
});

function inPipeline(body: string): string {
  return `pipeline P {\n  in a: text\n${body}\n  a -> b\n}\nrecord R { x: text }`;
}

describe("one mistake gives one problem", () => {
  it.each([
    ["an arrow without a step", inPipeline("  a ->"), "MESH1009"],
    ["an unknown unit", inPipeline("  let x = N(t: 20mS)"), "MESH1018"],
    ["an unclosed string", inPipeline('  let x = N(t: "abc)'), "MESH1016"],
    ["a semicolon", inPipeline("  a -> b;"), "MESH1012"],
    ["a foreign arrow", inPipeline("  a => b"), "MESH1011"],
    ["a missing type", inPipeline("  out b:"), "MESH1003"],
    ["a step on its own", inPipeline("  a"), "MESH1028"],
    ["a node without parentheses", inPipeline("  let x = N"), "MESH1024"],
    ["an unknown declaration", "pipelin P { }\nrecord R { x: text }", "MESH1014"],
    ["a reserved word as a name", "record map { x: text }", "MESH1022"],
    ["a missing brace at the end", "pipeline P {\n  in a: text\n", "MESH1005"],
    ["an import without braces", 'import A from "std/audio"\nrecord R { x: text }', "MESH1013"],
    ["an unclosed comment", "record R { x: text }\n/* open", "MESH1017"],
  ])("%s", (_, text, code) => {
    expect(parse(text).errors.map((one) => one.code)).toEqual([code]);
  });

  it("costs only its own statement: the rest is in the tree", () => {
    const { file } = parse(inPipeline("  a ~>"));
    expect(file.declarations.map((one) => one.kind)).toEqual(["Pipeline", "Record"]);
    const [pipeline] = file.declarations;
    if (pipeline?.kind !== "Pipeline") throw new Error("no pipeline");
    expect(pipeline.members.filter((one) => one.kind === "Flow")).toHaveLength(2);
  });
});

describe("hostile input", () => {
  it("never throws, whatever 4,000 mutations make of a program", () => {
    let seed = 7;
    const next = (limit: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return (seed >>> 8) % limit;
    };
    const sources = [everyForm, assistant];
    const pieces = [
      "{",
      "}",
      "(",
      ")",
      "[",
      "]",
      "->",
      "~>",
      '"',
      "in",
      "remote",
      "20mS",
      ",",
      ":",
      "\n",
      "é",
      "/*",
      "at",
    ];
    for (let round = 0; round < 4_000; round += 1) {
      const text = sources[next(sources.length)] ?? "";
      const at = next(text.length);
      const piece = pieces[next(pieces.length)] ?? "";
      const mutated =
        next(2) === 0 ? text.slice(0, at) + piece + text.slice(at) : text.slice(0, at) + text.slice(at + 1 + next(12));
      const { file, errors } = parse(mutated);
      expect(file.kind).toBe("File");
      expect(errors.length, `${errors.map((one) => `${one.code} ${one.message}`).join("\n")}`).toBeLessThan(8);
    }
  });

  it("refuses what is nested too deeply, once", () => {
    const { errors } = parse(`record R { a: json = ${"[".repeat(5_000)} }`);
    expect(errors.map((one) => one.code)).toEqual(["MESH1026"]);
  });
});
