import type { Clock } from "../../../runtime/interface/clock.ts";
import { giveTime } from "../../../runtime/interface/time-given.ts";
import { CommandError, exitCode, type ExitCode } from "../exit-code.ts";
import type { Io } from "../io.ts";
import type { Parent } from "./child.ts";

/** What a process may take to end in good order; then it is left as it is. */
const graceMs = 500;

/** How a run is told to stop. One that has a session of its own ends with that, and does not wait for callers. */
export interface Stop {
  /** Aborts when the run is to end. */
  readonly signal: AbortSignal;
  /** Aborts when it is not to wait for callers any longer. */
  readonly atOnce: AbortSignal;
  /** Says for how long it may wait for callers; not at all until then. */
  waits(drainMs: number): void;
}

export interface StopInit {
  readonly clock: Clock;
  readonly onInterrupt: Io["onInterrupt"];
  readonly parent: Parent | undefined;
  /** Ends the process, whatever it does. */
  readonly exit: (code: ExitCode) => void;
}

/**
 * A terminal sends Ctrl-C to all processes, and tools such as npm pass it on to the one that they have started: what comes
 * so soon after the first is that one again.
 */
const sameMs = 250;

/**
 * Stops on Ctrl-C, and at once on the second. A child leaves Ctrl-C, which a terminal sends to all processes, to its parent, and
 * ends with it. What has not ended in good order soon after is left behind.
 */
export function stopSignal({ clock, onInterrupt, parent, exit }: StopInit): Stop {
  const [controller, atOnce] = [new AbortController(), new AbortController()];
  const interrupted = new CommandError(exitCode.interrupted, "Interrupted.");
  const endMs = parent === undefined ? graceMs * 2 : graceMs;
  const exitAfter = (ms: number): unknown => giveTime(clock, ms, () => exit(exitCode.interrupted));
  let [drainMs, stoppedUs] = [0, 0];
  const stop = (): void => {
    if (!controller.signal.aborted) {
      controller.abort(interrupted);
      stoppedUs = clock.nowUs();
      exitAfter(drainMs + endMs);
    } else if (!atOnce.signal.aborted && clock.nowUs() - stoppedUs > sameMs * 1_000) {
      atOnce.abort(interrupted);
      exitAfter(endMs);
    }
  };
  onInterrupt(parent === undefined ? stop : () => undefined);
  void parent?.stop.then(stop);
  void parent?.now.then(() => atOnce.abort(interrupted));
  return { signal: controller.signal, atOnce: atOnce.signal, waits: (ms) => (drainMs = ms) };
}
