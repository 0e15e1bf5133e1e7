import type { Clock } from "../interface/clock.ts";

/** The clock of a page or worker. */
export function browserClock(): Clock {
  // A page waits at least 4 ms for a timer; a message to itself takes a turn of the event loop.
  const turns = new MessageChannel();
  const waiting: ((() => void) | undefined)[] = [];
  turns.port1.addEventListener("message", () => waiting.shift()?.());
  turns.port1.start();
  return {
    nowUs: () => performance.now() * 1000,
    wallMs: () => Date.now(),
    schedule(delayMs, callback) {
      if (delayMs > 0) {
        const timer = setTimeout(callback, delayMs);
        return () => clearTimeout(timer);
      }
      let wanted: (() => void) | undefined = callback;
      waiting.push(() => wanted?.());
      turns.port2.postMessage(undefined);
      return () => (wanted = undefined);
    },
  };
}
