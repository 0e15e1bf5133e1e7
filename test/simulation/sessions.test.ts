import { describe, expect, it } from "vitest";
import { envNumber } from "../support/env-number.ts";
import { life } from "./world.ts";

const runs = envNumber("MESH_SIMULATION_RUNS", 150);
const first = envNumber("MESH_SIMULATION_SEED", 1);

describe("simulated", () => {
  it(`R8.2 R8.3 ${runs} lives of a session hold what is promised, whatever fails`, { timeout: 3_600_000 }, async () => {
    for (let seed = first; seed < first + runs; seed += 1) {
      const { broken, faults } = await life(seed);
      const again = `npm run simulate -- --runs 1 --seed ${seed}`;
      expect(broken, `seed ${seed}, ${JSON.stringify(faults)}; again: ${again}`).toEqual([]);
    }
  });

  it("is the same each time for the same seed", async () => {
    expect(await life(first)).toEqual(await life(first));
  });
});
