import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Workspace } from "../../../compiler/check/workspace.ts";
import { hasErrors } from "../../../compiler/diagnostics/diagnostic.ts";
import { memoryHost } from "../../../compiler/host/memory.ts";
import { lower } from "../../../compiler/plan/lower.ts";
import { envNumber } from "../../support/env-number.ts";
import { standard } from "../support/marked.ts";
import { edit, fileState, pathOf, textOf, type FileState } from "../support/project.ts";

/** A long run is asked for as `MESH_RUNS=5000`. */
const numRuns = envNumber("MESH_RUNS", 12);

/** Programs start in these files, which are always there. */
const roots = [0, 1, 2];

function filesOf(states: readonly FileState[]): Record<string, string> {
  const there = states.flatMap((one, file) => (one.exists || roots.includes(file) ? [file] : []));
  return Object.fromEntries(there.map((file) => [pathOf(file), textOf(file, states)]));
}

function workspaceOf(files: Readonly<Record<string, string>>): Workspace {
  const workspace = new Workspace(memoryHost(files, standard));
  for (const root of roots) workspace.add(pathOf(root));
  return workspace;
}

/** Everything that a workspace says, so that two can be compared. */
function saidBy(workspace: Workspace): unknown {
  const programs = workspace.roots.map((root) => workspace.program(root));
  return {
    all: workspace.diagnostics(),
    programs: programs.map((one) => one.diagnostics),
    plans: programs.map((one) => (hasErrors(one.diagnostics) ? undefined : lower(one, "test"))),
  };
}

describe("after a change", () => {
  it("all is as if everything had been checked anew", () => {
    let whole = 0;
    let broken = 0;
    fc.assert(
      fc.property(
        fc.array(fileState, { minLength: 6, maxLength: 6 }),
        fc.array(edit, { minLength: 1, maxLength: 12 }),
        (start, edits) => {
          let states: readonly FileState[] = start;
          const workspace = workspaceOf(filesOf(states));
          workspace.diagnostics();
          for (const [count, { file, change }] of edits.entries()) {
            // The work behind some or all files is let go of in between.
            const open = new Set(roots.slice(count % 4).map(pathOf));
            for (const _ of workspace.resting(open));
            const before = filesOf(states);
            states = states.map((one, index) => (index === file ? { ...one, ...change } : one));
            const after = filesOf(states);
            for (const path of new Set([...Object.keys(before), ...Object.keys(after)])) {
              if (before[path] !== after[path]) workspace.update(path, after[path] ?? null);
            }
            const said = saidBy(workspace);
            expect(said).toEqual(saidBy(workspaceOf(after)));
            if (hasErrors(workspace.diagnostics())) broken += 1;
            else whole += 1;
          }
        },
      ),
      { numRuns },
    );
    // Both kinds of projects have been seen.
    expect(Math.min(whole, broken)).toBeGreaterThan(0);
  });

  it("all is so where the changes come while everything is checked for the first time", () => {
    let changedMeanwhile = 0;
    fc.assert(
      fc.property(
        fc.array(fileState, { minLength: 6, maxLength: 6 }),
        fc.array(fc.tuple(edit, fc.nat({ max: 12 })), { minLength: 1, maxLength: 6 }),
        fc.boolean(),
        (start, edits, asksBetween) => {
          let states: readonly FileState[] = start;
          const workspace = workspaceOf(filesOf(states));
          const open = new Set([pathOf(0)]);
          let isFirst = true;
          for (const [{ file, change }, steps] of edits) {
            for (let step = 0; step < steps && isFirst; step += 1) isFirst = workspace.step(open) !== undefined;
            if (isFirst) changedMeanwhile += 1;
            const before = filesOf(states);
            states = states.map((one, index) => (index === file ? { ...one, ...change } : one));
            const after = filesOf(states);
            for (const path of new Set([...Object.keys(before), ...Object.keys(after)])) {
              if (before[path] !== after[path]) workspace.update(path, after[path] ?? null);
            }
            if (!asksBetween) continue;
            const fresh = workspaceOf(after);
            expect(workspace.program(pathOf(0)).diagnostics).toEqual(fresh.program(pathOf(0)).diagnostics);
          }
          expect(saidBy(workspace)).toEqual(saidBy(workspaceOf(filesOf(states))));
        },
      ),
      { numRuns },
    );
    expect(changedMeanwhile).toBeGreaterThan(0);
  });
});

/** A file that two others use, one of them by way of the other. */
const project = {
  "types.mesh":
    'record Word { text: text }\nrecord Other { a: text }\nnode Private { in text\n out text\n from "./p.ts" }\n',
  "lib.mesh": `import { Word } from "./types.mesh"
node Say(loud: bool = false) { in text
  out Word
  latency 10ms }
pipeline Speak { in t: text
  out w: Word
  t -> Say() -> w }
peer box { runs Speak
  listens "webrtc://127.0.0.1:7443" }
`,
  "main.mesh": `import { Speak, Say } from "./lib.mesh"
import { Word } from "./types.mesh"
pipeline Main { in t: text
  out w: Word
  t -> Speak() -> w }
pipeline Second { in t: text
  out w: Word
  t -> Say(loud: true) -> w }
`,
  "apart.mesh": "pipeline Apart { in t: text\n out u: text\n t -> u }\n",
  "other.mesh": 'import { Other } from "./types.mesh"\nrecord Holds { other: Other }\n',
};

