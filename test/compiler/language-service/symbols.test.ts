import { describe, expect, it } from "vitest";
import { documentSymbols, workspaceSymbols, type OutlineSymbol } from "../../../compiler/language-service/symbols.ts";
import { marked } from "./support/marked.ts";
import { program } from "./support/program.ts";

describe("symbols", () => {
  it("of a file are what it declares, with what stands in it", () => {
    const { service, path } = marked(program);
    const file = service.parsed(path);
    if (file === undefined) throw new Error("no file");
    const shown = (one: OutlineSymbol, depth: number): string[] => [
      `${" ".repeat(depth)}${one.kind} ${one.name}${one.detail === "" ? "" : ` (${one.detail})`}`,
      ...one.children.flatMap((child) => shown(child, depth + 1)),
    ];
    const lines = documentSymbols(file).flatMap((one) => shown(one, 0));
    expect(lines.filter((one) => !one.startsWith(" "))).toEqual([
      "record Word (record)",
      "record Inner (record)",
      "enum Mood (enum)",
      "interface Hears (interface)",
      "node Loud (node)",
      "node Hear (node)",
      "policy patient (policy)",
      "pipeline Main (pipeline)",
      "pipeline Near (pipeline: Hears)",
      "peer box (peer)",
      "scenario it goes (for Main)",
    ]);
    expect(lines).toContain(" port mic (in audio<opus, 48kHz, mono>)");
    expect(lines).toContain(" let loud (Loud)");
    expect(lines).toContain(" remote far (Hears)");
  });

  it.each([
    ["hear", ["Hear", "heard", "Hears"]],
    ["mn", ["Main"]],
    ["zzz", []],
  ])("of all files for %j", (query, wanted) => {
    const { service } = marked({ "a.mesh": program });
    const names = workspaceSymbols(service, query).map((one) => one.name);
    expect(names.slice(0, 3).toSorted()).toEqual(wanted.toSorted());
  });

  it("of files that are half typed lie within themselves", () => {
    for (const text of ["", "pipeline", "record R {", "node N { in", "scenario", 'scenario "', "enum { a }"]) {
      const { service, path } = marked(text);
      const file = service.parsed(path);
      for (const { span, nameSpan } of file === undefined ? [] : documentSymbols(file)) {
        expect(span.start <= nameSpan.start && nameSpan.end <= span.end).toBe(true);
      }
    }
  });
});
