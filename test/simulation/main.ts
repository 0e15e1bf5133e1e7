/**
 * Lives, one after the other, in a process of its own (`runner.ts`): prints a line of JSON for each. Arguments: the first seed, the step to
 * the next, how many, and which faults of the scenarios happen, by their indexes; all where that is left out. With `shrink` in place of the
 * step, the seed alone, with fewer and fewer faults as long as it fails.
 */
import { life, type Outcome } from "./life.ts";
import { scenarioOf, type Scenario } from "./scenario.ts";
import { joinSignals } from "./signals.ts";

joinSignals();

let unhandled: string | undefined;
process.on("unhandledRejection", (reason) => {
  unhandled ??= reason instanceof Error ? (reason.stack ?? reason.message) : String(reason);
});

/** @param kept indexes of the faults that happen */
async function live(scenario: Scenario, kept: readonly number[]): Promise<Outcome> {
  const outcome = await life({ ...scenario, faults: scenario.faults.filter((_, index) => kept.includes(index)) });
  // What nobody caught is told after a turn of the real event loop.
  await new Promise((resolve) => setImmediate(resolve));
  const uncaught = unhandled;
  unhandled = undefined;
  if (uncaught === undefined) return outcome;
  return { ...outcome, broken: [...outcome.broken, `an error that nobody caught: ${uncaught}`] };
}

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function shrink(scenario: Scenario): Promise<void> {
  let kept = scenario.faults.map((_, index) => index);
  for (let at = 0; at < kept.length;) {
    const fewer = kept.filter((_, index) => index !== at);
    const { broken } = await live(scenario, fewer);
    if (broken.length > 0) kept = fewer;
    else at += 1;
  }
  say({ seed: scenario.seed, kept, ...(await live(scenario, kept)) });
}

const [first = "1", step = "1", count = "1", faults] = process.argv.slice(2);
// Errors are made in numbers, and nobody looks where: who wants to know repeats the one seed.
Error.stackTraceLimit = Number(count) > 1 ? 0 : 4;
if (step === "shrink") await shrink(scenarioOf(Number(first)));
else {
  for (let index = 0; index < Number(count); index += 1) {
    const scenario = scenarioOf(Number(first) + index * Number(step));
    const all = scenario.faults.map((_, at) => at);
    const kept = faults === undefined ? all : faults.split(",").map(Number);
    say({ seed: scenario.seed, ...(await live(scenario, kept)) });
  }
}
