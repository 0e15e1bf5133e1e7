import { describe, expect, it } from "vitest";
import { compileText, expectOnly } from "../support/marked.ts";

const flow = (lines: string): string => `
node T { in text
 out text }
pipeline Two { in t: text
 out u: text
 let quick = T() with { worker: true }
 t -> quick -> T() -> u }
pipeline P { in t: text
 out u: text
 ${lines} }`;

describe("the options of a link", () => {
  it.each([
    ["a buffer", "buffer: 64"],
    ["the smallest buffer", "buffer: 1"],
    ["dropping the oldest", "overflow: drop_oldest"],
    ["dropping the newest", "overflow: drop_newest"],
    ["waiting", "overflow: block"],
    ["failing", "overflow: error"],
    ["live delivery", "delivery: live"],
    ["reliable delivery", "delivery: reliable"],
    ["a deadline", "deadline: 200ms"],
    ["all of them", "buffer: 64, overflow: drop_oldest, delivery: live, deadline: 1.5s"],
  ])("take %s", (_, options) => {
    expectOnly(undefined, flow(`t -> T() -> u with { ${options} }`));
  });

  it.each([
    ["an unknown option", "MESH2010", "«bufer»: 3"],
    ["an option of a node", "MESH2010", "«restart»: on_failure"],
    ["a buffer of no frames", "MESH3005", "buffer: «0»"],
    ["a buffer of too many frames", "MESH3005", "buffer: «100000»"],
    ["a buffer that is a time", "MESH3003", "buffer: «20ms»"],
    ["a buffer that is a size", "MESH3003", "buffer: «4KiB»"],
    ["a buffer that is a fraction", "MESH3003", "buffer: «1.5»"],
    ["a buffer that is a text", "MESH3003", 'buffer: «"64"»'],
    ["an unknown overflow", "MESH3003", "overflow: «drop»"],
    ["an overflow in quotes", "MESH3003", 'overflow: «"block"»'],
    ["an unknown delivery", "MESH3003", "delivery: «fast»"],
    ["a deadline that is a plain number", "MESH3003", "deadline: «200»"],
    ["a deadline that is a frequency", "MESH3003", "deadline: «48kHz»"],
    ["a deadline of nothing", "MESH3005", "deadline: «0ms»"],
    ["an option twice", "MESH2003", "buffer: 3, «buffer»: 4"],
  ])("refuse %s", (_, code, options) => {
    expectOnly(code, flow(`t -> T() -> u with { ${options} }`));
  });

  it("are said once though the arrow makes several links", () => {
    expectOnly("MESH2010", flow("t -> [T() -> u, T()] with { «bufer»: 3 }"));
  });

  it("hold for all links of the arrow, and for the converters on them", () => {
    const plan = compileText(`node A { out audio<pcm_f32, 48kHz, mono> }
node B { in audio<pcm_f32, 16kHz, mono> }
pipeline P { A() ~> [B(), B()] with { buffer: 3, deadline: 20ms, delivery: live } }`).plan;
    const links = plan?.pipelines["P"]?.links ?? [];
    expect(links).toHaveLength(4);
    for (const link of links) expect(link).toMatchObject({ capacityFrames: 3, deadlineMs: 20, delivery: "live" });
  });

  it("are left out of the plan where nothing is said, for what is usual depends on where the link leads", () => {
    const link = compileText(flow("t -> T() -> u")).plan?.pipelines["P"]?.links[0];
    expect(Object.keys(link ?? {})).toEqual(["from", "to", "type", "capacityFrames", "location"]);
  });

  it("of a case hold beside those of the arrow before the route", () => {
    const plan = compileText(`record R { n: int }
node A { in R }
pipeline P { in r: R
 r -> route n { 1 -> A() with { buffer: 3 }, else -> A() } with { buffer: 9, overflow: error } }`).plan;
    expect(plan?.pipelines["P"]?.links.map((link) => [link.capacityFrames, link.overflow])).toEqual([
      [3, "error"],
      [9, "error"],
    ]);
  });
});

describe("the options of a node", () => {
  it.each([
    ["restarts", "restart: on_failure"],
    ["no restarts", "restart: never"],
    ["a number of restarts", "restart: on_failure, attempts: 3"],
    ["a thread", "worker: true"],
    ["all of them", "restart: on_failure, attempts: 3, worker: true"],
  ])("take %s", (_, options) => {
    expectOnly(undefined, flow(`let x = T() with { ${options} }\n t -> x -> u`));
  });

  it.each([
    ["an unknown option", "MESH2010", "«worker_thread»: true"],
    ["an option of a link", "MESH2010", "«buffer»: 3"],
    ["another restart", "MESH3003", "restart: «sometimes»"],
    ["a restart that is a truth", "MESH3003", "restart: «true»"],
    ["no attempts at all", "MESH3005", "attempts: «0»"],
    ["attempts that are a time", "MESH3003", "attempts: «3s»"],
    ["a thread that is a number", "MESH3003", "worker: «1»"],
    ["an option twice", "MESH2003", "worker: true, «worker»: false"],
  ])("refuse %s", (_, code, options) => {
    expectOnly(code, flow(`let x = T() with { ${options} }\n t -> x -> u`));
  });

  it("stand in the plan", () => {
    const nodes = compileText(flow("let x = T() with { attempts: 5 }\n t -> x -> T() -> u")).plan?.pipelines["P"]
      ?.nodes;
    expect(nodes?.map((node) => node.run)).toEqual([{ restart: "on_failure", attempts: 5, worker: false }, undefined]);
  });

  it("of a pipeline hold for its nodes that say nothing themselves", () => {
    const nodes = compileText(flow("let x = Two() with { restart: on_failure }\n t -> x -> u")).plan?.pipelines["P"]
      ?.nodes;
    expect(nodes?.map((node) => [node.id, node.run?.restart, node.run?.worker])).toEqual([
      ["x/quick", "never", true],
      ["x/T", "on_failure", false],
    ]);
  });
});
