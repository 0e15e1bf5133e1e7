import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { compile } from "../../compiler/compile.ts";
import { commands } from "../../compiler/cli/commands.ts";
import { parseArguments } from "../../compiler/cli/arguments.ts";
import { memoryHost } from "../../compiler/host/memory.ts";
import { natsClients } from "../../runtime/signaling/nats/clients.nodejs.ts";
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

  it("say under which code each refusal is counted", () => {
    const source = read("runtime/signaling/refusals.ts");
    const reasons = /type RefusalReason =[^;]+;/.exec(source)?.[0].match(/(?<=\| ")[a-z0-9-]+(?=")/g) ?? [];
    expect(reasons.length).toBeGreaterThan(15);
    const table = page.slice(page.indexOf("## Limits"));
    expect(reasons.filter((reason) => !table.includes(`\`${reason}\``))).toEqual([]);
  });

  it("show programs that check", () => {
    const text = blocks("mesh").join("\n");
    expect(blocks("mesh").length).toBe(3);
    const { diagnostics, plan } = compile("main.mesh", memoryHost({ "main.mesh": text }, {}), { compilerVersion: "" });
    expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
    expect(plan?.pipelines["Front"]?.remotes[0]?.targets).toMatchObject([{ kind: "service", service: "Speaking" }]);
  });

  it("have the packages for NATS that are tested, in versions that fit each other", async () => {
    const { devDependencies, peerDependencies } = JSON.parse(read("package.json")) as Record<
      "devDependencies" | "peerDependencies",
      Record<string, string>
    >;
    const [line = ""] = page.match(/^npm install @nats-io.*$/m) ?? [];
    const packages = line.split(" ").slice(2);
    expect(packages.length).toBe(3);
    for (const one of packages) {
      const [, name = "", version = ""] = /^(.+)@([\d.]+)$/.exec(one) ?? [];
      expect([devDependencies[name], peerDependencies[name]]).toEqual([version, `^${version}`]);
    }
    await expect(natsClients(() => Promise.reject(new Error("no")))).rejects.toMatchObject({
      hint: expect.stringContaining(`\`${line}\``),
    });
  });

  it("show commands as they are", () => {
    const lines = blocks("sh").flatMap((text) => text.trim().split("\n"));
    const commandLines = lines.filter((line) => !line.startsWith("npm install "));
    expect(commandLines.length).toBe(8);
    for (const line of commandLines) {
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
