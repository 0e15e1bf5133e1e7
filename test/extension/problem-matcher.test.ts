import { describe, expect, it } from "vitest";
import tasks from "../../compiler/cli/init/templates/common/_vscode/tasks.json" with { type: "json" };
import manifest from "../../vscode-extension/package.json" with { type: "json" };
import { readTask, taskWords } from "../../vscode-extension/core/task-words.ts";
import { commandLine } from "../compiler/support/command-line.ts";

const [once, watching] = manifest.contributes.problemMatchers;

/** Reads lines as an editor does: the patterns of a matcher follow each other on consecutive lines. */
function problemsIn(text: string): string[] {
  const [head, place] = once?.pattern?.map(({ regexp }) => new RegExp(regexp)) ?? [];
  const lines = text.split("\n");
  return lines.flatMap((line, index) => {
    const [, severity, code, message] = head?.exec(line) ?? [];
    const [, file, row, column] = place?.exec(lines[index + 1] ?? "") ?? [];
    return message === undefined || file === undefined ? [] : [[severity, code, file, row, column, message].join("|")];
  });
}

const broken = `record R { a: txt }
pipeline P {
  in  line: text
  out answer: int
  line -> answer
}
pipeline Twice { in line: text
  out answer: text
  line -> nowhere
}
`;

describe("the problem matcher", () => {
  it("finds in what check prints just what it tells as JSON", async () => {
    using line = commandLine();
    line.write("main.mesh", broken);
    line.write("deep/other.mesh", "record S { b: wrld }\n");
    const { out: json } = await line.run("check", "--format", "json");
    const wanted = (JSON.parse(json) as Told[]).map(({ severity, code, file, range: { start }, message }) =>
      [severity, code, file, start.line + 1, start.character + 1, message].join("|"),
    );
    expect(wanted.length).toBeGreaterThan(3);
    const checked = await line.run("check");
    expect(problemsIn(checked.err + checked.out).toSorted()).toEqual(wanted.toSorted());
  });

  it("knows when a watch begins and ends a round", async () => {
    using line = commandLine();
    line.write("main.mesh", broken);
    const { beginsPattern = "", endsPattern = "" } = watching?.background ?? {};
    const watch = line.start("check", "--watch");
    // Both are plain text, so that what is awaited is what an editor looks for.
    await watch.said(beginsPattern);
    await watch.said(endsPattern);
    watch.interrupt();
    expect(await watch.ended).toBe(1);
    expect(watching?.base).toBe(`$${once?.name}`);
  });

  it("is that of the projects that init writes", () => {
    const [task] = tasks.tasks;
    expect(task?.problemMatcher.pattern).toEqual(once?.pattern);
    expect(task?.problemMatcher.background).toEqual(watching?.background);
  });
});

interface Told {
  readonly severity: string;
  readonly code: string;
  readonly file: string;
  readonly range: { readonly start: { readonly line: number; readonly character: number } };
  readonly message: string;
}

describe("a task", () => {
  it("is read from what a user has written, and nothing else is taken for one", () => {
    expect(readTask({ type: "mesh", command: "build", file: "a.mesh" })).toEqual({ command: "build", file: "a.mesh" });
    expect(readTask({ type: "mesh", command: "check", file: 7 })).toEqual({ command: "check" });
    expect(readTask({ type: "mesh", command: "rm -rf" })).toBeUndefined();
  });

  it("has the words of the command line", () => {
    expect(taskWords({ command: "watch", file: "a.mesh" })).toEqual({
      words: ["check", "a.mesh", "--watch"],
      matcher: "$meshc-watch",
    });
    expect(taskWords({ command: "build" })).toEqual({ words: ["build"], matcher: "$meshc" });
  });
});
