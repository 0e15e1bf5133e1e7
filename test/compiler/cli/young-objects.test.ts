import { PerformanceObserver } from "node:perf_hooks";
import { getHeapSpaceStatistics } from "node:v8";
import { expect, it } from "vitest";
import { YoungObjects } from "../../../compiler/cli/lsp/young-objects.ts";

const youngSpace = () => getHeapSpaceStatistics().find((one) => one.space_name === "new_space");
const youngBytes = (): number => youngSpace()?.space_used_size ?? Number.NaN;

const objects = (): unknown[] => Array.from({ length: 1_000 }, (_, number) => ({ number }));

/** V8 gives young objects more room where many of them stay, as they do in a server that has just checked a project. */
function makeRoom(bytes: number): void {
  const kept: unknown[] = [];
  const room = (): number => youngBytes() + (youngSpace()?.space_available_size ?? Number.NaN);
  while (kept.length < 5_000 && room() < bytes) kept.push(objects());
}

/** Makes objects until so many bytes of young ones are there, of which nobody keeps any. */
function litter(bytes: number): number {
  // V8 may look through them in between, so that there are fewer than have been made.
  for (let round = 0; round < 1_000 && youngBytes() < bytes; round += 1) void objects();
  return youngBytes();
}

it("lets go of what an edit has left behind once nobody waits", async () => {
  makeRoom(12_000_000);
  const before = litter(6_000_000);
  expect(before).toBeGreaterThan(4_000_000);
  const after = await new Promise<number>((resolve) => {
    const observer = new PerformanceObserver(() => {
      observer.disconnect();
      resolve(youngBytes());
    });
    observer.observe({ entryTypes: ["gc"] });
    new YoungObjects().told();
  });
  expect(after).toBeLessThan(before / 2);
});
