import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { initProject } from "../../../compiler/cli/init/init-project.ts";
import { questionsOver, type Questions } from "../../../compiler/cli/init/questions.ts";
import { templateFiles } from "../../../compiler/cli/init/template-files.ts";
import { templates } from "../../../compiler/cli/init/templates.ts";
import { writeProject } from "../../../compiler/cli/init/write-project.ts";
import type { Io, Output } from "../../../compiler/cli/io.ts";
import { style } from "../../../compiler/diagnostics/style.ts";
import { commandLine, type CommandLine } from "../support/command-line.ts";

let meshc: CommandLine;
beforeEach(() => {
  meshc = commandLine();
});
afterEach(() => meshc[Symbol.dispose]());

const at = (...parts: string[]): string => join(meshc.folder, ...parts);

describe("meshc init", () => {
  it.each(templates.map(({ name }) => name))("writes %s with all that a project has", async (template) => {
    const { code, out, err } = await meshc.run("init", "My Project", "--template", template);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain("  cd 'My Project'\n  npm install\n  npm start\n");
    const files = readdirSync(at("My Project"));
    for (const name of [
      ".editorconfig",
      ".gitignore",
      ".vscode",
      "README.md",
      "main.mesh",
      "main.test.ts",
      "tsconfig.json",
    ])
      expect(files).toContain(name);
    expect(files.filter((name) => name.startsWith("_") || name.endsWith(".tmp"))).toEqual([]);
    const manifest = JSON.parse(meshc.read("My Project/package.json")) as { name: string; scripts: object };
    expect(manifest.name).toBe("my-project");
    expect(Object.keys(manifest.scripts)).toEqual(["check", "build", "start", "test"]);
    for (const name of ["extensions", "settings", "tasks"]) {
      expect(JSON.parse(meshc.read(`My Project/.vscode/${name}.json`))).toBeTypeOf("object");
    }
    expect(meshc.read("My Project/README.md")).toMatch(/^# my-project\n/);
    expect(meshc.read("My Project/README.md")).not.toContain("{{");
  });

  it("writes programs that check, and are laid out as they should be", async () => {
    for (const { name } of templates) await meshc.run("init", name, "--template", name);
    expect(await meshc.run("check", ...templates.map(({ name }) => name))).toMatchObject({ code: 0, err: "" });
    expect(await meshc.run("fmt", "--check", ...templates.map(({ name }) => name))).toMatchObject({ code: 0 });
  });

  it("is shown in the documentation with all its templates", () => {
    const page = readFileSync(new URL("../../../docs/getting-started.md", import.meta.url), "utf8");
    for (const { name, summary } of templates) expect(page).toContain(`| \`${name}\` | ${summary}`);
  });

  it("takes hello where nobody can be asked, and a name where one is given", async () => {
    await meshc.run("init", "demo", "--name", "@me/other");
    expect(meshc.read("demo/names.txt")).toContain("Ada");
    expect(JSON.parse(meshc.read("demo/package.json"))).toMatchObject({ name: "@me/other" });
  });

  it("writes into a folder that holds nothing but a new repository", async () => {
    mkdirSync(at("demo/.git"), { recursive: true });
    expect(await meshc.run("init", "demo")).toMatchObject({ code: 0 });
    expect(existsSync(at("demo/main.mesh"))).toBe(true);
  });

  it("refuses a folder that holds something, and leaves it as it is", async () => {
    meshc.write("demo/notes.txt", "mine");
    const { code, err } = await meshc.run("init", "demo");
    expect(code).toBe(3);
    expect(err).toBe(
      "error: demo is not empty: it holds notes.txt.\n  help: A project is written to a new folder: `meshc init NAME` makes one.\n",
    );
    expect(readdirSync(at("demo"))).toEqual(["notes.txt"]);
    expect((await meshc.run("init")).err).toContain("This folder is not empty: it holds ");
  });

  it.each([
    [["demo", "--template", "helo"], "error: `--template` cannot be `helo`.\n  help: Did you mean `hello`?\n"],
    [["demo", "--name", "My App"], "error: `My App` cannot be the name of a package.\n  help: It takes small letters"],
    [["demo", "--name", "..//x"], "error: `..//x` cannot be the name of a package."],
    [["a", "b"], "error: `b` is one argument too many for `meshc init`."],
  ])("refuses %j", async (args, message) => {
    const { code, err } = await meshc.run("init", ...args);
    expect(err.startsWith(message), err).toBe(true);
    expect(code).toBe(2);
    expect(existsSync(at("demo"))).toBe(false);
  });

  it("says why a folder cannot be made, and leaves nothing", async () => {
    meshc.write("file", "no folder");
    const { code, err } = await meshc.run("init", "file/demo");
    expect(code).toBe(3);
    expect(err).toMatch(/^error: file\/demo .*a part of the path is not a folder\.\n/);
  });

  it("writes all files or none", () => {
    mkdirSync(at("there"));
    const files = [
      { path: "a.txt", content: "a" },
      // The same name as a file and as a folder: the second cannot be written.
      { path: "a.txt/b.txt", content: "b" },
    ];
    expect(() => writeProject(at("there"), files, "there")).toThrow("there cannot be written: ");
    expect(readdirSync(at("there"))).toEqual([]);
    expect(() => writeProject(at("new/deep"), files, "new/deep")).toThrow("new/deep cannot be written: ");
    expect(existsSync(at("new"))).toBe(false);
  });

  it("puts names only into text", () => {
    const files = templateFiles("voice", { name: "x", version: "1.2.3" });
    const sound = files.find(({ path }) => path === "question.wav");
    expect(sound?.content).toBeInstanceOf(Uint8Array);
    expect(files.find(({ path }) => path === "package.json")?.content).toContain('"pipeline-mesh": "^1.2.3"');
  });
});

describe("meshc init in a terminal", () => {
  function ioOf(): { io: Io; said: () => string } {
    let text = "";
    const output: Output = {
      write: (more) => void (text += more),
      isTTY: true,
      columns: 80,
      rows: 24,
      style: style({ color: false, hyperlinks: false }),
      flushed: () => Promise.resolve(),
    };
    const io = { out: output, err: output, cwd: meshc.folder, env: {}, onInterrupt: () => () => undefined };
    return { io, said: () => text };
  }

  const answering = (...answers: (string | undefined)[]): Questions & { readonly asked: string[] } => {
    const asked: string[] = [];
    return {
      asked,
      ask: (question) => Promise.resolve((asked.push(question), answers.shift())),
      close: () => undefined,
    };
  };
  const request = { folder: "demo", template: undefined, name: undefined };

  it("asks for what no option says, and again where an answer will not do", async () => {
    const { io, said } = ioOf();
    const questions = answering("7", "brwser", "batch", "Not This", "this");
    expect(await initProject(request, io, questions)).toBe(0);
    expect(said()).toContain("  3  batch    requests and responses");
    expect(said()).toContain("There is no template `brwser`. Did you mean browser?");
    expect(said()).toContain("`Not This` cannot be the name of a package.");
    expect(JSON.parse(meshc.read("demo/package.json"))).toMatchObject({ name: "this" });
    expect(meshc.read("demo/main.mesh")).toContain("batch node");
  });

  it("takes what is offered for an empty answer, and asks only what is open", async () => {
    const questions = answering("");
    expect(await initProject({ ...request, template: "voice" }, ioOf().io, questions)).toBe(0);
    expect(questions.asked).toEqual(["What is it called? (demo) "]);
    expect(existsSync(at("demo/question.wav"))).toBe(true);
  });

  it.each([[[undefined]], [["hello", undefined]]])(
    "leaves nothing when it is interrupted after %j",
    async (answers) => {
      const { io, said } = ioOf();
      expect(await initProject(request, io, answering(...answers))).toBe(130);
      expect(said()).toContain("Nothing has been written.");
      expect(existsSync(at("demo"))).toBe(false);
    },
  );

  it("reads lines, and takes the end of the input for enough", async () => {
    const input = new PassThrough();
    const questions = questionsOver(input, new PassThrough());
    const first = questions.ask("? ");
    input.write(" one \n");
    expect(await first).toBe("one");
    const second = questions.ask("? ");
    input.end();
    expect(await second).toBeUndefined();
    expect(await questions.ask("? ")).toBeUndefined();
    questions.close();
  });
});
