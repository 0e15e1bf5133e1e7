import { describe, expect, it } from "vitest";
import { commands } from "../../../compiler/cli/commands.ts";
import { exitCode } from "../../../compiler/cli/exit-code.ts";
import { commandHelp, overview } from "../../../compiler/cli/help.ts";
import { style } from "../../../compiler/diagnostics/style.ts";
import { commandLine } from "../support/command-line.ts";

const plain = style({ color: false, hyperlinks: false });

describe("the overview", () => {
  it("names every command and every exit code", () => {
    const text = overview(commands, plain);
    for (const command of commands) expect(text).toContain(`  ${command.name.padEnd(10)}  ${command.summary}\n`);
    for (const code of Object.values(exitCode)) expect(text).toMatch(new RegExp(`^ +${code}  \\S`, "m"));
  });

  it("is what meshc prints when asked for help, and with exit code 2 when asked for nothing", async () => {
    using cli = commandLine();
    const text = overview(commands, plain);
    for (const args of [["--help"], ["-h"], ["help"]]) {
      expect(await cli.run(...args)).toEqual({ code: 0, out: text, err: "" });
    }
    expect(await cli.run()).toEqual({ code: 2, out: "", err: text });
  });

  it("uses bold type only where colours are wanted", () => {
    expect(overview(commands, plain)).not.toContain("\u001b");
    expect(overview(commands, style({ color: true, hyperlinks: false }))).toContain("\u001b[1mCommands:\u001b[22m");
  });
});

describe("the page of a command", () => {
  it.each(commands.map((command) => [command.name, command] as const))("%s", async (name, command) => {
    const page = commandHelp(command, 80, plain);
    expect(page).toMatch(new RegExp(`^meshc ${name}: `));
    for (const option of command.options) expect(page).toMatch(new RegExp(`^ {2}--${option.name}\\b.* {2}\\S`, "m"));
    for (const example of command.examples) {
      expect(example.line).toContain(`meshc ${name}`);
      expect(page).toContain(`  ${example.line}\n      ${example.does}\n`);
    }
    using cli = commandLine();
    for (const args of [
      ["help", name],
      [name, "--help"],
      [name, "-h"],
    ]) {
      expect(await cli.run(...args)).toEqual({ code: 0, out: page, err: "" });
    }
  });

  it.each([60, 80, 200])("is no wider than a terminal of %i columns, nor than 100", (columns) => {
    for (const command of commands) {
      const examples = new Set(command.examples.flatMap(({ line, does }) => [`  ${line}`, `      ${does}`]));
      const page = commandHelp(command, columns, plain).split("\n");
      const wide = page.filter((line) => !examples.has(line) && line.length > Math.min(100, columns));
      expect(wide, command.name).toEqual([]);
    }
  });
});

describe("a word that is no command", () => {
  it.each([
    [["chekc"], "error: `chekc` is no command of meshc.\n  help: Did you mean `meshc check`?\n"],
    [["help", "rn"], "error: `rn` is no command of meshc.\n  help: Did you mean `meshc run`?\n"],
    [["orchestrate"], "error: `orchestrate` is no command of meshc.\n  help: There are init, check, build, "],
  ])("%j ends with exit code 2 and what may have been meant", async (args, message) => {
    using cli = commandLine();
    const { code, out, err } = await cli.run(...args);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err.startsWith(message)).toBe(true);
  });
});

it("tells its version", async () => {
  using cli = commandLine();
  expect(await cli.run("--version")).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  expect(await cli.run("-V")).toEqual(await cli.run("--version"));
});
