import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { standardNode } from "../../compiler/cli/run/standard-nodes.ts";
import * as door from "../../stdlib/index.ts";

const folder = new URL("../../stdlib/", import.meta.url);

/** The nodes that a file of signatures declares. */
function declared(file: string): string[] {
  const text = readFileSync(new URL(file, folder), "utf8");
  return [...text.matchAll(/^(?:batch )?node (\w+)/gm)].map(([, name]) => name ?? "").toSorted();
}

describe("the standard library", () => {
  const { standardModules, isStandardModule, ...named } = door;
  const place = { file: "main.mesh", line: 3, column: 7 };

  it.each([
    ["std/audio", "audio/audio.mesh"],
    ["std/speech", "speech/speech.mesh"],
  ] as const)("%s has the code of every node that it declares, and of no other", async (module, file) => {
    const nodes = await standardModules[module]();
    expect(Object.keys(nodes).toSorted()).toEqual(declared(file));
    for (const [name, node] of Object.entries(nodes)) {
      expect(node.open, name).toBeTypeOf("function");
      expect(named[name as keyof typeof named], name).toBe(node);
      expect(await standardNode(module, name, place), name).toBe(node);
    }
  });

  it("has a module for every file of signatures", () => {
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
    const signatures = files.filter((file) => file.endsWith(".mesh"));
    expect(Object.keys(standardModules).map((module) => module.replace("std/", ""))).toEqual(
      signatures.map((file) => file.slice(0, file.indexOf("/"))).toSorted(),
    );
    expect(Object.keys(standardModules).every(isStandardModule)).toBe(true);
  });

  it("exports every node by its name", () => {
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
    const nodes = files.filter((file) => file.endsWith(".node.ts"));
    expect(Object.keys(named)).toHaveLength(nodes.length);
  });

  it.each([
    ["std/audio", "Vad"],
    ["std/nothing", "Vad"],
    ["std/audio", "toString"],
    ["toString", "Vad"],
  ])("has no node for a plan of another version: %s %s", async (module, name) => {
    await expect(standardNode(module, name, place)).rejects.toMatchObject({
      exitCode: 1,
      message: `main.mesh:3:7: there is no node \`${name}\` in ${module} of this version.`,
    });
  });
});
