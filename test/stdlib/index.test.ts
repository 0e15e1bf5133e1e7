import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import * as door from "../../stdlib/index.ts";

const folder = new URL("../../stdlib/", import.meta.url);

/** The nodes that a file of signatures declares. */
function declared(file: string): string[] {
  const text = readFileSync(new URL(file, folder), "utf8");
  return [...text.matchAll(/^(?:batch )?node (\w+)/gm)].map(([, name]) => name ?? "").toSorted();
}

describe("the standard library", () => {
  const { standardModules, ...named } = door;

  it.each([
    ["std/audio", "audio/audio.mesh"],
    ["std/speech", "speech/speech.mesh"],
  ])("%s has the code of every node that it declares, and of no other", (module, file) => {
    const nodes = standardModules[module] ?? {};
    expect(Object.keys(nodes).toSorted()).toEqual(declared(file));
    for (const [name, node] of Object.entries(nodes)) {
      expect(node.open, name).toBeTypeOf("function");
      expect(named[name as keyof typeof named], name).toBe(node);
    }
  });

  it("exports every node by its name", () => {
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
    const nodes = files.filter((file) => file.endsWith(".node.ts"));
    expect(Object.keys(named)).toHaveLength(nodes.length);
  });
});
