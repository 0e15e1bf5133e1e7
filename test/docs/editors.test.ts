import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { defaultSettings, readSettings } from "../../compiler/language-server/settings.ts";
import { requests } from "../../compiler/language-server/protocol.ts";
import { lspCommand } from "../../compiler/cli/lsp.command.ts";
import { textMateGrammar } from "../../grammar/highlight.ts";
import { blocksOf } from "../support/markdown.ts";
import { defaultSettings as extensionDefaults } from "../../vscode-extension/core/settings.ts";
import { readTask, taskWords } from "../../vscode-extension/core/task-words.ts";
import manifest from "../../vscode-extension/package.json" with { type: "json" };

const page = readFileSync(fileURLToPath(new URL("../../docs/editors.md", import.meta.url)), "utf8");
const blocks = blocksOf(page);

describe("the page of editors", () => {
  it("shows the settings as they are where nobody says anything", () => {
    const shown: unknown = JSON.parse(blocks.find(({ text }) => text.includes("inlayHints"))?.text ?? "");
    expect(shown).toEqual(defaultSettings);
    const off = { inlayHints: false, codeLens: false, trusted: false };
    expect(readSettings(shown, readSettings(off))).toEqual(defaultSettings);
  });

  it("shows the settings of the extension as they are declared, and a task that it knows", () => {
    const rows = [...page.matchAll(/^\| `mesh\.([\w.]+)` \| .+ \| `(.+)` \|$/gm)].map(([, name, value = ""]) => [
      name,
      JSON.parse(value),
    ]);
    expect(Object.fromEntries(rows)).toEqual(extensionDefaults);
    const [, text = ""] = /```json\n([^`]*"tasks"[^`]*)```/.exec(page) ?? [];
    const { tasks } = JSON.parse(text) as { readonly tasks: readonly Readonly<Record<string, unknown>>[] };
    const [task = {}] = tasks;
    const { matcher } = taskWords(readTask(task) ?? { command: "check" });
    expect([task["type"], task["problemMatcher"]]).toEqual([manifest.contributes.taskDefinitions[0]?.type, matcher]);
  });

  it("names the commands of the extension, its package and the requests of the server as they are", () => {
    const titles = manifest.contributes.commands.map(({ category, title }) => `${category}: ${title.replace("…", "")}`);
    const named = [...page.matchAll(/\*(Mesh: [^*]+)\*/g)].map(([, title]) => title);
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((title) => !titles.includes(title ?? ""))).toEqual([]);
    expect(page).toContain(`vscode-extension/${manifest.name}-${manifest.version}.vsix`);
    const asked = [...page.matchAll(/^\| `(mesh\/\w+)` \|/gm)].map(([, method]) => method);
    expect(asked).toEqual(Object.values(requests));
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
