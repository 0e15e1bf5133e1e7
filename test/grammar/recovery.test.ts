import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "../../grammar/index.ts";
import type { PipelineMemberSyntax } from "../../grammar/syntax.ts";
import { statementsOf, without } from "./support/statements.ts";

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");
const programs = [
  ["the sample", read("./fixtures/assistant.mesh")],
  ["every form", read("./fixtures/every-form.formatted.mesh")],
  ["the voice assistant", read("../../examples/voice-assistant/main.mesh")],
] as const;

/** The members of a pipeline that has this one among whole ones. */
function membersAround(statement: string): readonly PipelineMemberSyntax[] {
  const { file, errors } = parse(`pipeline P {\n  in a: text\n  ${statement}\n  a -> b\n}\nrecord R { x: text }`);
  expect(errors).toHaveLength(1);
  expect(file.declarations.map(({ kind }) => kind)).toEqual(["Pipeline", "Record"]);
  const [pipeline] = file.declarations;
  if (pipeline?.kind !== "Pipeline") throw new Error("no pipeline");
  const { members } = pipeline;
  expect(members[0]).toMatchObject({ kind: "Port", name: { text: "a" } });
  expect(members.at(-1)).toMatchObject({ kind: "Flow", source: { target: { text: "a" } }, hops: [{ arrow: "->" }] });
  return members.slice(1, -1);
}

describe("a line that is being typed keeps the parts that are there", () => {
  const missing = { kind: "Name", text: "" };
  const mic = { kind: "Endpoint", target: { text: "mic" } };

  it.each<[string, object]>([
    ["mic ~>", { kind: "Flow", source: mic, hops: [{ arrow: "~>", step: undefined }] }],
    ["mic.", { kind: "Flow", source: { ...mic, port: missing }, hops: [] }],
    ["mic ~> vad.", { kind: "Flow", hops: [{ step: { target: { text: "vad" }, port: missing } }] }],
    ["mic -> vad(", { kind: "Flow", hops: [{ step: { kind: "Inline", instance: { arguments: [] } } }] }],
    ["mic -> [", { kind: "Flow", hops: [{ step: { kind: "Group", branches: [] } }] }],
    ["mic -> [stt, log ->", { kind: "Flow", hops: [{ step: { branches: [{}, { hops: [{ arrow: "->" }] }] } }] }],
    ["mic -> any(", { kind: "Flow", hops: [{ step: { kind: "Any", policy: missing } }] }],
    ["mic -> vad with {", { kind: "Flow", hops: [{ options: { entries: [] } }] }],
    ["mic -> vad with { buffer:", { kind: "Flow", hops: [{ options: { entries: [{ name: { text: "buffer" } }] } }] }],
    ["let x =", { kind: "Let", name: { text: "x" }, value: undefined }],
    ["let x", { kind: "Let", name: { text: "x" }, value: undefined }],
    ["let", { kind: "Let", name: missing }],
    ["let x = Vad(", { kind: "Let", value: { callee: { text: "Vad" }, arguments: [] } }],
    ["let x = Vad(low:", { kind: "Let", value: { arguments: [{ name: { text: "low" }, value: undefined }] } }],
    ["remote stt:", { kind: "Remote", name: { text: "stt" }, interface: missing }],
    ["remote stt: T with", { kind: "Remote", interface: { text: "T" }, policy: missing }],
    ["budget", { kind: "Budget", limit: undefined }],
    ["in", { kind: "Port", direction: "in", name: undefined }],
    ["out words:", { kind: "Port", name: { text: "words" }, type: undefined }],
    ["in level: float in", { kind: "Port", type: { kind: "NarrowedType", value: undefined } }],
    ["in b: audio<opus,", { kind: "Port", type: { kind: "NamedType", caps: [{}] } }],
    ["requires gpu.memory >=", { kind: "Requires", conditions: [{ alternatives: [{ value: undefined }] }] }],
    ["requires gpu,", { kind: "Requires", conditions: [{}] }],
  ])("%s", (statement, wanted) => {
    expect(membersAround(statement)).toMatchObject([wanted]);
  });

  it.each<[string, object]>([
    ["at", { role: "at", value: undefined }],
    ["at gpu.", { role: "at", value: { peer: { text: "gpu" }, pipeline: missing } }],
    ['at service "x" where', { value: { kind: "ServiceTarget", where: [{}] } }],
    ['at service "x" where gpu.', { value: { where: [{ alternatives: [{ property: [{ text: "gpu" }, missing] }] }] } }],
    ['at service "x",', { value: { kind: "ServiceTarget", name: { value: "x" } } }],
    ['at service "x", prefer', { value: { kind: "ServiceTarget", prefer: missing } }],
  ])("%s", (target, wanted) => {
    const { file, errors } = parse(`pipeline P {\n  remote r: I {\n    ${target}\n    else Y()\n  }\n  a -> b\n}`);
    expect(errors).toHaveLength(1);
    const [pipeline] = file.declarations;
    expect(pipeline).toMatchObject({
      members: [{ kind: "Remote", targets: [wanted, { role: "else" }] }, { kind: "Flow" }],
    });
  });
});

