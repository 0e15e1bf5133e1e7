import { delay, type Clock } from "../interface/clock.ts";
import { withDeadline } from "../interface/deadline.ts";
import { MeshError } from "../interface/errors.ts";
import type { Frame } from "../interface/frame.ts";
import { goOn, type Attempt } from "./attempt.ts";
import { openTimeoutMs } from "./limits.ts";

/** How long a session may be silent that is to give what it has taken, once its inputs have ended. */
const drainMs = 10_000;
/** Between two attempts to go on with it when its connection breaks meanwhile. */
const againAfterMs = 100;
/** For how long that may hold up what comes in, because it has not confirmed all: another session is there for it. */
const holdsUpMs = 250;

export interface DrainInit {
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

type Unanswered = Readonly<Record<string, readonly Frame[]>>;

export interface Drain {
  /**
   * Resolves when another session may have the inputs: with what the old one has failed to confirm, by input, which is for the other one before
   * all that comes in later.
   */
  readonly handedOver: Promise<Unanswered>;
  /** Resolves when the old session is over: with what it did not come to its end for. Then what it had taken and not given is lost. */
  readonly over: Promise<MeshError | undefined>;
}

/**
 * Lets a session whose place another takes come to its end: it confirms what it was given, its inputs end, and what it has taken comes out.
 * Where it has no inputs there is nothing to wait for.
 */
export function drain(attempt: Attempt, init: DrainInit): Drain {
  let handOver: (unanswered: Unanswered) => void = () => undefined;
  const handedOver = new Promise<Unanswered>((resolve) => (handOver = resolve));
  return { handedOver, over: end(attempt, init, handOver) };
}

async function end(
  attempt: Attempt,
  init: DrainInit,
  handOver: (unanswered: Unanswered) => void,
): Promise<MeshError | undefined> {
  const { session, links } = attempt;
  const hasInputs = Object.keys(session.inputs).length > 0;
  const error = hasInputs ? await ended(attempt, init, () => handOver({})) : undefined;
  for (const link of links) link.fence();
  const freed = session.close(error ?? new MeshError("cancelled", "An earlier target has taken its place."));
  await session.closed;
  handOver(error === undefined ? {} : (session.unanswered?.() ?? {}));
  await freed;
  return error;
}

async function ended(
  attempt: Attempt,
  { clock, signal }: DrainInit,
  onConfirmed: () => void,
): Promise<MeshError | undefined> {
  const { session, links, breaks } = attempt;
  const error = (): MeshError =>
    new MeshError(
      "deadline-exceeded",
      `Another session has taken its place, and for ${drainMs} ms it has given nothing and not ended.`,
    );
  let isConfirmed = false;
  let isOver = false;
  void session.closed.then(() => (isOver = true));
  try {
    return await withDeadline({ clock, afterMs: drainMs, signal, error }, async (within, extend) => {
      for (const link of links) link.leave(() => extend(drainMs, error));
      const confirmed = (session.confirmed?.(within) ?? Promise.resolve()).then(() => {
        isConfirmed = true;
        onConfirmed();
        for (const input of Object.values(session.inputs)) input.end();
      });
      // It fails with the session, which tells why.
      confirmed.catch(() => undefined);
      for (;;) {
        const broke = breaks.next.then((why) => ({ error: why, broke: true }));
        const end = await Promise.race([session.closed, broke]);
        if (!("broke" in end)) return end.error;
        breaks.renew();
        const again = (): Promise<boolean> =>
          goOn(clock, attempt, within, isConfirmed ? openTimeoutMs : holdsUpMs).catch(() => false);
        while (!(await again())) {
          if (!isConfirmed || isOver) return end.error;
          await delay(clock, againAfterMs, within);
        }
      }
    });
  } catch (reason) {
    return MeshError.from(reason);
  }
}
