import { expect, it } from "vitest";
import { defineNode } from "../../../runtime/interface/node.ts";
import { meshRun } from "../../support/mesh-run.ts";

const wide = 40;

/** A pipeline with so many inputs, remotes and outputs that each wait for something. */
const program = (): string => {
  const all = Array.from({ length: wide }, (_, index) => index);
  return `
node Pass { in text
 out text
 from "./x.ts" }
interface Step { in x: text
 out y: text }
pipeline Far: Step { in x: text
 out y: text
 x -> Pass() -> y }
pipeline P {
 ${all.map((index) => `in a${index}: text\n out b${index}: text\n remote r${index}: Step { at Far() }`).join("\n ")}
 ${all.map((index) => `a${index} -> r${index} -> b${index}`).join("\n ")} }
`;
};

it("puts no crowd of listeners on a signal, however many ports and remotes wait, and stops them all", async () => {
  const warned: Error[] = [];
  const onWarning = (warning: Error): void => void warned.push(warning);
  process.on("warning", onWarning);
  try {
    const pass = defineNode({ sync: true, open: () => ({ map: (payload) => payload }) });
    const run = await meshRun(program(), { Pass: pass });
    const waits: AbortSignal[] = [];
    const blocked = {
      writable: false,
      ready: (signal?: AbortSignal) =>
        new Promise<void>((_, reject) => {
          if (signal === undefined) return;
          waits.push(signal);
          signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
        }),
      send: () => undefined,
      end: () => undefined,
      abort: () => undefined,
    };
    const outputs = Object.fromEntries(
      Array.from({ length: wide }, (_, index) => [
        `b${index}`,
        { type: { kind: "scalar", name: "text" } as const, link: blocked },
      ]),
    );
    const { session, send } = await run.open("P", { outputs });
    for (let index = 0; index < wide; index += 1) await send(`a${index}`, "x");
    await run.clock.settle();
    expect(waits).toHaveLength(wide);
    await run.clock.until(session.close());
    expect(waits.every((signal) => signal.aborted)).toBe(true);
    await run.clock.until(run.mesh.close());
    expect(run.clock.pending).toBe(0);
    // Warnings are told a turn later.
    await run.clock.settle();
    expect(warned.map((warning) => warning.name)).toEqual([]);
  } finally {
    process.off("warning", onWarning);
  }
});
