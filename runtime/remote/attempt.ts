import type { Clock } from "../interface/clock.ts";
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
