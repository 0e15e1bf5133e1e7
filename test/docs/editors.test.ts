import { spawnSync } from "node:child_process";
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

/** Reads TOML 1.0; undefined where there is no Python that can. */
function readToml(text: string): unknown {
  const script = "import json, sys, tomllib; json.dump(tomllib.loads(sys.stdin.read()), sys.stdout)";
  const answers = ["python3", "/usr/bin/python3"].map((python) =>
    spawnSync(python, ["-c", script], { input: text, encoding: "utf8" }),
  );
  const read = answers.find((one) => one.status === 0);
  if (read !== undefined) return JSON.parse(read.stdout);
  if (answers.some((one) => one.stderr?.includes("TOMLDecodeError"))) throw new Error(answers[0]?.stderr);
  return undefined;
}

const hasToml = readToml("a = 1") !== undefined;
if (!hasToml) console.log("Helix' configuration is not read: there is no Python from 3.11 on");

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

  it.skipIf(!hasToml)("has a configuration for Helix that is TOML, with the keys that Helix knows", () => {
    const read = readToml(blocks.find((one) => one.language === "toml")?.text ?? "") as {
      "language-server": Record<string, object>;
      language: Record<string, unknown>[];
    };
    expect(Object.keys(read).toSorted()).toEqual(["language", "language-server"]);
    const servers = Object.entries(read["language-server"]);
    // https://docs.helix-editor.com/languages.html
    for (const [, keys] of servers) {
      expect(["command", "args", "config", "timeout", "environment"]).toEqual(
        expect.arrayContaining(Object.keys(keys)),
      );
    }
    const known = ["name", "scope", "file-types", "roots", "comment-token", "block-comment-tokens", "indent"];
    const [language = {}] = read.language;
    expect([...known, "language-servers"]).toEqual(expect.arrayContaining(Object.keys(language)));
    expect(language["language-servers"]).toEqual(servers.map(([name]) => name));
    expect(language["file-types"]).toEqual(["mesh"]);
    expect(language["indent"]).toEqual({ "tab-width": 2, unit: "  " });
  });
});
