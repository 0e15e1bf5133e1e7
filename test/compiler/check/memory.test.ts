import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { Workspace } from "../../../compiler/check/workspace.ts";
import { memoryHost } from "../../../compiler/host/memory.ts";
import { standard } from "../support/marked.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** A turn of the event loop: what was looked at in this one is kept until its end. */
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

it("keeps nothing of the texts that a file had before, however often it is changed", async () => {
  const workspace = new Workspace(memoryHost({ "main.mesh": "record R { a: text }\n" }, standard));
  workspace.add("main.mesh");
  const before: WeakRef<object>[] = [];
  for (let count = 0; count < 10; count += 1) {
    // With and without a mistake, so that imports are looked at again as well.
    workspace.update("main.mesh", count % 2 === 0 ? `record R { a: text, b${count}: text }\n` : "record R { a: }\n");
    workspace.diagnostics();
    const parsed = workspace.parsed("main.mesh");
    if (parsed !== undefined) before.push(new WeakRef(parsed.source));
    await turn();
  }
  collect();
  await turn();
  // The last ones may still be what the present is held against.
  expect(before.filter((one) => one.deref() !== undefined).length).toBeLessThanOrEqual(3);
});

it("lets go of the work behind files that nobody looks into", async () => {
  const files = { "open.mesh": "record R { a: text }\n", "other.mesh": "record S { a: text }\n" };
  const workspace = new Workspace(memoryHost(files, standard));
  const workBehind = (path: string): WeakRef<object> => new WeakRef(workspace.program(path).program.root);
  for (const path of Object.keys(files)) workspace.add(path);
  workspace.diagnostics();
  const [open, other] = [workBehind("open.mesh"), workBehind("other.mesh")];
  for (const _ of workspace.resting(new Set(["open.mesh"])));
  await turn();
  collect();
  await turn();
  expect(other.deref()).toBeUndefined();
  expect(open.deref()).toBeDefined();
  expect(workspace.program("other.mesh").diagnostics).toEqual([]);
});