/** The ways a program may be cut at the end of a line, as while typing: offsets of what goes. */
function cutsOf(text: string): { readonly from: number; readonly to: number; readonly line: string }[] {
  const cuts = [];
  for (const { span } of parse(text).tokens) {
    const lineEnd = text.indexOf("\n", span.end);
    const line = text.slice(text.lastIndexOf("\n", span.start) + 1, lineEnd);
    if (span.end < lineEnd && text.slice(span.end, lineEnd).trim() !== "")
      cuts.push({ from: span.end, to: lineEnd, line });
  }
  return cuts;
}

describe.each(programs)("in %s", (_, text) => {
  const whole = statementsOf(parse(text).file);

  it("an unfinished line gives one problem at most and costs no other statement", () => {
    for (const { from, to, line } of cutsOf(text)) {
      const typed = text.slice(0, from) + text.slice(to);
      const { file, errors } = parse(typed);
      const context = text.slice(to - line.length, from);
      expect(errors.length, context).toBeLessThanOrEqual(1);
      // A declaration on one line is lost with the line.
      if (/^\S.*\}$/.test(line)) continue;
      // The name may stand on the next line.
      if (/^(?:record|batch)$/.test(context)) continue;
      expect(without(whole, statementsOf(file)).length, context).toBeLessThanOrEqual(1);
    }
  });

  it("a token that is missing or doubled gives one problem, with hardly an exception", () => {
    const { tokens } = parse(text);
    let several = 0;
    for (const { span } of tokens) {
      const { start, end } = span;
      for (const changed of [text.slice(0, start) + text.slice(end), `${text.slice(0, end)} ${text.slice(start)}`]) {
        const { errors } = parse(changed);
        expect(errors.length).toBeLessThanOrEqual(3);
        if (errors.length > 1) several++;
      }
    }
    expect(several).toBeLessThanOrEqual(tokens.length / 200);
  });

  it("a stray token gives one problem, with few exceptions", () => {
    const strays = [
      "stray",
      "{",
      "}",
      "(",
      ")",
      "[",
      "]",
      "->",
      ",",
      ":",
      "=",
      '"x"',
      "5",
      "in",
      ".",
      "..",
      "<",
      ">",
      "|",
      "?",
    ];
    const { tokens } = parse(text);
    let several = 0;
    for (const [index, { span }] of tokens.entries()) {
      const stray = strays[(index * 7) % strays.length]!;
      const { errors } = parse(`${text.slice(0, span.start)}${stray} ${text.slice(span.start)}`);
      expect(errors.length).toBeLessThanOrEqual(4);
      if (errors.length > 1) several++;
    }
    expect(several).toBeLessThanOrEqual(tokens.length / 40);
  });
});

describe("a target without its word", () => {
  it.each([
    ['"webrtc://gpu:7443/Far"', 'write `at "webrtc://gpu:7443/Far"`'],
    ['service "Far"', 'write `at service "Far"`'],
    ["gpu.Far", "write `at gpu.Far`"],
    ["Local()", "write `at Local(…)`"],
  ])("is told the word for %s, which a fix inserts", (target, hint) => {
    const text = `pipeline P {\n  remote r: I {\n    ${target}\n  }\n}`;
    const [problem, ...others] = parse(text).errors;
    expect(others).toEqual([]);
    const at = text.indexOf(target);
    expect(problem).toMatchObject({ code: "MESH1015", hint, fix: { span: { start: at, end: at }, text: "at " } });
    expect(parse(`${text.slice(0, at)}at ${text.slice(at)}`).errors).toEqual([]);
  });

  it("begins with `else` behind another, and a fix makes it so", () => {
    const [problem] = parse('pipeline P {\n  remote r: I {\n    at gpu.Far\n    "webrtc://spare/Far"\n  }\n}').errors;
    expect(problem).toMatchObject({
      code: "MESH1015",
      hint: 'write `else "webrtc://spare/Far"`',
      fix: { text: "else " },
    });
  });
});

describe("one mistake in a head or a list", () => {
  it.each([
    ["before a body", "record R extra {\n  a: text\n}", "MESH1001"],
    ["in the name", "pipeline 5 {\n  a -> b\n}", "MESH1002"],
    ["without its brace", "pipeline P\n  in a: text\n  a -> b\n}", "MESH1001"],
    ["a remote without its brace", "pipeline P {\n  remote r: I\n    at g.X\n  }\n  a -> b\n}", "MESH1001"],
    ["two braces", "record R { {\n  a: text\n}", "MESH1006"],
    ["options without with", "pipeline P {\n  a -> b { buffer: 4 }\n  c -> d\n}", "MESH1015"],
    ["options without their brace", "pipeline P {\n  a -> b with buffer: 4 }\n  c -> d\n}", "MESH1001"],
    ["prefer without a comma", 'pipeline P {\n  remote r: I { at service "x" prefer fastest }\n}', "MESH1007"],
    ["values that are compared", "interface I {\n  requires gpu(1) >= 2\n}", "MESH1001"],
    ["any without a policy", "pipeline P {\n  a -> any [b, c]\n}", "MESH1001"],
    ["a misspelt keyword with a mistake behind it", "pipeline P {\n  lett x = \n  a -> b\n}", "MESH1015"],
  ])("%s", (_, text, code) => {
    const { file, errors } = parse(`${text}\nrecord Last { x: text }`);
    expect(errors.map((one) => one.code)).toEqual([code]);
    expect(file.declarations).toHaveLength(2);
    expect(file.declarations[1]).toMatchObject({ kind: "Record", name: { text: "Last" }, fields: [{}] });
  });
});
