import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { commandLine, type CommandLine } from "../support/command-line.ts";

const program = (from: string): string => `record Question { text: text }
node Answer(model: text = "m") {
  in  question: Question
  out sentence: text
  ${from}
}
pipeline Main {
  in  question: Question
  out sentence: text
  question -> Answer() -> sentence
}
`;

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

const imports =
  'import type { AnswerNode } from "./main.mesh.js";\nimport { defineNode, type TypedNode } from "pipeline-mesh";\n';

describe("the code behind `from`", () => {
  it("may be declared as the contract, fit it as it is, or be made by defineNode", { timeout: 60_000 }, async () => {
    const codes = [
      `export const Answer0: Answer0Node = { open: ({ model }, { emit }) => ({ process: async ({ payload }) => emit("sentence", model + payload.text) }) };`,
      "export const Answer1 = { sync: true, open: () => ({}) } satisfies Answer1Node;",
      "export const Answer2 = { open: (params: { model: string }) => ({ close: () => void params.model }) };",
      "export const Answer3 = defineNode<{ model: string }>({ open: () => ({}) });",
      "class Code { open() { return {}; } }\nconst made = new Code();\nexport { made as Answer4 };",
    ];
    const [record = "", ...lines] = program("").split("\n");
    const node = lines.slice(0, 5).join("\n");
    const nodes = codes.map((code, index) => {
      const name = `Answer${index}`;
      meshc.write(
        `${name}.ts`,
        `import type { ${name}Node } from "./main.mesh.js";\nimport { defineNode } from "pipeline-mesh";\n${code}`,
      );
      return node.replace("Answer", name).replace(/\n}$/, `\n  from "./${name}.ts"\n}`);
    });
    const pipeline = lines.slice(5).join("\n").replace("Answer()", "Answer0()");
    meshc.write("main.mesh", [record, ...nodes, pipeline].join("\n"));
    const { code, err } = await meshc.run("build");
    expect(err).toBe("");
    expect(code).toBe(0);
  });

  it("is missed where there is no such file, with the nearest name", async () => {
    meshc.write("main.mesh", program('from "./anser.ts"'));
    const { code, err } = await build("");
    expect(code).toBe(1);
    expect(err).toContain("error[MESH2020]: The code of `Answer` should be in `anser.ts`, and there is no such file.");
    expect(err).toContain("--> main.mesh:5:8");
    expect(err).toContain('Did you mean "./answer.ts"?');
    // What is written holds the type that the code has to have.
    expect(meshc.read("main.mesh.ts")).toContain("export type AnswerNode");
  });

  it("is missed where the file exports no such name, with the nearest one", async () => {
    const { code, err } = await build("export const Anwser = 1;\nexport type Other = string;");
    expect(code).toBe(1);
    expect(err).toContain("error[MESH2021]: `answer.ts` exports nothing named `Answer`.");
    expect(err).toContain("Did you mean `Anwser`?");
  });

  it.each([
    [
      "a parameter",
      "export const Answer = { open: (params: { model: number }) => ({ close: () => void params }) };",
      "'string' is not assignable to type 'number'",
    ],
    [
      "what it emits",
      "export const Answer: TypedNode<{ params: { model: string }; inputs: { question: object }; outputs: { sentence: number } }> = { open: () => ({}) };",
      "is not assignable",
    ],
    [
      "what it takes",
      "export const Answer = { open: () => ({ process: (frame: { payload: number }) => void frame }) };",
      "is not assignable",
    ],
    ["the shape of a node", "export const Answer = { opened: () => ({}) };", "'open' is missing"],
    ["a value at all", "export interface Answer { open(): void }", "MESH2021"],
  ])("does not fit in %s, and TypeScript says why", { timeout: 60_000 }, async (_, text, reason) => {
    const { code, err } = await build(imports + text);
    expect(code).toBe(1);
    expect(err).toContain("--> main.mesh:5:8");
    expect(err.replace(/\s+/g, " ")).toContain(reason);
  });

  it("is shown by its own line where it is declared to be the contract", { timeout: 60_000 }, async () => {
    const { code, err } = await build(
      `${imports}export const Answer: AnswerNode = {\n  open: (_, { emit }) => ({ process: async () => emit("sentense", "a") }),\n};`,
    );
    expect(code).toBe(1);
    expect(err).toContain("error[MESH3020]");
    expect(err).toMatch(/TypeScript says: answer\.ts:4: .*"sentense"/s);
  });

  it(
    "is not verified again where nothing has changed, and is where what it imports has",
    { timeout: 60_000 },
    async () => {
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
    },
  );

  it("of a program with errors is not looked at", async () => {
    meshc.write("main.mesh", program('from "./answer.ts"').replace("-> sentence", "-> sentance"));
    const { code, err } = await build("");
    expect(code).toBe(1);
    expect(err).toContain("nothing written");
    expect(existsSync(join(meshc.folder, "main.mesh.ts"))).toBe(false);
  });
});
