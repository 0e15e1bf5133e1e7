import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { commandLine, type CommandLine } from "../support/command-line.ts";

const node = (name: string, from: string): string => `node ${name}(model: text = "m") {
  in  question: Question
  out sentence: text
  ${from}
}
`;

const program = (from: string): string => `record Question { text: text }
${node("Answer", from)}pipeline Main {
  in  question: Question
  out sentence: text
  question -> Answer() -> sentence
}
`;

/** Code by what is said of it; `NAME` stands for the node. */
const fitting = {
  "declared as the contract":
    'export const NAME: NAMENode = { open: ({ model }, { emit }) => ({ process: async ({ payload }) => emit("sentence", model + payload.text) }) };',
  "that satisfies it": "export const NAME = { sync: true, open: () => ({}) } satisfies NAMENode;",
  "that fits as it is":
    "export const NAME = { open: (params: { model: string }) => ({ close: () => void params.model }) };",
  "made by defineNode": "export const NAME = defineNode<{ model: string }>({ open: () => ({}) });",
  "made by defineNode with the contract":
    "export const NAME = defineNode<NAMEContract>({ open: ({ model }) => ({ map: ({ text }) => model + text }) });",
  "exported under another name":
    "class Code { open() { return {}; } }\nconst made = new Code();\nexport { made as NAME };",
};

const misfits: Readonly<Record<string, readonly [code: string, reason: string]>> = {
  "in a parameter": [
    "export const NAME = { open: (params: { model: number }) => ({ close: () => void params }) };",
    "'string' is not assignable to type 'number'",
  ],
  "in what it emits": [
    "export const NAME: TypedNode<{ params: { model: string }; inputs: { question: object }; outputs: { sentence: number } }> = { open: () => ({}) };",
    "is not assignable",
  ],
  "in what it takes": [
    "export const NAME = { open: () => ({ process: (frame: { payload: number }) => void frame }) };",
    "is not assignable",
  ],
  "in the shape of a node": ["export const NAME = { opened: () => ({}) };", "'open' is missing"],
  "in what defineNode is told of its parameters": [
    "export const NAME = defineNode<{ model: number }>({ open: () => ({}) });",
    "the parameters of the code are `{ model: number; }`, those of the node `NAMEParams`.",
  ],
  "in what defineNode is told of its outputs": [
    "export const NAME = defineNode<{ params: object; inputs: object; outputs: { sentence: number } }>({ open: () => ({}) });",
    "the outputs of the code are `{ sentence: number; }`, those of the node `{ sentence: string; }`.",
  ],
  "in what it does with its contract": [
    "export const NAME = defineNode<NAMEContract>({ open: ({ modle }) => ({}) });",
    "NAME.ts:3: Property 'modle' does not exist",
  ],
  "where it is declared to be the contract": [
    'export const NAME: NAMENode = {\n  open: (_, { emit }) => ({ process: async () => emit("sentense", "a") }),\n};',
    "NAME.ts:4:",
  ],
};

