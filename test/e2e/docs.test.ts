import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { blocksOf } from "../support/markdown.ts";
import { folderWith } from "./support/files.ts";
import { meshc } from "./support/meshc.ts";
import { freePorts } from "./support/processes.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const readmes = ["README.md", ...exampleReadmes()];

function exampleReadmes(): string[] {
  const files = readdirSync(join(root, "examples"), { recursive: true, encoding: "utf8" });
  return files.filter((file) => /^[^/]+\/README\.md$/.test(file)).map((file) => join("examples", file));
}

/** The fenced blocks of one language. */
function blocks(file: string, language: string): string[] {
  const text = readFileSync(join(root, file), "utf8");
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms"))].map(([, block]) => block ?? "");
}

/** The commands that the pages show, without what stands behind `#`. */
const commands = readmes
  .flatMap((file) => blocks(file, "sh"))
  .flatMap((block) => block.split("\n"))
  .map((line) => line.replace(/\s+#.*$/, "").trim())
  .filter((line) => line.startsWith("npx meshc "));

describe("the README", () => {
  const [overview = "", hello = ""] = blocks("README.md", "mesh");

  it("opens with a program that checks and is laid out as it should be", async () => {
    const cwd = folderWith({ "main.mesh": overview, "package.json": "{}" });
    expect(await meshc(["check", "main.mesh"], { cwd })).toMatchObject({ code: 0, err: "" });
    expect(await meshc(["fmt", "--check", "main.mesh"], { cwd })).toMatchObject({ code: 0 });
  });

  it("shows the example as it is", () => {
    const example = (name: string): string => readFileSync(join(root, "examples/01-hello", name), "utf8");
    expect(example("main.mesh")).toContain(hello);
    expect(blocks("README.md", "ts")).toContain(example("shout.ts"));
  });

  it("links only to what is there", () => {
    for (const file of readmes) {
      const text = readFileSync(join(root, file), "utf8");
      const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)].map(([, target]) => target ?? "");
      const missing = links.filter((target) => {
        const path = join(root, dirname(file), target);
        try {
          readdirSync(dirname(path));
          readFileSync(path);
          return false;
        } catch {
          return true;
        }
      });
      expect(missing.map((target) => `${relative(root, file)}: ${target}`)).toEqual([]);
    }
  });
});

describe("a command of the README", () => {
  // Those of the other examples have tests of their own.
  it.each(commands.filter((line) => !/voice-assistant|wasm-nodes/.test(line)))(
    "works as it stands: %s",
    async (line) => {
      const [front, back] = await freePorts(2);
      const args = line.split(/\s+/).slice(2);
      const env = { FRONT_LISTENS: `webrtc://127.0.0.1:${front}`, BACK_LISTENS: `webrtc://127.0.0.1:${back}` };
      const { code, out, err } = await meshc(args, { cwd: root, env });
      expect({ code, err }).toEqual({ code: 0, err: "" });
      if (args[0] === "run") expect(out).toContain("answer: HELLO!!\nanswer: IS ANYBODY THERE!!\n");
      if (args.includes("--peer")) expect(out).toContain("Loud() takes over");
    },
  );
});

describe("a page of the documentation", () => {
  it.each(["docs/language.md", "docs/graph.md"])("%s shows commands that work, and what they print", async (page) => {
    const cwd = folderWith({ "package.json": '{"type":"module"}' });
    mkdirSync(join(cwd, "node_modules"));
    symlinkSync(root, join(cwd, "node_modules/pipeline-mesh"));
    const shown = blocksOf(readFileSync(join(root, page), "utf8"));
    let count = 0;
    for (const [index, block] of shown.entries()) {
      if (block.file !== undefined) writeFileSync(join(cwd, block.file), block.text);
      if (block.language !== "sh") continue;
      for (const line of block.text.trim().split("\n")) {
        const [npx, name, ...args] = line.replace(/\s+#.*$/, "").split(/\s+/);
        expect([npx, name]).toEqual(["npx", "meshc"]);
        const { code, out, err } = await meshc(args, { cwd });
        expect({ line, code, err }).toEqual({ line, code: 0, err: "" });
        const next = shown[index + 1];
        const isOutput = next?.language === "text" || next?.language === "mermaid";
        expect(!isOutput || fits(out, next.text), `${line} prints\n${out}`).toBe(true);
        count += 1;
      }
    }
    expect(count).toBeGreaterThan(0);
  });
});

/** `…` on a line of its own stands for any lines. */
function fits(out: string, shown: string): boolean {
  const parts = shown.split(/^…\n/m);
  const pattern = parts.map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)).join("[^]*");
  return new RegExp(`^${pattern}$`).test(out);
}
