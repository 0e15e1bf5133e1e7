import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createFormatter } from "../../grammar/index.ts";
import { compileText } from "../compiler/support/marked.ts";
import { track } from "../runtime/media/tracks.ts";
import { blocksOf } from "../support/markdown.ts";

const page = readFileSync(new URL("../../docs/media.md", import.meta.url), "utf8");
const tracks = readFileSync(new URL("../../docs/tracks.md", import.meta.url), "utf8");

describe("the page on media", () => {
  it("shows programs that check, laid out as they should be", () => {
    const programs = [...blocksOf(page), ...blocksOf(tracks)].filter((block) => block.language === "mesh");
    expect(programs.length).toBeGreaterThan(0);
    for (const { text } of programs) {
      expect(compileText(text).diagnostics).toEqual([]);
      expect(createFormatter()(text)).toMatchObject({ text });
    }
  });

  it("names the figures that there are, all of them", () => {
    const { sender, receiver } = track("vp8");
    const table = page.slice(page.indexOf("| figure |"));
    const named = new Set(
      [...table.matchAll(/^\| (`\w+`[^|]*) \|/gm)].flatMap(([, cell = ""]) => cell.match(/\w+/g) ?? []),
    );
    const figures = new Set([...Object.keys(sender.stats()), ...Object.keys(receiver.stats())]);
    for (const one of ["codec", "ssrc"]) figures.delete(one);
    expect([...named].toSorted()).toEqual([...figures].toSorted());
  });

  it("gives the parameters of OpusEncode with the defaults that they have", () => {
    const signature = readFileSync(new URL("../../stdlib/audio/audio.mesh", import.meta.url), "utf8");
    const rows = [...page.matchAll(/^\| `(packetLoss|inbandFec|dtx)` \| `([^`]+)` \|/gm)];
    expect(rows).toHaveLength(3);
    for (const [, name, value] of rows) expect(signature).toMatch(new RegExp(`\\b${name}: .* = ${value},`));
  });
});
