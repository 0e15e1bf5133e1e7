import type { MeshEvent } from "../../../runtime/interface/events.ts";
import type { MeshError } from "../../../runtime/interface/errors.ts";

/** A frame that came out, and the instance of the pipeline on a worker that gave it. */
interface Got {
  readonly number: number;
  readonly instance: number;
  readonly atMs: number;
}

/** What one session of a client is to its producer and its consumer, which live as long as the process of the client. */
export interface Stream {
  readonly name: string;
  readonly client: string;
  /** What a worker has not confirmed is kept for the next: no worker has queues of its own that frames are lost with, and the policy lets it. */
  readonly keeps: boolean;
  /** When each frame was taken by the session; its index is its number. */
  readonly acceptedMs: number[];
  readonly got: Got[];
  readonly events: { readonly atMs: number; readonly event: MeshEvent }[];
  openedMs: number | undefined;
  /** The producer has ended it. */
  ended: boolean;
  /** How the session ended. */
  end: { readonly error: MeshError | undefined; readonly atMs: number } | undefined;
  /** The process of the client died: nobody may ask any more. */
  orphaned: boolean;
}

interface Instance {
  readonly worker: string;
  /** Of what it has seen: one stream, from a first frame on to the one before `next`. */
  stream: string | undefined;
  first: number;
  next: number | undefined;
}

/** Codes that a session may end with when the network and the machines fail. Others would mean that something is wrong here. */
const passing: ReadonlySet<string> = new Set([
  "peer-lost",
  "peer-unreachable",
  "deadline-exceeded",
  "targets-exhausted",
  "resource-exhausted",
  "pipeline-not-found",
]);

/**
 * The truth about frames (spec R8.2, R8.3): what producers were told was taken, what the pipelines on workers saw, what came out. Each
 * frame comes to some instance, and to each at most once and in order; nothing is lost or repeated within a session, whatever connections it
 * had; where a session was lost, answers of it may be, or come from the next one again, and not without an event.
 */
export class Streams {
  readonly all: Stream[] = [];
  readonly #nowMs: () => number;
  readonly #broken: (what: string) => void;
  readonly #instances: Instance[] = [];

  constructor(nowMs: () => number, broken: (what: string) => void) {
    this.#nowMs = nowMs;
    this.#broken = broken;
  }

  begin(name: string, client: string, keeps: boolean): Stream {
    const stream: Stream = {
      name,
      client,
      keeps,
      acceptedMs: [],
      got: [],
      events: [],
      openedMs: undefined,
      ended: false,
      end: undefined,
      orphaned: false,
    };
    this.all.push(stream);
    return stream;
  }

  /** An instance of the pipeline has begun on a worker. */
  instance(worker: string): number {
    this.#instances.push({ worker, stream: undefined, first: 0, next: undefined });
    return this.#instances.length - 1;
  }

  /** The frame that a producer sends next. */
  payload({ name, acceptedMs }: Stream): string {
    return `${name}:${acceptedMs.length}`;
  }

  /** The frame that `payload` told was taken. */
  accepted(stream: Stream): void {
    stream.acceptedMs.push(this.#nowMs());
  }

  /** After all. */
  notAccepted(stream: Stream): void {
    stream.acceptedMs.pop();
  }

  /** An instance has got a frame. */
  saw(index: number, payload: string): void {
    const instance = this.#instances[index] as Instance;
    const [stream = "", text] = payload.split(":");
    const number = Number(text);
    instance.stream ??= stream;
    if (instance.next === undefined) {
      instance.first = number;
      instance.next = number;
    }
    if (instance.stream !== stream || instance.next !== number) {
      this.#broken(
        `instance ${index} on ${instance.worker} gets ${payload} after ${instance.stream}:${instance.next - 1}`,
      );
    }
    instance.next = number + 1;
  }

