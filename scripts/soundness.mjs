// `npm run soundness -- --runs 1000000`: the soundness properties over so many programs, in two workers, with what was seen.
import { spawn } from "node:child_process";
import { parseArgs } from "node:util";

const parts = ["soundness-1", "soundness-2"];

function given() {
  const options = {
    runs: { type: "string", default: "20000" },
    seed: { type: "string" },
    jobs: { type: "string", default: "2" },
  };
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    console.error(`error: ${error.message}`);
    return { runs: "", seed: undefined, jobs: "" };
  }
}

const values = given();
const runs = Number(values.runs);
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 30));
if (!Number.isInteger(runs) || runs < parts.length || !Number.isInteger(seed) || !["1", "2"].includes(values.jobs)) {
  console.error("usage: npm run soundness -- [--runs 20000] [--seed 7] [--jobs 1|2]");
  process.exit(2);
}
console.log(`${runs} programs from seed ${seed}`);
const vitest = ["node_modules/vitest/vitest.mjs", "run", "--project", "unit", `--maxWorkers=${values.jobs}`];
const child = spawn(process.execPath, [...vitest, ...parts.map((part) => `test/compiler/soundness/${part}.test.ts`)], {
  stdio: "inherit",
  env: {
    ...process.env,
    MESH_SOUNDNESS_RUNS: String(Math.ceil(runs / parts.length)),
    MESH_SOUNDNESS_SEED: String(seed),
  },
});
child.on("exit", (code) => process.exit(code ?? 1));
