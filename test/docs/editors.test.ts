import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { defaultSettings, readSettings } from "../../compiler/language-server/settings.ts";
import { lspCommand } from "../../compiler/cli/lsp.command.ts";
import { textMateGrammar } from "../../grammar/highlight.ts";
import { blocksOf } from "../support/markdown.ts";

const page = readFileSync(fileURLToPath(new URL("../../docs/editors.md", import.meta.url)), "utf8");
const blocks = blocksOf(page);

describe("the page of editors", () => {
  it("shows the settings as they are where nobody says anything", () => {
    const shown: unknown = JSON.parse(blocks.find((one) => one.language === "json")?.text ?? "");
    expect(shown).toEqual(defaultSettings);
    const off = { inlayHints: false, codeLens: false, trusted: false };
    expect(readSettings(shown, readSettings(off))).toEqual(defaultSettings);
  });

  it("starts the server with words that the command knows, and names the scope of the colours", () => {
    const lists = [...page.matchAll(/(?:cmd|args) = [{[]([^\]}]*)[\]}]/g)].map(([, list = ""]) =>
      [...list.matchAll(/"([^"]*)"/g)].map((one) => one[1]).filter((word) => word !== "npx"),
    );
    expect(lists).toHaveLength(3);
    for (const words of lists) {
      expect(words).toEqual(["meshc", lspCommand.name, `--${lspCommand.options[0]?.name}`]);
    }
    expect(page).toContain(`scope = "${textMateGrammar().scopeName}"`);
  });
});
