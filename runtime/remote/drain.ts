import { delay, type Clock } from "../interface/clock.ts";
import { withDeadline } from "../interface/deadline.ts";
import { MeshError } from "../interface/errors.ts";
import type { Attempt } from "./attempt.ts";

/** How long a session may be silent that is to give what it has taken, once its inputs have ended. */
const drainMs = 10_000;
/** Between two attempts to go on with it when its connection breaks meanwhile. */
const againAfterMs = 100;

export interface DrainInit {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Goes on over a new connection. @returns false when that is not to be */
  readonly goOn: (attempt: Attempt, signal: AbortSignal) => Promise<boolean>;
}

/**
 * Lets a session whose place another takes come to its end: its inputs end, and what it has taken comes out. Where it has no inputs there is
 * nothing to wait for.
 * @returns what it did not come to its end for; then what it still had is lost, as when a session fails
 */
export async function drain(attempt: Attempt, init: DrainInit): Promise<MeshError | undefined> {
  const { session, links } = attempt;
  const inputs = Object.values(session.inputs);
  const failure = inputs.length === 0 ? undefined : await ended(attempt, init);
  for (const link of links) link.fence();
  await session.close(new MeshError("cancelled", "An earlier target has taken its place."));
  return failure;
}

async function ended(attempt: Attempt, { clock, signal, goOn }: DrainInit): Promise<MeshError | undefined> {
  const { session, links, breaks } = attempt;
  const error = (): MeshError =>
    new MeshError(
      "deadline-exceeded",
      `Its inputs have ended, and for ${drainMs} ms it has given nothing and not ended.`,
    );
  try {
    return await withDeadline({ clock, afterMs: drainMs, signal, error }, async (within, extend) => {
      for (const link of links) link.leave(() => extend(drainMs, error));
      for (const input of Object.values(session.inputs)) input.end();
      for (;;) {
        const end = await Promise.race([session.closed, breaks.next.then(() => undefined)]);
        if (end !== undefined) return end.error;
        breaks.renew();
        while (!(await goOn(attempt, within).catch(() => false))) await delay(clock, againAfterMs, within);
      }
    });
  } catch (reason) {
    return MeshError.from(reason);
  }
}
