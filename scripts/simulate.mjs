// `npm run simulate -- --runs 2000 --seed 1`: so many lives of a session with faults at any time, each from a seed of its own.
import { spawn } from "node:child_process";
import { parseArgs } from "node:util";

function given() {
  const options = { runs: { type: "string", default: "2000" }, seed: { type: "string", default: "1" } };
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    console.error(`error: ${error.message}`);
    return { runs: "", seed: "" };
  }
}

const values = given();
const [runs, seed] = [Number(values.runs), Number(values.seed)];
if (!Number.isInteger(runs) || runs < 1 || !Number.isInteger(seed) || seed < 1) {
  console.error("usage: npm run simulate -- [--runs 2000] [--seed 1]");
  process.exit(2);
}
console.log(`${runs} lives from seed ${seed}`);
const vitest = ["node_modules/vitest/vitest.mjs", "run", "--project", "unit", "test/simulation"];
const env = { ...process.env, MESH_SIMULATION_RUNS: String(runs), MESH_SIMULATION_SEED: String(seed) };
const child = spawn(process.execPath, vitest, { stdio: "inherit", env });
child.on("exit", (code) => process.exit(code ?? 1));
