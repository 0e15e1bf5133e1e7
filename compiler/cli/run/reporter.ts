import { printable, textWidth } from "../../diagnostics/text-width.ts";
import type { Io, Output } from "../io.ts";
import { liveView, noticeText, painted } from "./live-view.ts";
import type { RunMessage } from "./messages.ts";
import { streamTable } from "./stream-table.ts";
import { incidentLine, summaryLine } from "./summary.ts";
import { advance, initialState, type ViewState } from "./view-state.ts";

/** Where the messages of a run end up. */
export interface RunReporter {
  /** `origin` is the peer whose process says it, or `""` for this process. */
  message(message: RunMessage, origin: string): void;
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

/** How often a terminal is drawn anew. */
const drawMs = 200;

/** One JSON object a line, for programs. */
export function jsonReporter({ io }: Pick<ReporterInit, "io">): RunReporter {
  return {
    message: (message, origin) =>
      io.out.write(`${JSON.stringify(origin === "" ? message : { ...message, peer: origin })}\n`),
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
      const added = fresh(before?.addresses ?? [], peer.addresses);
      if (peer.state === "listening" && added.length > 0) say(`${peer.name} listens at ${added.join(", ")}`);
    }
    for (const { port, text } of fresh(state.outputs, next.outputs)) say(`${style.bold(port)}: ${printable(text)}`);
    for (const notice of fresh(state.notices, next.notices)) say(painted(notice, noticeText(notice), style));
    state = next;
  };
  return {
    message: (message, origin) => update(advance(state, message, origin)),
    close() {
      const endless = Number.MAX_SAFE_INTEGER;
      if (state.sessions.size > 0) {
        for (const line of streamTable(state, { style, columns: endless, rows: endless })) say(line);
      }
      closingLines(state, io.out).forEach(say);
    },
  };
}

/** What was added at the end of a list whose start may have been cut. */
function fresh<T>(before: readonly T[], after: readonly T[]): readonly T[] {
  const last = before.at(-1);
  return last === undefined ? after : after.slice(after.lastIndexOf(last) + 1);
}

function closingLines(state: ViewState, { style }: Output): string[] {
  const incidents = incidentLine(state.incidents);
  return [
    ...(incidents === undefined ? [] : [style.warning(incidents)]),
    ...(state.summary === undefined ? [] : [style.bold(summaryLine(state.summary))]),
  ];
}

/** A picture that is drawn anew a few times a second, for terminals. */
export function liveReporter({ io, peers, title, elapsedMs }: ReporterInit): RunReporter {
  let state = initialState(peers);
  let drawn: readonly string[] = [];
  const draw = (rows: number): void => {
    const { columns, style } = io.out;
    const lines = liveView(state, { columns, rows, style, title, elapsedMs: elapsedMs() });
    // Over the old picture, line by line and in one go, so that nothing flickers.
    const up = rowsTaken(drawn, columns);
    const over = lines.map((line) => `${line}\u001b[K\n`).join("");
    io.out.write(`\u001b[?2026h${up === 0 ? "" : `\u001b[${up}A`}${over}\u001b[J\u001b[?2026l`);
    drawn = lines;
  };
  const timer = setInterval(() => draw(io.out.rows), drawMs);
  return {
    message(message, origin) {
      state = advance(state, message, origin);
    },
    close() {
      clearInterval(timer);
      // The last picture stays, whole, and the summary below it.
      draw(Number.MAX_SAFE_INTEGER);
      const lines = closingLines(state, io.out);
      if (lines.length > 0) io.out.write(`\n${lines.join("\n")}\n`);
    },
  };
}

/** How many rows lines take in a window that may have become narrower since. */
function rowsTaken(lines: readonly string[], columns: number): number {
  return lines.reduce((sum, line) => {
    const width = textWidth(line.replaceAll(/\u001b\[[0-9;]*m/g, ""));
    return sum + Math.max(1, Math.ceil(width / columns));
  }, 0);
}
