import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { othersAsked } from "../../runtime/balancing/place.ts";
import { reportEveryMs } from "../../runtime/balancing/report-load.ts";
import { createFormatter } from "../../grammar/index.ts";
import { compileText } from "../compiler/support/marked.ts";
import { blocksOf } from "../support/markdown.ts";

const page = readFileSync(new URL("../../docs/balancing.md", import.meta.url), "utf8");

describe("the page on balancing", () => {
  it("shows a program that checks, with each policy that a service may be asked for", () => {
    const [program] = blocksOf(page).filter((block) => block.language === "mesh");
    expect(createFormatter()(program?.text ?? "")).toMatchObject({ text: program?.text });
    const named = [...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, name = ""]) => name);
    expect(named).toEqual(["round_robin", "fastest", "least_loaded", "adaptive", "hash"]);
    for (const name of named) {
      const text = (program?.text ?? "").replace("prefer adaptive", `prefer ${name}`);
      expect(compileText(text).diagnostics).toEqual([]);
    }
  });

  it("shows a peer that says how many slots it has", () => {
    const [, program] = blocksOf(page).filter((block) => block.language === "mesh");
    expect(createFormatter()(program?.text ?? "")).toMatchObject({ text: program?.text });
    expect(compileText(program?.text ?? "").diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
    expect(program?.text).toContain("provides slots(8)");
  });

  it("shows a remote whose sessions go by a hash", () => {
    const [, , program] = blocksOf(page).filter((block) => block.language === "mesh");
    expect(createFormatter()(program?.text ?? "")).toMatchObject({ text: program?.text });
    expect(compileText(program?.text ?? "").diagnostics).toEqual([]);
    expect(program?.text).toContain("prefer hash");
  });

  it("says how many others are asked, and how often load is reported", () => {
    expect(othersAsked).toBe(3);
    expect(page).toContain("three others at most");
    expect(page).toContain(`every ${reportEveryMs} ms`);
  });
});
