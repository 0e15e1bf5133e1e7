import { delay, type Clock } from "../interface/clock.ts";
import { withDeadline } from "../interface/deadline.ts";
import { MeshError } from "../interface/errors.ts";
import type { PipelineSession } from "../interface/session.ts";
import type { FencedLink } from "./fenced-link.ts";

/** A session that is open, and what it needs to go on. */
export interface Attempt {
  readonly session: PipelineSession;
  readonly links: readonly FencedLink[];
  readonly breaks: Breaks;
}

/** The next time that the connection of a session breaks which may go on over another. */
export class Breaks {
  next!: Promise<MeshError>;
  #happened: (error: MeshError) => void = () => undefined;

  constructor() {
    this.renew();
  }

  renew(): void {
    this.next = new Promise((resolve) => (this.#happened = resolve));
  }

  happened(error: MeshError): void {
    this.#happened(error);
  }
}

/**
 * Goes on with a session whose connection broke.
 * @returns false when the other peer has not kept the session
 * @throws {MeshError} `deadline-exceeded` after `afterMs`; why there is no other connection; the signal's reason
 */
export async function goOn(clock: Clock, { session }: Attempt, signal: AbortSignal, afterMs: number): Promise<boolean> {
  const error = (): MeshError =>
    new MeshError("deadline-exceeded", `The session did not go on within ${Math.round(afterMs)} ms.`);
  return withDeadline({ clock, afterMs, signal, error }, async (within) => (await session.resume?.(within)) ?? false);
}

/** Where a target may be had at several places, another one is tried beside the one that is broken after so long, in milliseconds. */
const elsewhereAfterMs = 100;

export interface GoOnInit {
  readonly clock: Clock;
  /** Its connection broke. */
  readonly held: Attempt;
  /** `open` may lead to another place. */
  readonly elsewhere: boolean;
  readonly limitMs: number;
  readonly signal: AbortSignal;
  /** Opens a session with the same target, unless the one that is held must not be replaced. */
  readonly open: (signal: AbortSignal) => Promise<Attempt>;
  /** Gets what comes too late. */
  readonly discard: (late: Attempt) => void;
}

/**
 * Goes on with the session where its peer has kept it, else opens another; beside each other where that may be somewhere else.
 * @throws {MeshError} why there is neither; the signal's reason
 */
export async function goOnOrOpen(init: GoOnInit): Promise<Attempt> {
  const { clock, held, elsewhere, limitMs, signal, open } = init;
  if (held.session.irreplaceable?.() === true) {
    if (await goOn(clock, held, signal, limitMs)) return held;
    throw new MeshError("peer-lost", "The session was not kept.");
  }
  if (!elsewhere) return (await goOn(clock, held, signal, limitMs)) ? held : open(signal);
  const over = new AbortController();
  const within = AbortSignal.any([signal, over.signal]);
  let isOver = false;
  const waited = delay(clock, elsewhereAfterMs, within);
  const again = goOn(clock, held, within, limitMs).then((goesOn) => {
    if (!goesOn) throw new MeshError("peer-lost", "The session was not kept.");
    return held;
  });
  // As soon as it is known that there is nothing to wait for.
  const other = Promise.race([waited, again.catch(() => undefined)]).then(async () => {
    within.throwIfAborted();
    const opened = await open(within);
    if (isOver) init.discard(opened);
    return opened;
  });
  try {
    return await Promise.any([again, other]);
  } catch (error) {
    signal.throwIfAborted();
    // The second says what is wrong now.
    throw error instanceof AggregateError ? (error.errors[1] ?? error) : error;
  } finally {
    isOver = true;
    over.abort(new MeshError("cancelled", "Another place was faster."));
    waited.catch(() => undefined);
  }
}
