// `npm run simulate -- --runs 2000 --seed 1`: so many lives of a control plane with faults at any time, each from a seed of its own.
// What fails is told with the faults that are enough for it, and how to repeat it.
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { register } from "tsx/esm/api";

const usage =
  "usage: npm run simulate -- [--runs 2000] [--from 1] [--jobs N] [--faults 0,2] [--failures 5] [--planted]";

function given() {
  const text = (value) => ({ type: "string", default: value });
  const options = {
    runs: text("2000"),
    from: text("1"),
    seed: { type: "string" },
    jobs: text(String(availableParallelism())),
    failures: text("5"),
    faults: { type: "string" },
    planted: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  };
  try {
    // A number below 0 is none, and no option either.
    const below = process.argv.slice(2).find((arg) => /^-\d/.test(arg));
    if (below !== undefined) refuse(`${below} is no number of lives, seeds or jobs: they count from 1 on`);
    return parseArgs({ options }).values;
  } catch (error) {
    return refuse(error.message);
  }
}

/** Says what is wrong with the arguments, and how they are to be. */
function refuse(why) {
  console.error(`error: ${why}`);
  console.error(usage);
  return process.exit(2);
}

const values = given();
if (values.help) {
  console.log(usage);
  process.exit(0);
}
/** A whole number from 1 on. */
function count(name) {
  const number = Number(values[name]);
  if (Number.isSafeInteger(number) && number >= 1) return number;
  return refuse(`--${name} is a whole number from 1 on, not ${JSON.stringify(values[name])}`);
}
const [runs, jobs, failures] = ["runs", "jobs", "failures"].map(count);
// `--seed` as in the words of a life that fails, `--from` where it goes on.
const seed = count(values.seed === undefined ? "from" : "seed");
if (values.faults !== undefined && !/^(?:\d+(?:,\d+)*)?$/.test(values.faults)) {
  refuse(`--faults is a list of indexes such as 0,2, not ${JSON.stringify(values.faults)}`);
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
/** All before this seed are done; of those behind it, which are. */
let next = seed;
const ahead = new Set();
/** How to go on from here another time. */
const rest = () => {
  const left = seed + runs - next;
  return left > 0 ? `go on with: npm run simulate -- --from ${next} --runs ${left}` : "";
};
let [done, ms, frames, saidMs] = [0, 0, 0, performance.now()];
const state = () => {
  const seconds = (performance.now() - beganMs) / 1_000;
  const hours = (ms / 3_600_000).toFixed(1);
  return `${done} of ${runs} lives in ${seconds.toFixed(0)} s: ${hours} hours, ${frames} frames, ${failed.length} failures`;
};
console.log(`${runs} lives from seed ${seed}, ${jobs} at a time`);
process.once("SIGINT", () => {
  lives.close();
  console.log(`${state()}\n${rest()}`);
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
      ahead.add(line.seed);
      while (ahead.delete(next)) next += 1;
      if (line.broken.length > 0) {
        failed.push(line);
        console.log(`seed ${line.seed} fails: ${line.broken[0]}`);
      }
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
if (next < seed + runs) console.log(rest());
process.exitCode = failed.length > 0 ? 1 : 0;
