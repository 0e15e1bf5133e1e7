import { type Features, featureCount } from "./cepstra.ts";

/**
 * How unlike two utterances are when their times are bent to fit (dynamic time warping, Sakoe and Chiba, 1978): the mean
 * distance along the best path, about 1 for the same words by the same voice and 5 for others; infinite for nothing.
 *
 * A path may stray from the diagonal by a fifth of the longer one's length, so that one phrase is not taken for part of another.
 */
export function unlikeness(a: Features, b: Features): number {
  if (a.steps === 0 || b.steps === 0) return Infinity;
  const reach = Math.max(10, Math.ceil(Math.max(a.steps, b.steps) / 5));
  let before = new Float64Array(b.steps + 1).fill(Infinity);
  let row = new Float64Array(b.steps + 1).fill(Infinity);
  before[0] = 0;
  for (let i = 1; i <= a.steps; i += 1) {
    row.fill(Infinity);
    const middle = (i * b.steps) / a.steps;
    const from = Math.max(1, Math.ceil(middle - reach));
    const to = Math.min(b.steps, Math.floor(middle + reach));
    for (let j = from; j <= to; j += 1) {
      const cost = distance(a, i - 1, b, j - 1);
      // A step along both counts twice, as the two steps do that it stands for.
      const diagonal = (before[j - 1] ?? Infinity) + 2 * cost;
      row[j] = Math.min(diagonal, (before[j] ?? Infinity) + cost, (row[j - 1] ?? Infinity) + cost);
    }
    [before, row] = [row, before];
  }
  return (before[b.steps] ?? Infinity) / (a.steps + b.steps);
}

function distance(a: Features, i: number, b: Features, j: number): number {
  let sum = 0;
  for (let index = 0; index < featureCount; index += 1) {
    const difference = (a.values[i * featureCount + index] ?? 0) - (b.values[j * featureCount + index] ?? 0);
    sum += difference * difference;
  }
  return Math.sqrt(sum);
}