describe("a change makes checked again", () => {
  function changed(path: keyof typeof project, from: string, to: string): readonly string[] {
    const workspace = new Workspace(memoryHost(project, standard));
    for (const root of Object.keys(project)) workspace.add(root);
    expect(workspace.diagnostics()).toEqual([]);
    const text = project[path].replace(from, to);
    expect(text).not.toBe(project[path]);
    workspace.update(path, text);
    return [...workspace.checked].toSorted();
  }

  it.each([
    ["nothing where the text is the same", "types.mesh", "record Word", "record Word", []],
    ["the file, for a comment", "types.mesh", "record Word", "// what is said\nrecord Word", ["types.mesh"]],
    [
      "the file, for a comment in what others see",
      "types.mesh",
      "{ text: text }",
      "{ text: text } // said",
      ["types.mesh"],
    ],
    ["the file, for a blank line", "lib.mesh", "node Say", "\n\nnode Say", ["lib.mesh"]],
    [
      "the file, for the body of a pipeline that looks the same from outside",
      "lib.mesh",
      "t -> Say() -> w",
      "let s = Say()\n  t -> s -> w",
      ["lib.mesh"],
    ],
    [
      "the file, for a declaration that nobody imports",
      "types.mesh",
      "node Private { in text",
      "node Private { in json",
      ["types.mesh"],
    ],
    [
      "the file, for a new declaration",
      "types.mesh",
      "record Other",
      "record Third { a: text }\nrecord Other",
      ["types.mesh"],
    ],
    [
      "those that use what has changed",
      "types.mesh",
      "record Other { a: text",
      "record Other { b: text",
      ["other.mesh", "types.mesh"],
    ],
    [
      "those that use what is made of it, too",
      "types.mesh",
      "{ text: text }",
      "{ term: text }",
      ["lib.mesh", "main.mesh", "types.mesh"],
    ],
    [
      "those that use a pipeline that takes longer now",
      "lib.mesh",
      "latency 10ms",
      "latency 20ms",
      ["lib.mesh", "main.mesh"],
    ],
    [
      "those that use a pipeline with an input more",
      "lib.mesh",
      "pipeline Speak { in t: text",
      "pipeline Speak { in t: text\n  in s: signal",
      ["lib.mesh", "main.mesh"],
    ],
  ] as const)("%s", (_, path, from, to, checked) => {
    if (from === to) {
      const workspace = new Workspace(memoryHost(project, standard));
      workspace.add(path);
      workspace.diagnostics();
      workspace.update(path, project[path]);
      expect(workspace.checked).toEqual(checked);
      return;
    }
    expect(changed(path, from, to)).toEqual(checked);
  });

  it("those that could not be found before, and those whose import leads to nothing now", () => {
    const workspace = new Workspace(memoryHost(project, standard));
    workspace.add("main.mesh");
    workspace.add("other.mesh");
    workspace.diagnostics();
    workspace.update("types.mesh", null);
    expect(workspace.diagnostics().map((one) => one.code)).toEqual(["MESH2004", "MESH2004", "MESH2004"]);
    workspace.update("types.mesh", undefined);
    expect(workspace.diagnostics()).toEqual([]);
    expect([...workspace.checked].toSorted()).toEqual(["lib.mesh", "main.mesh", "other.mesh", "types.mesh"]);
  });

  it("a program that was asked for stays what it was", () => {
    const workspace = new Workspace(memoryHost(project, standard));
    const before = workspace.program("main.mesh");
    workspace.update("lib.mesh", "node Say { in text\n out text }\n");
    expect([...before.pipelines.keys()]).toEqual(["Main", "Second", "Speak"]);
    expect(workspace.diagnostics().map((one) => one.code)).toContain("MESH2005");
  });
});

describe("large programs", () => {
  it("with thousands of mistakes are checked in the time of their length", () => {
    const lines = Array.from(
      { length: 350 },
      (_, n) =>
        `node N_${n} { in text\n out Txet${n} }\npipeline P${n} { in t: text\n out u: text\n remote r: Talks { at "x" }\n t -> Nn${n}() -> u\n}\nnode M${n} { in in text }`,
    );
    const text = `interface Talks { in t: text\n out u: text }\n${lines.join("\n")}\n`;
    const workspace = new Workspace(memoryHost({ "main.mesh": text }, standard));
    workspace.add("main.mesh");
    expect(workspace.diagnostics().length).toBeGreaterThan(2000);
  });

  it("with long chains need no deep stack", () => {
    const chain = Array.from({ length: 1500 }, (_, n) => `  let s${n} = Say()`).join("\n");
    const flow = `  t -> ${Array.from({ length: 1500 }, (_, n) => `s${n}`).join("\n    -> ")}\n    -> u`;
    const calls = Array.from(
      { length: 1500 },
      (_, n) =>
        `pipeline C${n}: Talks { in t: text\n out u: text\n remote r: Talks { at "webrtc://far/x"\n else ${n === 1499 ? "Long" : `C${n + 1}`}() }\n t -> r -> u }`,
    );
    const text = `interface Talks { in t: text\n out u: text }\nnode Say { in text\n out text\n latency 1ms\n requires gpu }\npipeline Long: Talks { in t: text\n out u: text\n${chain}\n${flow}\n}\n${calls.join("\n")}\n`;
    const workspace = new Workspace(memoryHost({ "main.mesh": text }, standard));
    workspace.add("main.mesh");
    expect(workspace.diagnostics()).toEqual([]);
    workspace.prepare();
    workspace.update("main.mesh", `// longer\n${text}`);
    expect(workspace.diagnostics()).toEqual([]);
  });
});
