import { describe, expect, it } from "vitest";
import { conditionHolds } from "../../../runtime/interface/conditions.ts";
import { readPlan, type Capability, type Condition } from "../../../runtime/interface/plan.ts";
import { compileText, expectOnly } from "../support/marked.ts";

/** One node with a requirement, a pipeline that uses it, and a peer that runs it. */
const placed = (requires: string, provides: string, runs = "runs P"): string => `
node Work(need: size = 1GiB, region: text = "eu") { in text
 out text
 requires ${requires}
 from "./work.ts" }
pipeline P { in t: text
 out u: text
 t -> Work() -> u }
peer box { ${runs}
 ${provides} }
`;

const withParameter = (need: string, mark: (text: string) => string): string => `
node Work(need: size) { in text
 out text
 requires memory >= need
 from "./work.ts" }
pipeline P(need: size = 1GiB) { in t: text
 out u: text
 t -> Work(need: need) -> u }
peer box { ${mark(`runs P(need: ${need})`)}
 provides memory(4GiB) }`;

const withLocalTarget = (one: string, two: string, three: string, provides: string, mark: (text: string) => string) => `
interface Talks { in t: text
 out u: text
 ${one} }
node Work { in t: text
 out u: text
 ${two}
 from "./work.ts" }
pipeline P: Talks { in t: text
 out u: text
 ${three}
 remote r: Talks { at "webrtc://far:7443/Work"
  else Work() }
 t -> r -> u }
peer box { ${mark("runs P")}
 provides ${provides} }`;

const plain = (text: string): string => text;

const marked = (text: string): string => `«${text}»`;

const withContract = (provides: string, at: string): string => `
interface Talks { in t: text
 out u: text
 requires gpu }
pipeline P { in t: text
 out u: text
 remote r: Talks { ${at} }
 t -> r -> u }
pipeline Q { in t: text
 out u: text
 t -> u }
peer box { runs Q
 provides ${provides} }
peer other { provides gpu }`;

const unplaced = (requires: string, peers: string): string => `
node Work { in text
 out text
 requires ${requires}
 from "./work.ts" }
pipeline P { in t: text
 out u: text
 t -> Work() -> u }
${peers}`;

const service = (where: string, peers: string): string => `
interface Talks { in t: text
 out u: text }
pipeline Q: Talks { in t: text
 out u: text
 t -> u }
pipeline P(voice: text) { in t: text
 out u: text
 remote r: Talks { at service "talker" where ${where} }
 t -> r -> u }
${peers}`;

const wants = (value: Condition["anyOf"][number]): Condition => ({ anyOf: [value], text: "" });

