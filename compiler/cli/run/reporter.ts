import { printable } from "../../diagnostics/text-width.ts";
import type { Io } from "../io.ts";
import { liveView, noticeText, painted, streamLines, summaryLine } from "./live-view.ts";
import type { RunMessage } from "./messages.ts";
import { advance, afterExit, initialState, type ViewState } from "./view-state.ts";

/** Where the messages of a run end up. */
export interface RunReporter {
  message(message: RunMessage, origin: string): void;
  /** The process of a peer has gone. */
  gone(peer: string, how: string, expected: boolean): void;
  /** What the run comes to; nothing may follow. */
  close(): void;
}

export interface ReporterInit {
  readonly io: Io;
  readonly title: string;
  readonly peers: readonly string[];
  /** Milliseconds since the start. */
  readonly elapsedMs: () => number;
}

/** One JSON object a line, for programs. */
export function jsonReporter({ io }: ReporterInit): RunReporter {
  return {
    message: (message) => io.out.write(`${JSON.stringify(message)}\n`),
    gone(peer, how, expected) {
      if (expected) return;
      const message: RunMessage = { type: "log", level: "error", message: `${peer} has gone: its process ${how}` };
      io.out.write(`${JSON.stringify(message)}\n`);
    },
    close: () => undefined,
  };
}

/** A line for everything that changes, then what it came to; for files, pipes and plain terminals. */
export function logReporter({ io, peers }: ReporterInit): RunReporter {
  const { style } = io.out;
  let state = initialState(peers);
  const say = (line: string): void => io.out.write(`${line}\n`);
  const update = (next: ViewState): void => {
    for (const peer of next.peers) {
      const before = state.peers.find((one) => one.name === peer.name);
      if (peer.state === "listening" && before?.state !== "listening") {
        say(`${peer.name} listens at ${peer.addresses.join(", ")}`);
      }
    }
    for (const { port, text } of fresh(state.outputs, next.outputs)) say(`${style.bold(port)}: ${printable(text)}`);
    for (const notice of fresh(state.notices, next.notices)) say(painted(notice, noticeText(notice), style));
    state = next;
  };
  return {
    message: (message, origin) => update(advance(state, message, origin)),
    gone: (peer, how, expected) => update(afterExit(state, peer, how, expected)),
    close() {
      for (const line of streamLines(state, style, (text) => text)) say(line);
      if (state.summary !== undefined) say(summaryLine(state.summary));
    },
  };
}

/** What was added at the end of a list whose start may have been cut. */
function fresh<T>(before: readonly T[], after: readonly T[]): readonly T[] {
  const last = before.at(-1);
  return last === undefined ? after : after.slice(after.lastIndexOf(last) + 1);
}

/** A picture that is drawn anew a few times a second, for terminals. */
export function liveReporter({ io, peers, title, elapsedMs }: ReporterInit): RunReporter {
  let state = initialState(peers);
  let drawn = 0;
  const erase = (): string => (drawn === 0 ? "" : `\u001b[${drawn}A\u001b[J`);
  const draw = (): void => {
    const { columns, rows, style } = io.out;
    const lines = liveView(state, { columns, rows, style, title, elapsedMs: elapsedMs() });
    io.out.write(`${erase()}${lines.join("\n")}\n`);
    drawn = lines.length;
  };
  const timer = setInterval(draw, 100);
  return {
    message(message, origin) {
      state = advance(state, message, origin);
    },
    gone(peer, how, expected) {
      state = afterExit(state, peer, how, expected);
    },
    close() {
      clearInterval(timer);
      // The last picture stays, whole, and the summary below it.
      const { style, columns } = io.out;
      const last = liveView(state, { columns, rows: Number.MAX_SAFE_INTEGER, style, title, elapsedMs: elapsedMs() });
      io.out.write(`${erase()}${last.join("\n")}\n`);
      if (state.summary !== undefined) io.out.write(`\n${style.bold(summaryLine(state.summary))}\n`);
    },
  };
}
