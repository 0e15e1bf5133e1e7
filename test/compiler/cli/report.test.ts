import { describe, expect, it } from "vitest";
import { CommandError, exitCode } from "../../../compiler/cli/exit-code.ts";
import type { Io } from "../../../compiler/cli/io.ts";
import { exitCodeOf, report } from "../../../compiler/cli/report.ts";
import { style } from "../../../compiler/diagnostics/style.ts";
import { HostError } from "../../../compiler/host/host.ts";
import { errorCodes, MeshError, type ErrorCode } from "../../../runtime/interface/errors.ts";

const atOnce = Promise.resolve();

function told(error: unknown, env: Io["env"] = {}, color = false): { code: number; text: string } {
  let text = "";
  const output: Io["err"] = {
    write: (more) => (text += more),
    isTTY: color,
    columns: 80,
    rows: 24,
    style: style({ color, hyperlinks: false }),
    flushed: () => atOnce,
  };
  const code = report(error, { out: output, err: output, cwd: "/", env, onInterrupt: () => () => undefined });
  return { code, text };
}

describe("what went wrong", () => {
  it("is told with the way out and without a stack", () => {
    expect(told(new CommandError(exitCode.wrongUsage, "No.", "Yes."))).toEqual({
      code: 2,
      text: "error: No.\n  help: Yes.\n",
    });
    expect(told(new CommandError(exitCode.environment, "No."))).toEqual({ code: 3, text: "error: No.\n" });
    expect(told(new HostError("The disk is full."))).toEqual({ code: 3, text: "error: The disk is full.\n" });
    expect(told(new MeshError("peer-lost", "It has gone.", { hint: "Look for it." }))).toEqual({
      code: 3,
      text: "error: It has gone.\n  help: Look for it.\n",
    });
  });

  it("moves no cursor, whoever has said it", () => {
    const refusal = new MeshError("access-denied", "\u001b[2JNo.\nNever.", { hint: "\u001b[31mGo." });
    expect(told(refusal).text).toBe("error: \u241b[2JNo.\nNever.\n  help: \u241b[31mGo.\n");
  });

  it("is coloured where colours are wanted", () => {
    expect(told(new HostError("Full."), {}, true).text).toBe(
      "\u001b[1m\u001b[31merror\u001b[39m\u001b[22m\u001b[1m: Full.\u001b[22m\n",
    );
  });

  it("is called a bug where it is ours, with the stack for those who ask", () => {
    const bug = new TypeError("x is not a function\nmore");
    expect(told(bug)).toEqual({
      code: 70,
      text: "error: This is a bug in meshc: x is not a function\n  help: Run it again with MESHC_DEBUG=1 for the details to report.\n",
    });
    expect(told(bug, { MESHC_DEBUG: "1" }).text).toContain("\n    at ");
    expect(told(new MeshError("internal", "Broken invariant")).code).toBe(70);
    expect(told("a text that was thrown").text).toContain("This is a bug in meshc: a text that was thrown\n");
  });

  it("is not called our bug where the code of a node threw it", () => {
    const error = new Error("late");
    error.stack =
      "Error: late\n    at Timeout._onTimeout (data:text/javascript;base64,ZXhw:3:9)\n    at node:internal/timers:1";
    expect(told(error)).toEqual({
      code: 1,
      text: "error: The code of a node threw where nobody could catch it: late\n  help: Await in it what it starts.\n",
    });
  });
});

it("gives every error of the table an exit code", () => {
  const codes = Object.keys(errorCodes) as ErrorCode[];
  const of = (code: number): string[] => codes.filter((one) => exitCodeOf(one) === code);
  expect(of(1)).toEqual(["invalid-argument", "node-failed"]);
  expect(of(70)).toEqual(["internal"]);
  expect(of(3).length).toBe(codes.length - 3);
});
