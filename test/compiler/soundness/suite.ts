import * as fc from "fast-check";
import { expect, it } from "vitest";
import { holdsFor, Statistics, subjects } from "./property.ts";
import { envNumber } from "../../support/env-number.ts";

/** Programs of one part of the suite; both together are what `npm test` runs. */
const defaultRuns = 10_000;

/** A long run tells how far it has come. */
const progressEvery = 20_000;

/** A long run with as many is over: they are all of one kind. */
const mostFailures = 20;

/** Below so many programs some rare forms may be missing by chance. */
const runsForCoverage = 5_000;

/** Every form of a type and of a flow that the generator makes. */
const features: readonly string[] = [
  ...[
    "audio codec",
    "audio rate",
    "audio channels",
    "video codec",
    "video size",
    "video fps",
    "tensor element",
  ].flatMap((dim) => ["value", "alternatives", "variable", "parameter"].map((form) => `${dim}: ${form}`)),
  ...["audio rate", "audio channels", "video size", "video fps"].flatMap((dim) =>
    ["range from to", "range from", "range to"].map((form) => `${dim}: ${form}`),
  ),
  ...["tensor side: value", "tensor side: variable", "tensor side: parameter", "shape", "bound of a variable"],
  ...["text", "bytes", "json", "bool"].map((name) => `scalar ${name}`),
  ...["int", "float", "duration", "frequency", "size", "bitrate", "framerate", "resolution", "decibel"].flatMap(
    (name) => [`scalar ${name}`, `${name} in a range`],
  ),
  ...["percentage", "channels", "version"].flatMap((name) => [`scalar ${name}`, `${name} in a range`]),
  ...["matches", "enum", "record", "list", "map", "optional", "optional field", "field with default"],
  ...["signal", "optional port", "join index", "join latest", "join time", "converts", "delays", "second file"],
  ...["parameter with default", "parameter without default", "argument: a parameter", "argument: a value"],
  ...["->", "~>", "let", "inline", "inlined pipeline", "fan-out", "merge", "route", "flush", "options of a link"],
  ...["round_robin", "fastest", "least_loaded", "adaptive"].map((policy) => `any(${policy})`),
  ...["conformance", "peer", "remote", "fallback", "target: peer", "target: local", "target: uri"],
  ...["inserted converter", "several inserted converters", "open cell", "open remote", "cell of a parameter"],
  ...["record through a border"],
];

/** The suite, or a part of it with programs of its own. */
export function soundness(part: number): void {
  const isLong = process.env["MESH_SOUNDNESS_RUNS"] !== undefined;
  const runs = envNumber("MESH_SOUNDNESS_RUNS", defaultRuns);
  const seed = envNumber("MESH_SOUNDNESS_SEED", 20_261_128) + part;
  it(
    `no frame arrives that its input does not declare, nor does one change go unnoticed: ${runs} programs from seed ${seed}`,
    async () => {
      const seen = new Statistics();
      if (isLong) await longRun(part, { runs, seed, seen });
      else
        await fc.assert(
          fc.asyncProperty(subjects, (subject) => holdsFor(subject, seen)),
          { numRuns: runs, seed },
        );
      if (runs < runsForCoverage) return;
      expect(seen.accepted / seen.programs).toBeGreaterThan(0.3);
      expect(features.filter((one) => (seen.coverage.counts.get(one) ?? 0) === 0)).toEqual([]);
      for (const one of ["inserted converter", "open cell", "open remote", "remote"]) {
        expect(seen.coverage.counts.get(one) ?? 0, one).toBeGreaterThan(seen.accepted / 100);
      }
      expect(seen.expected).toBeGreaterThan(seen.accepted);
      const { changes } = seen;
      const { arrowsElsewhere, ...common } = changes;
      expect(arrowsElsewhere).toBeLessThan(common.arrowsRefused);
      for (const count of Object.values(common)) expect(count).toBeGreaterThan(runs / 500);
    },
    Math.max(60_000, runs * 100),
  );
}

interface LongRun {
  readonly runs: number;
  readonly seed: number;
  readonly seen: Statistics;
}

/**
 * Tells of each failure as soon as it is found, and looks for more: to find the next one takes an hour, to shrink one longer
 * than to look for it again from the seed and path that are printed.
 */
async function longRun(part: number, { runs, seed, seen }: LongRun): Promise<void> {
  let failures = 0;
  const say = (text: string): boolean => process.stdout.write(`part ${part}${text}\n`);
  const property = fc.asyncProperty(subjects, async (subject) => {
    try {
      await holdsFor(subject, seen);
    } catch (error) {
      failures += 1;
      const why = error instanceof Error ? error.message : String(error);
      say(` failed: ${why}\n{ seed: ${seed}, path: "${seen.programs - 1}" }\n${fc.stringify(subject)}`);
      if (failures === mostFailures) throw error;
    }
    if (seen.programs % progressEvery === 0) say(`: ${seen.toString()}`);
  });
  const { failed } = await fc.check(property, { numRuns: runs, seed, endOnFailure: true });
  say(`, in all: ${seen.toString()}; ${failures} failed`);
  if (failed || failures > 0)
    throw new Error(`${failures} of ${seen.programs} programs failed; they are told of above`);
}
