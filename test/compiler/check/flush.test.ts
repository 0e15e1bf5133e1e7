import { describe, expect, it } from "vitest";
import { compileText, expectOnly } from "../support/marked.ts";

const flow = (lines: string, more = ""): string => `
node Hear { in text
 out words: text
 out started: signal
 out stopped: signal }
node T { in text
 out text }
interface Talks { in t: text
 out u: text }
pipeline Inner { in t: text
 in stop: signal
 out u: text
 let one = T()
 let two = T()
 t -> one -> two -> u
 stop -> flush two }
pipeline P {
  in t: text
  in button: signal
  out u: text
  let hear = Hear()
  let answer = T()
  t -> hear
  ${lines}
}
${more}`;

const flushesOf = (lines: string) => compileText(flow(lines)).plan?.pipelines["P"]?.flushes;

describe("flush", () => {
  it.each([
    ["a let", "hear.words -> answer -> u\n hear.started -> flush answer"],
    ["by a signal of the caller", "hear.words -> answer -> u\n button -> flush answer"],
    ["by several signals", "hear.words -> answer -> u\n [hear.started, button] -> flush answer"],
    ["several things", "hear.words -> answer -> T() -> u\n hear.started -> [flush answer, flush hear]"],
    ["a remote", 'remote r: Talks { at "webrtc://far/x" }\n hear.words -> r -> answer -> u\n hear.started -> flush r'],
    [
      "a pipeline in the place of a node",
      "let i = Inner()\n hear.words -> i.t\n i -> answer -> u\n hear.started -> flush i",
    ],
    ["an output", "hear.words -> answer -> u\n hear.started -> flush u"],
    ["an input", "hear.words -> answer -> u\n button -> flush t"],
    ["with an arrow that may convert", "hear.words -> answer -> u\n hear.started ~> flush answer"],
    [
      "beside another target of the signal",
      "hear.words -> answer -> u\n let i = Inner()\n t -> i.t\n i -> T()\n hear.started -> [flush answer, i.stop]",
    ],
  ])("takes %s", (_, lines) => {
    expectOnly(undefined, flow(lines));
  });

  it.each([
    ["an unknown name", "MESH2001", "hear.words -> answer -> u\n hear.started -> flush «anser»"],
    ["a declaration", "MESH2007", "hear.words -> answer -> u\n hear.started -> flush «T»"],
    ["what is no signal", "MESH3001", "hear.words -> answer -> u\n hear.words «->» flush answer"],
    ["a stream of the caller", "MESH3001", "hear.words -> answer -> u\n t «->» flush answer"],
    ["something after it", "MESH5006", "hear.words -> answer -> u\n hear.started -> «flush answer» -> T()"],
    ["options", "MESH2010", "hear.words -> answer -> u\n hear.started -> flush answer with { «buffer»: 3 }"],
    ["an unknown signal", "MESH2002", "hear.words -> answer -> u\n hear.«begun» -> flush answer"],
    ["an unclear signal", "MESH5006", "hear.words -> answer -> u\n answer.«in» -> flush answer"],
  ])("refuses %s", (_, code, lines) => {
    expectOnly(code, flow(lines));
  });

  it("reaches all that is behind its target, and nothing before it", () => {
    expect(flushesOf("hear.words -> answer -> T() -> u\n hear.started -> flush answer")).toMatchObject([
      { from: { node: "hear", port: "started" }, nodes: ["answer", "T"], outputs: ["u"] },
    ]);
    expect(flushesOf("hear.words -> answer -> u\n button -> flush u")).toMatchObject([
      { from: { port: "button" }, nodes: [], outputs: ["u"] },
    ]);
    expect(flushesOf("hear.words -> answer -> u\n button -> flush t")).toMatchObject([
      { nodes: ["hear", "answer"], outputs: ["u"] },
    ]);
  });

  it("goes through pipelines that stand in the place of nodes, in both directions", () => {
    const flushes = flushesOf(
      "let i = Inner()\n hear.words -> i.t\n i -> answer -> u\n hear.started -> [flush i, i.stop]",
    );
    expect(flushes).toMatchObject([
      { from: { node: "hear", port: "started" }, nodes: ["i/two", "answer"], outputs: ["u"] },
      { from: { node: "hear", port: "started" }, nodes: ["i/one", "i/two", "answer"], outputs: ["u"] },
    ]);
  });

  it("tells the branch it belongs to", () => {
    const flushes = flushesOf(
      "hear.words -> answer -> T() -> u\n hear.started -> any(round_robin) [flush answer, flush hear]",
    );
    expect(flushes?.map((one) => one.branch)).toEqual([
      [{ split: "any#1", branch: 0 }],
      [{ split: "any#1", branch: 1 }],
    ]);
  });
});
