import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { commands } from "../../../compiler/cli/commands.ts";
import { bash, fish, zsh } from "../../../compiler/cli/completion.ts";
import { commandLine } from "../support/command-line.ts";

/** What bash offers for the last of these words. */
function offered(words: readonly string[], cwd: string): string[] {
  const script = `${bash(commands)}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")})
COMP_CWORD=${words.length - 1}
_meshc
printf '%s\\n' "\${COMPREPLY[@]}"
`;
  const { status, stdout, stderr } = spawnSync("bash", ["--norc", "-c", script], { cwd, encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout.split("\n").filter((line) => line !== "");
}

describe("completion in bash", () => {
  it("offers commands, options, choices, files and words", () => {
    using cli = commandLine();
    cli.write("main.mesh", "");
    cli.write("main.txt", "");
    cli.write("my song.mesh", "");
    mkdirSync(join(cli.folder, "more"));
    const at = (...words: string[]): string[] => offered(["meshc", ...words], cli.folder);
    expect(at("ch")).toEqual(["check"]);
    expect(at("")).toEqual([...commands.map((command) => command.name), "--help", "--version"]);
    expect(at("run", "--p")).toEqual(["--peer", "--processes", "--pipeline", "--param"]);
    expect(at("run", "--format", "j")).toEqual(["json"]);
    expect(at("run", "m").toSorted()).toEqual(["main.mesh", "more", "my song.mesh"]);
    expect(at("help", "bu")).toEqual(["build"]);
    expect(at("completion", "")).toEqual(["bash", "zsh", "fish"]);
  });
});

describe("completion in other shells", () => {
  it("knows every command and option in zsh", () => {
    const script = zsh(commands);
    expect(script.startsWith("#compdef meshc\n")).toBe(true);
    for (const command of commands) {
      expect(script).toContain(`'${command.name}:${command.summary.replaceAll(/[\\[\]:]/g, String.raw`\$&`)}'`);
      for (const option of command.options) expect(script).toContain(`--${option.name}[`);
    }
    // Every option, choice and file name stands in quotes that are closed.
    expect((script.replaceAll(String.raw`'\''`, "").match(/'/g) ?? []).length % 2).toBe(0);
  });

  it("knows every command and option in fish", () => {
    const script = fish(commands);
    for (const command of commands) {
      expect(script).toContain(`complete -c meshc -n __fish_use_subcommand -a ${command.name} -d `);
      for (const option of command.options) {
        expect(script).toMatch(
          new RegExp(`^complete -c meshc -n '__fish_seen_subcommand_from ${command.name}' -l ${option.name}( |$)`, "m"),
        );
      }
    }
  });

  it("is printed by meshc completion", async () => {
    using cli = commandLine();
    expect(await cli.run("completion", "bash")).toEqual({ code: 0, out: bash(commands), err: "" });
    expect(await cli.run("completion", "zsh")).toEqual({ code: 0, out: zsh(commands), err: "" });
    expect(await cli.run("completion", "fish")).toEqual({ code: 0, out: fish(commands), err: "" });
    expect(await cli.run("completion", "tcsh")).toMatchObject({
      code: 2,
      err: "error: There is no completion for `tcsh`.\n  help: There is bash, zsh, fish.\n",
    });
  });
});