describe("placement on a declared peer", () => {
  it.each([
    ["a tag", "gpu", "provides gpu"],
    ["a tag that has properties", "gpu", "provides gpu(memory: 24GiB)"],
    ["a property", "gpu.memory >= 8GiB", "provides gpu(memory: 24GiB)"],
    ["a property in other units", "gpu.memory >= 8192MiB", "provides gpu(memory: 8GiB)"],
    ["one of two of a kind", "gpu.memory >= 16GiB", "provides gpu(memory: 8GiB), gpu(memory: 24GiB)"],
    ["an amount", "memory >= 2GiB", "provides memory(8GiB)"],
    ["exactly an amount", "slots == 8", "provides slots(8)"],
    ["a version", "cuda >= 12", "provides cuda(12.4)"],
    ["a version part by part", "cuda > 12.9", "provides cuda(12.10)"],
    ["a version with more parts", "cuda >= 12.4", "provides cuda(12.4.1)"],
    ["a lower version", "cuda < 13", "provides cuda(12.4)"],
    ["a list", "codecs(opus, vp8)", "provides codecs(vp8, opus, h264)"],
    ["a text", 'region == "eu"', 'provides region("eu")'],
    ["a text that differs", 'region != "us"', 'provides region("eu")'],
    ["one of a list by comparison", 'codecs == "opus"', "provides codecs(opus, vp8)"],
    ["an alternative", "gpu or npu", "provides npu"],
    ["an alternative with a comparison", "gpu.memory >= 8GiB or memory >= 64GiB", "provides memory(64GiB)"],
    ["several conditions", "gpu, codecs(opus)", "provides gpu, codecs(opus)"],
    ["several provides", "gpu, codecs(opus)", "provides gpu\n provides codecs(opus)"],
    ["a parameter's default", "memory >= need", "provides memory(1GiB)"],
    ["what only the environment knows", "memory >= 4GiB", 'provides memory(env("MEMORY", 8GiB))'],
    ["an amount in parentheses", "memory(2GiB)", "provides memory(8GiB)"],
    ["a property in parentheses", "gpu(memory: 2GiB)", "provides gpu(memory: 8GiB)"],
  ])("accepts %s", (_, requires, provides) => {
    expectOnly(undefined, placed(requires, provides));
  });

  it.each([
    ["a tag", "gpu", "provides cpu"],
    ["anything of a peer that declares nothing", "gpu", ""],
    ["too little of a property", "gpu.memory >= 32GiB", "provides gpu(memory: 24GiB)"],
    ["a property that is absent", "gpu.memory >= 1GiB", "provides gpu"],
    ["a property that is absent, by !=", "gpu.memory != 1GiB", "provides gpu"],
    ["too small an amount", "memory >= 2GiB", "provides memory(1GiB)"],
    ["an older version", "cuda >= 12.5", "provides cuda(12.4)"],
    ["a version that only looks greater", "cuda >= 12.10", "provides cuda(12.9)"],
    ["one of a list", "codecs(opus, vp8)", "provides codecs(opus)"],
    ["another text", 'region == "eu"', 'provides region("us")'],
    ["all alternatives", "gpu or npu", "provides cpu"],
    ["one of several conditions", "gpu, codecs(opus)", "provides gpu"],
    ["both of two conditions, said once", "gpu, npu", "provides cpu"],
    ["a parameter's default", "memory >= need", "provides memory(512MiB)"],
  ])("refuses the lack of %s", (_, requires, provides) => {
    expectOnly("MESH4001", placed(requires, provides, "«runs P»"));
  });

  it("tells who asks for it, and where else it could run", () => {
    const found = expectOnly("MESH4001", `${placed("gpu", "provides cpu", "«runs P»")}peer other { provides gpu }`);
    expect(found.message).toBe("`box` cannot run `P`, which requires `gpu`.");
    expect(found.related.map((one) => one.message)).toEqual(["required here, by `P` → `Work`"]);
    expect(found.hint).toContain("Run it on `other`");
  });

  it("takes the arguments of the `runs` for parameters", () => {
    expectOnly(
      undefined,
      withParameter("4GiB", (text) => text),
    );
    expectOnly(
      "MESH4001",
      withParameter("5GiB", (text) => `«${text}»`),
    );
  });

  it("counts what pipelines, their interfaces and their local targets require", () => {
    expectOnly(undefined, withLocalTarget("requires a", "requires b", "requires c", "a, b, c", plain));
    expectOnly("MESH4001", withLocalTarget("requires a", "requires b", "requires c", "b, c", marked));
    expectOnly("MESH4001", withLocalTarget("requires a", "requires b", "requires c", "a, c", marked));
    expectOnly("MESH4001", withLocalTarget("requires a", "requires b", "requires c", "a, b", marked));
  });

  it("refuses a target on a peer that lacks what the interface requires", () => {
    expectOnly(undefined, withContract("gpu", "at box.Q"));
    expectOnly("MESH4003", withContract("cpu", "«at box.Q»"));
  });

  it("writes what is required and provided into the plan", () => {
    const { plan } = compileText(placed("gpu.memory >= 8GiB or npu", "provides gpu(memory: 24GiB), cuda(12.4)"));
    const read = readPlan(JSON.parse(JSON.stringify(plan)));
    expect(read.peers["box"]?.provides).toEqual([
      { name: "gpu", values: [], properties: { memory: { quantity: "size", value: 24 * 2 ** 30 } } },
      { name: "cuda", values: [{ quantity: "float", value: "12.4" }], properties: {} },
    ]);
    expect(read.pipelines["P"]?.requires).toEqual([
      {
        text: "gpu.memory >= 8GiB or npu",
        anyOf: [
          {
            kind: "compare",
            path: ["gpu", "memory"],
            operator: ">=",
            value: { quantity: "size", value: 8 * 2 ** 30 },
          },
          { kind: "has", name: "npu", values: [], properties: {} },
        ],
      },
    ]);
  });
});