  /** A consumer has got a frame. */
  got(stream: Stream, payload: string): void {
    const [text, instanceText] = payload.split("@");
    const [name, numberText] = (text ?? "").split(":");
    const one: Got = { number: Number(numberText), instance: Number(instanceText), atMs: this.#nowMs() };
    const last = stream.got.at(-1);
    stream.got.push(one);
    const what = `${payload} comes to ${stream.name}`;
    if (name !== stream.name || !(one.number < stream.acceptedMs.length)) this.#broken(`${what}, which never sent it`);
    if (stream.end !== undefined) this.#broken(`${what} after its end`);
    if (last === undefined) return;
    if (one.number <= last.number && one.instance === last.instance) this.#broken(`${what} after ${last.number}`);
    else if (one.instance === last.instance && one.number !== last.number + 1) {
      this.#broken(`${what} after ${last.number}: lost within a session`);
    }
    if (
      one.instance !== last.instance &&
      stream.got.some((earlier) => earlier !== one && earlier.instance === one.instance)
    ) {
      this.#broken(`${what}: instance ${one.instance} had been replaced by ${last.instance}`);
    }
  }

  /** Of the instances on a worker, those that have a stream that is not over. */
  closed(stream: Stream, error: MeshError | undefined): void {
    stream.end = { error, atMs: this.#nowMs() };
  }

  /** At the end. @param calm nothing went wrong in this life */
  judge(calm: boolean): void {
    for (const stream of this.all) this.#judge(stream, calm);
  }

  #judge(stream: Stream, calm: boolean): void {
    const { name, events, end, orphaned } = stream;
    const code = end?.error?.code;
    if (code !== undefined && !orphaned && !isPassing(end?.error))
      this.#broken(`${name} ends with ${String(end?.error)}`);
    if (calm && code !== undefined) this.#broken(`${name} ends with ${code}, and nothing went wrong`);
    // A loss is told: another session has taken the place of one that was, or could not.
    const losses = events.filter(({ event }, index) => {
      if (event.kind === "remote-failed") return true;
      return event.kind === "remote-connected" && event.back !== true && index > 0 && wasConnected(stream, index);
    });
    const gaps = gapsOf(stream);
    const repeats = stream.got.filter(
      ({ number }, index) => index > 0 && number <= (stream.got[index - 1] as Got).number,
    );
    if (repeats.length > losses.length) {
      const numbers = repeats.map(({ number, instance }) => `${number}@${instance}`).join(", ");
      this.#broken(`${name} gets frames again from ${numbers} on, and was told of ${losses.length} losses`);
    }
    if (gaps.length > losses.length) {
      this.#broken(
        `${name} has ${gaps.length} gaps (${gaps.map(textOf).join(", ")}), and was told of ${losses.length} losses`,
      );
    }
    if (calm && gaps.length + repeats.length > 0)
      this.#broken(`${name} has lost ${gaps.map(textOf).join(", ")}, and nothing went wrong`);
    for (const gap of gaps) this.#judgeGap(stream, gap);
  }

  /** What was taken when there was no session cannot have been lost with one. */
  #judgeGap({ name, keeps, acceptedMs, events }: Stream, { from, to, atMs }: Gap): void {
    const seen = this.#instances.filter(({ stream }) => stream === name);
    for (let number = from; keeps && number <= to; number += 1) {
      if (seen.some(({ first, next = 0 }) => first <= number && number < next)) continue;
      this.#broken(`${name} has lost ${number} on the way to all instances: they saw ${seen.map(seenOf).join(", ")}`);
      break;
    }
    const lostMs = lossesBefore(events, atMs);
    const lastMs = acceptedMs[to] as number;
    if (lostMs === undefined || lastMs > lostMs) {
      this.#broken(
        `${name} has lost ${from} to ${to}, taken at ${Math.round(lastMs)} ms, with the session that was lost at ${lostMs} ms`,
      );
    }
  }
}

interface Gap {
  readonly from: number;
  readonly to: number;
  /** When what follows has come, or the session ended. */
  readonly atMs: number;
}

function seenOf({ first, next = 0 }: Instance): string {
  return `${first} to ${next - 1}`;
}

function textOf({ from, to }: Gap): string {
  return from === to ? `${from}` : `${from} to ${to}`;
}

function gapsOf({ got, acceptedMs, end, ended, orphaned }: Stream): Gap[] {
  const gaps: Gap[] = [];
  let next = 0;
  for (const { number, atMs } of got) {
    if (number > next) gaps.push({ from: next, to: number - 1, atMs });
    next = Math.max(next, number + 1);
  }
  // What a session that fails as a whole has not given is told by that.
  const isWhole = ended && !orphaned && end !== undefined && end.error === undefined;
  if (isWhole && next < acceptedMs.length) gaps.push({ from: next, to: acceptedMs.length - 1, atMs: end.atMs });
  return gaps;
}

function wasConnected({ events }: Stream, before: number): boolean {
  return events.slice(0, before).some(({ event }) => event.kind === "remote-connected");
}

/** When the last session before a time was noticed to be lost. */
function lossesBefore(events: Stream["events"], atMs: number): number | undefined {
  let lost: number | undefined;
  let connected = false;
  for (const { event, atMs: whenMs } of events) {
    if (whenMs > atMs) break;
    if (event.kind === "remote-connected") connected = true;
    else if (event.kind === "remote-failed") lost = whenMs;
    else if (event.kind === "remote-connecting" && connected) {
      lost = whenMs;
      connected = false;
    }
  }
  return lost;
}

/** The end of a session that a pipeline had through a remote names the remote; what counts is why. */
export function isPassing(error: MeshError | undefined): boolean {
  return error === undefined || passing.has(error.code);
}
