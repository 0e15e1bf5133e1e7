import { describe, expect, it } from "vitest";
import { compileText, expectOnly } from "../support/marked.ts";

const node = (members: string): string => `node J { ${members} }`;
const two = "in left: text\n in right: text\n out text";

describe("joins", () => {
  it.each([
    ["by time", `${two}\n join time within 20ms`],
    ["by number", `${two}\n join index`],
    ["by the latest", `${two}\n join latest`],
    ["of many inputs", "in a: text\n in b: text\n in c: text\n out text\n join index"],
    ["with inputs that take no part", `${two}\n in more: text?\n in reset: signal\n join latest`],
  ])("are taken %s", (_, members) => {
    expectOnly(undefined, node(members));
    expectOnly(undefined, `interface I { ${members} }`);
  });

  it.each([
    ["an unknown kind", "MESH2010", `${two}\n join «soon»`],
    ["a misspelt kind", "MESH2010", `${two}\n join «lates»`],
    ["a time without a limit", "MESH2009", `${two}\n «join time»`],
    ["a limit that is no time", "MESH3003", `${two}\n join time within «48kHz»`],
    ["a limit that is a plain number", "MESH3003", `${two}\n join time within «20»`],
    ["a limit of nothing", "MESH3005", `${two}\n join time within «0ms»`],
    ["a limit that is negative", "MESH3005", `${two}\n join time within «-20ms»`],
    ["a limit where it has no meaning", "MESH2010", `${two}\n join index within «20ms»`],
    ["a second join", "MESH2003", `${two}\n join index\n «join latest»`],
    ["one input", "MESH5012", "in text\n out text\n «join index»"],
    ["no inputs", "MESH5012", "out text\n «join index»"],
    [
      "one input beside signals and optional ones",
      "MESH5012",
      "in a: text\n in b: text?\n in c: signal\n out text\n «join latest»",
    ],
  ])("are refused with %s", (_, code, members) => {
    expectOnly(code, node(members));
    expectOnly(code, `interface I { ${members} }`);
  });

  it("stand in the plan of a node, with the inputs that they bring together", () => {
    const plan = compileText(`${node(`${two}\n in more: text?\n join time within 20ms`)}
pipeline P { in a: text
 in b: text
 out text
 let j = J()
 a -> j.left
 b -> j.right
 j -> out }`).plan;
    expect(plan?.pipelines["P"]?.nodes).toMatchObject([
      { id: "j", join: { mode: "time", withinMs: 20, inputs: ["left", "right"] } },
    ]);
  });

  const joined = (join: string): string => `node Mix { in l: text
 in r: text
 out text }
pipeline Pair { in a: text
 in b: text
 in reset: signal
 out u: text
 ${join}
 let mix = Mix()
 a -> mix.l
 b -> mix.r
 mix -> u }`;

  it("of a pipeline are a node of the runtime behind its inputs", () => {
    const pair = compileText(joined("join index")).plan?.pipelines["Pair"];
    expect(pair?.nodes.find((one) => one.builtin === "join")).toMatchObject({
      id: "(join)",
      join: { mode: "index", inputs: ["a", "b"] },
      inputs: { a: {}, b: {} },
      outputs: { a: {}, b: {} },
    });
    expect(pair?.links.map(({ from, to }) => `${from.node ?? ""}.${from.port} ${to.node ?? ""}.${to.port}`)).toEqual([
      ".a (join).a",
      ".b (join).b",
      "(join).a mix.l",
      "(join).b mix.r",
      "mix.out .u",
    ]);
  });

  it("of a pipeline that stands in the place of a node come with it", () => {
    const plan = compileText(`${joined("join latest")}
pipeline P { in a: text
 in b: text
 out u: text
 let pair = Pair()
 a -> pair.a
 b -> pair.b
 pair -> u }`).plan;
    expect(
      plan?.pipelines["P"]?.links.map(({ from, to }) => `${from.node ?? ""}.${from.port} ${to.node ?? ""}.${to.port}`),
    ).toEqual([
      "pair/(join).a pair/mix.l",
      "pair/(join).b pair/mix.r",
      "pair/mix.out .u",
      ".a pair/(join).a",
      ".b pair/(join).b",
    ]);
  });

  const conforming = (wanted: string, own: string): string =>
    `interface I { in a: text
 in b: text
 out u: text
 ${wanted} }
${joined(own)}`.replace("pipeline Pair {", "pipeline Pair: I {");

  it.each([
    ["neither says one", "", ""],
    ["only the pipeline says one", "", "join index"],
    ["both say the same", "join index", "join index"],
    ["the pipeline lets frames lie farther apart", "join time within 20ms", "join time within 40ms"],
  ])("agree with an interface where %s", (_, wanted, own) => {
    expectOnly(undefined, conforming(wanted, own));
  });

  it("disagree with an interface that says another one", () => {
    expectOnly("MESH3006", conforming("join index", "«join latest»"));
    expectOnly("MESH3006", conforming("join time within 20ms", "«join time within 5ms»"));
    expectOnly("MESH3006", conforming("join index", "").replace("Pair: I", "Pair: «I»"));
  });
});