describe("a capability that no declared peer provides", () => {
  it.each([
    ["a tag", "«npu»", "peer box { provides gpu }"],
    ["an amount above all", "«memory >= 64GiB»", "peer box { provides memory(8GiB) }"],
    ["one of two conditions", "gpu, «npu»", "peer box { provides gpu }"],
    ["where no peer provides anything", "«gpu»", 'peer box { listens "webrtc://127.0.0.1:7443" }'],
  ])("warns of %s", (_, requires, peers) => {
    expectOnly("MESH4002", unplaced(requires, peers));
  });

  it.each([
    ["there are no peers in the file", "npu", ""],
    ["one of the peers provides it", "npu", "peer a { provides gpu }\npeer b { provides npu }"],
  ])("is silent where %s", (_, requires, peers) => {
    expectOnly(undefined, unplaced(requires, peers));
  });

  it("says it at the use of an imported node", () => {
    const files = { "lib.mesh": 'node Work { in text\n out text\n requires npu\n from "./x.ts" }' };
    expectOnly(
      "MESH4002",
      `import { Work } from "./lib.mesh"
pipeline P { in t: text
 out u: text
 t -> «Work()» -> u }
peer box { provides gpu }`,
      files,
    );
  });

  it.each([
    ["a filter that the peers that run it miss", "«gpu»", 'peer a { runs Q as "talker" }'],
    ["a property that they lack", "«voice == voice»", 'peer a { runs Q as "talker"\n provides cpu }'],
    ["a capability that nobody declares", "«gpu.memory >= 8GiB»", "peer a { provides cpu }"],
  ])("warns of %s", (_, where, peers) => {
    expectOnly("MESH4002", service(where, peers));
  });

  it.each([
    ["a property of a peer from outside", "voice == voice", "peer a { provides cpu }"],
    [
      "a filter that one of them passes",
      "gpu or npu, voice == voice",
      'peer a { runs Q as "talker"\n provides npu, voice("x") }',
    ],
    ["a mesh without declared peers", "gpu", ""],
  ])("is silent for %s", (_, where, peers) => {
    expectOnly(undefined, service(where, peers));
  });
});

describe("what cannot be compared", () => {
  it.each([
    ["a size with a frequency", "MESH3003", "memory >= «48kHz»", "provides memory(8GiB)"],
    ["texts by order", "MESH3003", 'region >= «"eu"»', 'provides region("eu")'],
    ["an unknown parameter", "MESH2001", "memory >= «needed»", "provides memory(8GiB)"],
    ["a range", "MESH3003", "memory >= «1GiB..2GiB»", "provides memory(8GiB)"],
    ["a property twice", "MESH2003", "gpu(memory: 1GiB, «memory: 2GiB»)", "provides gpu(memory: 8GiB)"],
  ])("%s", (_, code, requires, provides) => {
    expectOnly(code, placed(requires, provides));
  });

  it("in what nobody runs", () => {
    expectOnly("MESH3003", "interface Talks { in t: text\n requires memory >= «1GiB..2GiB» }");
  });

  it("an amount that is a range", () => {
    expectOnly("MESH3003", placed("memory >= 1GiB", "provides memory(«1GiB..2GiB»)", ""));
  });
});

describe("R12.3 the slots of a peer", () => {
  const peer = (slots: string): string => `peer box { provides memory(4GiB), ${slots} }`;

  it.each([
    ["slots(0)", "MESH3005", "slots(1)"],
    ["slots(2.5)", "MESH3005", "slots(2)"],
    ["slots(2000000)", "MESH3005", "slots(1000000)"],
    ['slots("many")', "MESH3003", "slots(8)"],
    ['slots("4")', "MESH3003", "slots(4)"],
    ["slots(8GiB)", "MESH3003", "slots(8)"],
    ["slots", "MESH3003", "slots(8)"],
    ["slots(1, 2)", "MESH3003", "slots(8)"],
    ['slots(env("SLOTS", 0))', "MESH3005", "slots(1)"],
  ] as const)("are one whole number: %s", (slots, code, fixed) => {
    const found = expectOnly(code, peer(`«${slots}»`));
    expect(found.fixes?.map(({ edits }) => edits.map(({ newText }) => newText))).toEqual([[fixed]]);
  });

  it.each(["slots(1)", "slots(1000000)", 'slots(env("SLOTS", 8))', 'slots(env("SLOTS"))'])("may be %s", (slots) => {
    expect(compileText(peer(slots)).diagnostics).toEqual([]);
  });
});

describe("conditions at connect time", () => {
  const gpu: Capability = { name: "gpu", values: [], properties: { memory: { env: "GPU_MEMORY" } } };

  it("leaves open what is not known yet", () => {
    const condition = wants({
      kind: "compare",
      path: ["gpu", "memory"],
      operator: ">=",
      value: { quantity: "size", value: 5 },
    });
    expect(conditionHolds(condition, [gpu])).toBe("maybe");
    const memory = { quantity: "size", value: 8 };
    expect(
      conditionHolds(condition, [gpu], (one) => ("env" in one ? memory : "quantity" in one ? one : undefined)),
    ).toBe("yes");
    expect(conditionHolds(condition, [])).toBe("no");
  });
});
