import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { commands } from "../../compiler/cli/commands.ts";
import { parseArguments } from "../../compiler/cli/arguments.ts";
import { memoryHost } from "../../compiler/host/memory.ts";
import { signalingSchema, withTables } from "../../scripts/signaling-docs.ts";

const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
const page = read("docs/signaling.md");
const blocks = (language: string): string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, "gm"))].map(([, text = ""]) => text);

describe("the pages about signaling", () => {
  it("have the messages as the schemas have them (node scripts/signaling-docs.mjs writes them)", () => {
    expect(read("docs/signaling.schema.json")).toBe(signalingSchema());
    const protocol = read("docs/protocol.md");
    expect(withTables(protocol)).toBe(protocol);
  });

  it("show programs that check", () => {
    const text = blocks("mesh").join("\n");
    expect(blocks("mesh").length).toBe(2);
    const { diagnostics, plan } = compile("main.mesh", memoryHost({ "main.mesh": text }, {}), { compilerVersion: "" });
    expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
    expect(plan?.pipelines["Front"]?.remotes[0]?.targets).toMatchObject([{ kind: "service", service: "Speaking" }]);
  });

  it("show commands as they are", () => {
    const lines = blocks("sh").flatMap((text) => text.trim().split("\n"));
    expect(lines.length).toBe(3);
    for (const line of lines) {
      const [meshc, name = "", ...words] = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(
        ([, quoted, word]) => quoted ?? word ?? "",
      );
      const command = commands.find((one) => one.name === name);
      expect(meshc).toBe("meshc");
      if (command === undefined) throw new Error(`there is no meshc ${name}`);
      expect(parseArguments(words, command)).toBeDefined();
    }
  });
});
