import type { SessionDescription } from "../../runtime/interface/session.ts";

/** Frames a second of a stream, and what it has lost; over all sessions of its pipeline. */
export interface StreamRate {
  readonly framesPerSecond: number;
  readonly frames: number;
  readonly dropped: number;
  readonly queued: number;
  /** As it was negotiated. */
  readonly format: string;
}

/** What is known of the streams of one run. */
export interface Rates {
  /** By session and stream: what was counted when. */
  readonly counted: ReadonlyMap<string, { readonly frames: number; readonly atMs: number; readonly rate: number }>;
}

export const noRates: Rates = { counted: new Map() };

/** A rate follows what is measured within about so long. */
const settleMs = 750;

/**
 * The rates after another description of the sessions.
 * @param nowMs of a clock that only goes forward
 */
export function measure(before: Rates, sessions: Iterable<SessionDescription>, nowMs: number): Rates {
  const counted = new Map<string, { frames: number; atMs: number; rate: number }>();
  for (const session of withInner(sessions)) {
    for (const { name, frames } of session.streams) {
      const key = rateKey(session.id, name);
      const known = before.counted.get(key);
      if (known === undefined || nowMs <= known.atMs) {
        counted.set(key, { frames, atMs: nowMs, rate: known?.rate ?? 0 });
        continue;
      }
      const passedMs = nowMs - known.atMs;
      const now = (Math.max(0, frames - known.frames) * 1_000) / passedMs;
      const weight = 1 - Math.exp(-passedMs / settleMs);
      const rate = known.rate === 0 ? now : known.rate + (now - known.rate) * weight;
      // What has nearly come to rest is at rest.
      counted.set(key, { frames, atMs: nowMs, rate: rate < 0.05 ? 0 : rate });
    }
  }
  return { counted };
}

export function rateOf(rates: Rates, session: string, stream: string): number {
  return rates.counted.get(rateKey(session, stream))?.rate ?? 0;
}

function rateKey(session: string, stream: string): string {
  return `${session} ${stream}`;
}

/** Sessions with what is behind their remotes: the border to another peer, or a pipeline in the same process. */
export function* withInner(sessions: Iterable<SessionDescription>): Generator<SessionDescription, void, undefined> {
  for (const session of sessions) {
    yield session;
    yield* withInner(session.remotes.flatMap((one) => one.session ?? []));
  }
}

/** The streams of sessions of one pipeline, all of these together, by name. */
export function streamRates(rates: Rates, sessions: Iterable<SessionDescription>): ReadonlyMap<string, StreamRate> {
  const streams = new Map<string, StreamRate>();
  for (const session of sessions) {
    for (const { name, frames, dropped, queued, format } of session.streams) {
      const known = streams.get(name);
      streams.set(name, {
        framesPerSecond: (known?.framesPerSecond ?? 0) + rateOf(rates, session.id, name),
        frames: (known?.frames ?? 0) + frames,
        dropped: (known?.dropped ?? 0) + dropped,
        queued: (known?.queued ?? 0) + queued,
        format,
      });
    }
  }
  return streams;
}

/** `50/s`, `0.4/s`; nothing for what is at rest. */
export function rateText(framesPerSecond: number): string {
  if (framesPerSecond <= 0) return "";
  return framesPerSecond >= 10 ? `${Math.round(framesPerSecond)}/s` : `${framesPerSecond.toFixed(1)}/s`;
}
