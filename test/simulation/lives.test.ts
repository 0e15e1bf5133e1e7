import { availableParallelism } from "node:os";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { planted, source } from "./planted.ts";
import { prepareLives, report, type LifeLine, type Lives } from "./runner.ts";

const runs = 2_000;

describe("the simulated control plane", () => {
  let lives: Lives;
  beforeAll(async () => {
    lives = await prepareLives();
  });
  afterAll(() => lives.close());

  const run = async (first: number, count: number, faults?: string): Promise<LifeLine[]> => {
    const lines: LifeLine[] = [];
    await lives.run({ first, count, faults, jobs: availableParallelism(), onLife: (line) => void lines.push(line) });
    return lines;
  };

  it(
    `R8.2 R8.3 R10.2 R12.1 holds what is promised in ${runs} lives, whatever fails`,
    { timeout: 600_000 },
    async () => {
      const lines = await run(1, runs);
      const failed = lines.filter(({ broken }) => broken.length > 0);
      expect(failed.map((line) => report(line, undefined)).join("\n"), "seeds that fail").toBe("");
      expect(lines.map(({ seed }) => seed).toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: runs }, (_, index) => index + 1),
      );
      // It is no life where nothing happens.
      expect(lines.reduce((sum, { frames }) => sum + frames, 0)).toBeGreaterThan(10 * runs);
    },
  );

  it("is the same each time for the same seed", async () => {
    const [first, again] = [await run(7, 4), await run(7, 4)];
    const inOrder = (lines: LifeLine[]): LifeLine[] => lines.toSorted((a, b) => a.seed - b.seed);
    expect(inOrder(first)).toEqual(inOrder(again));
  });

  it.each(planted)("has a place to plant: $what", ({ file, find }) => {
    // Text that has changed since would plant nothing, and nobody would look for it any more.
    expect(source(file).split(find)).toHaveLength(2);
  });

  it("goes on without those faults of a seed that are left out", async () => {
    const [calm] = await run(1, 1, "99");
    const [all] = await run(1, 1);
    expect(calm?.broken).toEqual([]);
    expect(calm?.events).not.toBe(all?.events);
  });
});