/** Builds one program with a node for each of the texts, and tells what was said of each node. */
async function buildNodes(codes: readonly string[]): Promise<{ code: number; said: (index: number) => string }> {
  using meshc = commandLine();
  const nodes = codes.map((text, index) => {
    const name = `Node${index}`;
    const imports = `import type { ${name}Contract, ${name}Node } from "./main.mesh.js";\nimport { defineNode, type TypedNode } from "pipeline-mesh";\n`;
    meshc.write(`${name}.ts`, imports + text.replaceAll("NAME", name));
    return node(name, `from "./${name}.ts"`);
  });
  meshc.write("main.mesh", `record Question { text: text }\n${nodes.join("")}`);
  const { code, err } = await meshc.run("build");
  const parts = err.split(/^(?=\w+\[MESH)/m);
  const said = (index: number): string =>
    parts
      .filter((one) => one.includes(`\`Node${index}\``))
      .join("")
      .replace(/\s+/g, " ");
  return { code, said };
}

describe("the code behind `from`", () => {
  let built: Awaited<ReturnType<typeof buildNodes>>;
  const texts = [...Object.values(fitting), ...Object.values(misfits).map(([text]) => text)];
  beforeAll(async () => {
    built = await buildNodes(texts);
  });

  it.each(Object.entries(fitting))("may be %s", (_, text) => {
    expect(built.said(texts.indexOf(text))).toBe("");
  });

  it.each(Object.entries(misfits))("does not fit %s, and TypeScript says why", (_, [text, reason]) => {
    const index = texts.indexOf(text);
    expect(built.code).toBe(1);
    expect(built.said(index)).toContain(
      `error[MESH3020]: The code of \`Node${index}\` in \`Node${index}.ts\` does not fit`,
    );
    expect(built.said(index)).toContain(`from "./Node${index}.ts"`);
    expect(built.said(index)).toContain(reason.replaceAll("NAME", `Node${index}`));
  });
});

describe("meshc build", () => {
  let meshc: CommandLine;
  beforeEach(() => {
    meshc = commandLine();
    meshc.write("main.mesh", program('from "./answer.ts"'));
  });
  afterEach(() => meshc[Symbol.dispose]());

  /** Builds with this code behind the node. */
  async function build(code: string): Promise<{ code: number; err: string }> {
    meshc.write("answer.ts", code);
    return meshc.run("build");
  }

  it("says where the file of a node is missing, with the nearest name", async () => {
    meshc.write("main.mesh", program('from "./anser.ts"'));
    const { code, err } = await build("");
    expect(code).toBe(1);
    expect(err).toContain("error[MESH2020]: The code of `Answer` should be in `anser.ts`, and there is no such file.");
    expect(err).toContain("--> main.mesh:5:8");
    expect(err).toContain('Did you mean "./answer.ts"?');
    // What is written holds the type that the code has to have.
    expect(meshc.read("main.mesh.ts")).toContain("export type AnswerNode");
  });

  it.each([
    "export const Anwser = 1;\nexport type Other = string;",
    "const Answer = 1;\nexport { Answer as Anwser };",
    "export function Anwser() {}",
  ])("says that the file exports no such name, with the nearest one: %s", async (text) => {
    const { code, err } = await build(text);
    expect(code).toBe(1);
    expect(err).toContain("error[MESH2021]: `answer.ts` exports nothing named `Answer`.");
    expect(err).toContain("Did you mean `Anwser`?");
  });

  it("verifies nothing again where nothing has changed, and does where what the code imports has", async () => {
    mkdirSync(join(meshc.folder, "node_modules"));
    meshc.write("model.ts", "export interface Params { model: string }");
    const code = `import type { Params } from "./model.js";\nexport const Answer = { open: (params: Params) => ({ close: () => void params }) };`;
    expect((await build(code)).code).toBe(0);
    const memory = "node_modules/.cache/pipeline-mesh/verified.json";
    expect(existsSync(join(meshc.folder, memory))).toBe(true);
    const before = meshc.read(memory);
    expect((await build(code)).code).toBe(0);
    expect(meshc.read(memory)).toBe(before);
    meshc.write("model.ts", "export interface Params { model: string; size: number }");
    expect((await build(code)).err).toContain("MESH3020");
  });

  it("verifies again where a type has changed that an imported file takes from another", async () => {
    mkdirSync(join(meshc.folder, "node_modules"));
    meshc.write("base.mesh", "record Word { text: text }\n");
    meshc.write("lib.mesh", 'import { Word } from "./base.mesh"\nrecord Question { word: Word }\n');
    const code = `import { defineNode } from "pipeline-mesh";
type Inputs = { question: { word: { text: string } } };
type Contract = { params: { model: string }; inputs: Inputs; outputs: { sentence: string } };
export const Answer = defineNode<Contract>({ open: () => ({}) });`;
    const buildAgain = (): ReturnType<typeof build> => {
      meshc.write("main.mesh", `import { Question } from "./lib.mesh"\n${node("Answer", 'from "./answer.ts"')}`);
      return build(code);
    };
    expect(await buildAgain()).toMatchObject({ code: 0 });
    meshc.write("base.mesh", "record Word { text: int }\n");
    expect((await buildAgain()).err).toContain("MESH3020");
  });

  it("does not look at the code of a program with errors", async () => {
    meshc.write("main.mesh", program('from "./answer.ts"').replace("-> sentence", "-> sentance"));
    const { code, err } = await build("");
    expect(code).toBe(1);
    expect(err).toContain("nothing written");
    expect(existsSync(join(meshc.folder, "main.mesh.ts"))).toBe(false);
  });
});
