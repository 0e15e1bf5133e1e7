import type { Place } from "../../source/source-file.ts";
import { timeText, type Recording } from "./recording.ts";
import type { Expectation, Scenario, WayEnd } from "./scenario.ts";
import { endKey } from "./staged-plan.ts";
import type { Seen } from "./watching.ts";

/** Something that has not come true. */
export interface Failure {
  readonly place: Place;
  readonly message: string;
  /** What was seen in its stead. */
  readonly notes: readonly string[];
  readonly hint: string | undefined;
}

type Of<K extends Expectation["kind"]> = Extract<Expectation, { kind: K }>;
/** What is wrong, and what there is to say of it. */
type Verdict = readonly [message: string, ...notes: string[]] | undefined;

/** True where a scenario has to be played a second time, with nothing done to the mesh, to be judged. */
export function needsUndisturbed({ expectations }: Scenario): boolean {
  return expectations.some(({ kind }) => kind === "loss" || kind === "duplicates");
}

/** @param undisturbed the same scenario, with nothing done to the mesh */
export function judge(scenario: Scenario, recording: Recording, undisturbed: Recording | undefined): Failure[] {
  const { failure } = recording;
  if (failure !== undefined) return [{ place: scenario.place, notes: [], ...failure }];
  const other = undisturbed?.failure;
  if (other !== undefined) {
    const message = `Without anything done to the mesh the scenario fails already: ${other.message}`;
    return [{ place: scenario.place, message, notes: [], hint: other.hint }];
  }
  return scenario.expectations.flatMap((one) => {
    const verdict = verdictOf(one, recording, undisturbed);
    if (verdict === undefined) return [];
    const [message, ...notes] = verdict;
    return [{ place: one.place, message, notes, hint: undefined }];
  });
}

function verdictOf(one: Expectation, recording: Recording, undisturbed: Recording | undefined): Verdict {
  switch (one.kind) {
    case "emits":
      return emits(one, recording);
    case "uses":
      return uses(one, recording);
    case "gap":
      return gap(one, recording);
    case "latency":
      return latency(one, recording);
    default:
      return lossOrDuplicates(one, recording, undisturbed);
  }
}

function emits({ port, count, fromMs, withinMs }: Of<"emits">, recording: Recording): Verdict {
  const untilMs = withinMs === undefined ? recording.endMs : fromMs + withinMs;
  const since = seenAt(recording, port).filter(({ atMs }) => atMs >= fromMs);
  const inTime = since.filter(({ atMs }) => atMs <= untilMs);
  const [first] = inTime;
  if (count === 0) {
    return (
      first && [`\`${port}\` gives a frame at ${timeText(first.atMs)}, and none is expected${span(fromMs, withinMs)}.`]
    );
  }
  if (inTime.length >= count) return undefined;
  const wanted = since[count - 1];
  const late = wanted === undefined ? [] : [`The ${ordinal(count)} comes at ${timeText(wanted.atMs)}.`];
  return [
    `\`${port}\` gives ${frames(inTime.length)}${span(fromMs, withinMs)}, and ${count} ${count === 1 ? "is" : "are"} expected.`,
    ...late,
  ];
}

function uses({ remote, targets, fromMs, withinMs }: Of<"uses">, recording: Recording): Verdict {
  const all = recording.targets.filter((one) => one.remote === remote);
  const untilMs = withinMs === undefined ? recording.endMs : fromMs + withinMs;
  // Without a time it is the end that counts.
  const lookedMs = withinMs === undefined ? untilMs : fromMs;
  const before = all.findLast(({ atMs }) => atMs <= lookedMs);
  const inTime = [
    ...(before === undefined ? [] : [before]),
    ...all.filter(({ atMs }) => atMs > lookedMs && atMs <= untilMs),
  ];
  if (inTime.some(({ target }) => targets.includes(target))) return undefined;
  const used = [...new Set(inTime.map(({ target }) => `\`${target}\``))].join(", then ") || "nothing";
  const later = all.find(({ atMs, target }) => atMs > untilMs && targets.includes(target));
  const late = later === undefined ? [] : [`It does from ${timeText(later.atMs)} on.`];
  const when = withinMs === undefined ? " in the end" : span(fromMs, withinMs);
  return [`\`${remote}\` uses ${used}${when}, and not \`${targets.join("` or `")}\`.`, ...late];
}

