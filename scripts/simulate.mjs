// `npm run simulate -- --runs 2000 --seed 1`: so many lives of a control plane with faults at any time, each from a seed of its own.
// What fails is told with the faults that are enough for it, and how to repeat it.
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { register } from "tsx/esm/api";

const usage =
  "usage: npm run simulate -- [--runs 2000] [--seed 1] [--jobs N] [--faults 0,2] [--failures 5] [--planted]";

function given() {
  const text = (value) => ({ type: "string", default: value });
  const options = {
    runs: text("2000"),
    seed: text("1"),
    jobs: text(String(availableParallelism())),
    failures: text("5"),
    faults: { type: "string" },
    planted: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  };
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    console.error(`error: ${error.message}`);
    return { runs: "" };
  }
}

const values = given();
if (values.help) {
  console.log(usage);
  process.exit(0);
}
const [runs, seed, jobs, failures] = [values.runs, values.seed, values.jobs, values.failures].map(Number);
const isList = values.faults === undefined || /^(?:\d+(?:,\d+)*)?$/.test(values.faults);
if (![runs, seed, jobs, failures].every((one) => Number.isSafeInteger(one) && one >= 1) || !isList) {
  console.error(usage);
  process.exit(2);
}
register();
const { prepareLives, report } = await import("../test/simulation/runner.ts");

if (values.planted) {
  const { find, planted } = await import("../test/simulation/planted.ts");
  let missed = 0;
  for (const one of planted) {
    const { lives: count, broken } = await find(one, { first: seed, most: runs, jobs });
    if (count === undefined) missed += 1;
    console.log(`${count === undefined ? `not found in ${runs} lives` : `found in life ${count}`}: ${one.what}`);
    if (broken !== "") console.log(`  ${broken}`);
  }
  console.log(`${planted.length - missed} of ${planted.length} planted mistakes found`);
  process.exit(missed > 0 ? 1 : 0);
}

const beganMs = performance.now();
const lives = await prepareLives();
const failed = [];
let [done, ms, frames, saidMs] = [0, 0, 0, performance.now()];
const state = () => {
  const seconds = (performance.now() - beganMs) / 1_000;
  const hours = (ms / 3_600_000).toFixed(1);
  return `${done} of ${runs} lives in ${seconds.toFixed(0)} s: ${hours} hours, ${frames} frames, ${failed.length} failures`;
};
console.log(`${runs} lives from seed ${seed}, ${jobs} at a time`);
process.once("SIGINT", () => {
  lives.close();
  process.exit(130);
});
try {
  await lives.run({
    first: seed,
    count: runs,
    jobs,
    faults: values.faults,
    onLife(line) {
      done += 1;
      ms += line.ms;
      frames += line.frames;
      if (line.broken.length > 0) failed.push(line);
      if (performance.now() - saidMs > 5_000) {
        saidMs = performance.now();
        console.log(state());
      }
      return failed.length < failures;
    },
  });
  for (const line of failed) {
    const kept = values.faults === undefined ? await lives.shrink(line.seed) : values.faults.split(",").map(Number);
    console.log(report(line, kept));
  }
} finally {
  lives.close();
}
console.log(state());
process.exitCode = failed.length > 0 ? 1 : 0;
