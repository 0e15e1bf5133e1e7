import { describe, expect, it } from "vitest";
import { parseArguments, splitOnce } from "../../../compiler/cli/arguments.ts";
import type { CommandSpec } from "../../../compiler/cli/command.ts";
import { CommandError } from "../../../compiler/cli/exit-code.ts";

const spec: CommandSpec = {
  name: "play",
  summary: "Plays",
  usage: "FILE [options]",
  options: [
    { name: "loud", description: "loud" },
    { name: "speed", value: "SPEED", choices: ["slow", "fast"], description: "how fast" },
    { name: "to", value: "FILE", repeated: true, description: "where to" },
    { name: "seed", value: "N", description: "a number" },
  ],
  examples: [],
  positionals: [1, 2],
  completes: "files",
};

describe("arguments", () => {
  it("are read with values beside them or after an equals sign, in any order", () => {
    const args = parseArguments(["--to", "a", "song", "--loud", "--to=b=c", "--speed=slow", "-"], spec);
    expect(args.positionals).toEqual(["song", "-"]);
    expect(args.values("to")).toEqual(["a", "b=c"]);
    expect(args.value("to")).toBe("b=c");
    expect(args.value("speed")).toBe("slow");
    expect(args.has("loud")).toBe(true);
    expect(args.has("seed")).toBe(false);
    expect(args.value("seed")).toBeUndefined();
    expect(args.values("seed")).toEqual([]);
  });

  it("after two dashes are no options", () => {
    expect(parseArguments(["--", "--loud", "-x"], spec).positionals).toEqual(["--loud", "-x"]);
  });

  it("take a value that starts with a dash", () => {
    expect(parseArguments(["song", "--seed", "-1"], spec).value("seed")).toBe("-1");
  });

  it.each([
    [["song", "--luod"], "`meshc play` has no option `--luod`.", "Did you mean `--loud`?"],
    [["song", "--xyz=1"], "`meshc play` has no option `--xyz`.", "`meshc help play` lists the options."],
    [["song", "-l"], "`meshc play` has no option `-l`.", "`meshc help play` lists the options."],
    [["song", "--loud=yes"], "`--loud` takes no value.", "Leave `=yes` out."],
    [["song", "--seed"], "`--seed` needs a value: `--seed N`.", "`meshc help play` lists the options."],
    [["song", "--speed", "fats"], "`--speed` cannot be `fats`.", "Did you mean `fast`?"],
    [["song", "--speed", "7"], "`--speed` cannot be `7`.", "It takes slow or fast."],
    [["song", "--seed", "1", "--seed", "2"], "`--seed` is given twice.", "Give it once."],
    [[], "`meshc play` needs an argument.", "Usage: meshc play FILE [options]"],
    [["a", "b", "c"], "`c` is one argument too many for `meshc play`.", "Usage: meshc play FILE [options]"],
  ])("%j are refused with exit code 2", (given, message, hint) => {
    let thrown: unknown;
    try {
      parseArguments(given, spec);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(CommandError);
    expect(thrown).toMatchObject({ message, hint, exitCode: 2 });
  });
});

it("splits at the first separator", () => {
  expect(splitOnce("a=b=c", "=")).toEqual(["a", "b=c"]);
  expect(splitOnce("abc", "=")).toEqual(["abc", undefined]);
  expect(splitOnce("=", "=")).toEqual(["", ""]);
});