function gap({ port, limitMs, fromMs }: Of<"gap">, recording: Recording): Verdict {
  const seen = seenAt(recording, port);
  if (seen.length === 0) return [`\`${port}\` gives nothing at all.`];
  const times = seen.map(({ atMs }) => atMs);
  // As long as something is fed, something is to come out.
  const lastMs = recording.fedMs ?? recording.endMs;
  if (lastMs > (times.at(-1) ?? 0)) times.push(lastMs);
  let longest = { fromMs: 0, ms: 0 };
  for (let index = 1; index < times.length; index += 1) {
    const [from = 0, to = 0] = [times[index - 1], times[index]];
    if (to >= fromMs && to - from > longest.ms) longest = { fromMs: from, ms: to - from };
  }
  if (longest.ms <= limitMs) return undefined;
  return [
    `\`${port}\` is silent for ${timeText(longest.ms)}, from ${timeText(longest.fromMs)} on; ${timeText(limitMs)} are allowed.`,
  ];
}

function latency({ from, to, percentile, limitMs, fromMs }: Of<"latency">, recording: Recording): Verdict {
  const starts = firstByTime(recording.passed.get(endKey("from", from)) ?? []);
  const ends = (
    to.box === undefined ? seenAt(recording, to.port ?? "") : (recording.passed.get(endKey("to", to)) ?? [])
  ).filter(({ atMs }) => atMs >= fromMs);
  const taken = ends.flatMap(({ atMs, timestampUs }) => {
    const start = starts.findLast((one) => one.timestampUs <= timestampUs);
    return start === undefined || start.atMs > atMs ? [] : [atMs - start.atMs];
  });
  if (taken.length === 0)
    return [
      `Nothing has come from \`${nameOf(from)}\` to \`${nameOf(to)}\`, so nothing is known of how long that takes.`,
    ];
  const sorted = taken.toSorted((one, other) => one - other);
  // The nearest rank.
  const found = sorted[Math.max(0, Math.ceil(percentile * sorted.length) - 1)] ?? 0;
  if (found <= limitMs) return undefined;
  const [median = 0, most = 0] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted.at(-1)];
  return [
    `From \`${nameOf(from)}\` to \`${nameOf(to)}\` it takes ${timeText(found)}; ${timeText(limitMs)} are allowed.`,
    `Of ${frames(sorted.length)} the median is ${timeText(median)}, the most ${timeText(most)}.`,
  ];
}

/** A frame is known again by its media time. */
function lossOrDuplicates(
  { kind, port, fromMs }: Of<"loss" | "duplicates">,
  recording: Recording,
  undisturbed: Recording | undefined,
): Verdict {
  const [got, wanted] = [seenAt(recording, port), seenAt(undisturbed, port)].map(counts);
  if (got === undefined || wanted === undefined || wanted.size === 0)
    return [`\`${port}\` gives nothing, also with nothing done to the mesh.`];
  const [more, less] = kind === "loss" ? [wanted, got] : [got, wanted];
  // What was never given when nothing was done is new, not doubled.
  const known = [...more].filter(([time]) => kind === "loss" || less.has(time));
  const over = known
    .map(([time, count]) => [time, count - (less.get(time) ?? 0)] as const)
    .filter(([, count]) => count > 0);
  const total = over.reduce((sum, [, count]) => sum + count, 0);
  if (total === 0) return undefined;
  const [[first] = [0]] = over;
  const all = [...wanted.values()].reduce((sum, count) => sum + count, 0);
  const words =
    kind === "loss" ? `${total} of ${frames(all)} do not come out of` : `${frames(total)} come twice out of`;
  return [
    `${words} \`${port}\`${fromMs > 0 ? " that do when nothing is done to the mesh" : ""}.`,
    `The first is that of ${timeText(first / 1000)} of media time.`,
  ];
}

function seenAt(recording: Recording | undefined, port: string): readonly Seen[] {
  return recording?.outputs.get(port) ?? [];
}

/** When each frame came by first, in order of media time. */
function firstByTime(seen: readonly Seen[]): Seen[] {
  const first = new Map<number, Seen>();
  for (const one of seen) if (!first.has(one.timestampUs)) first.set(one.timestampUs, one);
  return [...first.values()].toSorted((one, other) => one.timestampUs - other.timestampUs);
}

function counts(seen: readonly Seen[]): Map<number, number> {
  const result = new Map<number, number>();
  for (const { timestampUs } of seen) result.set(timestampUs, (result.get(timestampUs) ?? 0) + 1);
  return result;
}

function nameOf({ box, port }: WayEnd): string {
  return [box, port].filter((one) => one !== undefined).join(".");
}

function frames(count: number): string {
  return `${count} frame${count === 1 ? "" : "s"}`;
}

function ordinal(count: number): string {
  const end = count % 100 > 10 && count % 100 < 14 ? "th" : (["th", "st", "nd", "rd"][count % 10] ?? "th");
  return `${count}${end}`;
}

function span(fromMs: number, withinMs: number | undefined): string {
  const since = fromMs === 0 ? "" : ` of ${timeText(fromMs)}`;
  if (withinMs !== undefined) return ` within ${timeText(withinMs)}${since}`;
  return fromMs === 0 ? "" : ` after ${timeText(fromMs)}`;
}
