import type { StreamDescription } from "../../../runtime/interface/session.ts";
import type { Style } from "../../diagnostics/style.ts";
import { layOut, printable, textWidth } from "../../diagnostics/text-width.ts";
import type { PortTotals, SessionSummary } from "./messages.ts";
import type { Notice, PeerView, ViewState } from "./view-state.ts";

export interface ViewOptions {
  readonly columns: number;
  readonly rows: number;
  readonly style: Style;
  /** Shown in the head. */
  readonly title: string;
  readonly elapsedMs: number;
}

/** The picture of a run on a terminal, one entry a line, none wider or longer than the terminal. */
export function liveView(state: ViewState, options: ViewOptions): string[] {
  const { style, columns } = options;
  const clip = (line: string): string => clipped(line, columns - 1);
  const head = `${style.bold(clip(options.title))}  ${style.faint(`${(options.elapsedMs / 1000).toFixed(1)} s`)}`;
  const peers = peerLines(state.peers, style, clip);
  const streams = streamLines(state, style, clip);
  const outputs = state.outputs.slice(-6).map(({ port, text }) => clip(`${port}  ${printable(text)}`));
  const notices = state.notices.slice(-4).map((notice) => painted(notice, clip(noticeText(notice)), style));
  const lines = [head, ...peers, ...section(streams), ...section(outputs), ...section(notices)];
  if (lines.length <= options.rows - 1) return lines;
  // Too much for the window: the streams give way first.
  const spare = Math.max(2, streams.length - (lines.length - (options.rows - 1)) - 1);
  const fewer = [...streams.slice(0, spare), style.faint(`… ${streams.length - spare} more streams`)];
  return [head, ...peers, ...section(fewer), ...section(outputs), ...section(notices)].slice(0, options.rows - 1);
}

function section(lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", ...lines];
}

function clipped(line: string, columns: number): string {
  if (textWidth(line) <= columns) return line;
  let text = "";
  for (const cell of layOut(line)) {
    if (cell.column + cell.width > columns - 1) break;
    text += cell.text;
  }
  return `${text}…`;
}

function peerLines(peers: readonly PeerView[], style: Style, clip: (line: string) => string): string[] {
  const width = Math.max(0, ...peers.map((peer) => peer.name.length));
  return peers.map((peer) => {
    const text = clip(`  ${peer.name.padEnd(width)}  ${peer.state.padEnd(9)}  ${peer.addresses.join(", ")}`.trimEnd());
    if (peer.state === "listening") return style.good(text);
    return peer.state === "lost" ? style.error(text) : style.faint(text);
  });
}

/** All streams of all sessions, with the pipeline they belong to. */
export function streamLines(state: ViewState, style: Style, clip: (line: string) => string): string[] {
  const rows = [...state.sessions.values()].flatMap(({ description }) =>
    description.streams.map((stream) => [description.pipeline, ...cellsOf(stream)]),
  );
  if (rows.length === 0) return [];
  const head = ["pipeline", "stream", "format", "frames", "ms a hop"];
  const widths = head.map((word, column) => Math.max(word.length, ...rows.map((row) => (row[column] ?? "").length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column < 3 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ");
  return [style.faint(clip(`  ${line(head)}`)), ...rows.map((row) => clip(`  ${line(row)}`))];
}

function cellsOf({ name, format, frames, dropped, hopMs }: StreamDescription): string[] {
  const count = dropped > 0 ? `${frames} (-${dropped})` : String(frames);
  return [name, format, count, hopMs === undefined ? "" : hopMs.toFixed(hopMs < 10 ? 1 : 0)];
}

export function noticeText({ level, text }: Notice): string {
  return `${{ good: "·", warning: "!", error: "×" }[level]} ${printable(text)}`;
}

export function painted({ level }: Notice, text: string, style: Style): string {
  return style[level](text);
}

/** One line that says how a session went. */
export function summaryLine(summary: SessionSummary): string {
  const parts = summary.ports.map(portText);
  const latency = summary.latencyMs === undefined ? [] : [`end to end ${Math.round(summary.latencyMs)} ms`];
  const files = summary.ports.filter((one) => one.direction === "out" && one.file !== undefined);
  const where = files.map((one) => `${one.port} is in ${one.file}`);
  return [`${summary.pipeline}: ${parts.join(", ")}`, ...latency, ...where].join("; ");
}

function portText({ port, direction, frames, seconds }: PortTotals): string {
  const length = seconds === undefined ? "" : ` (${seconds.toFixed(1)} s)`;
  return `${port} ${frames} frame${frames === 1 ? "" : "s"}${length} ${direction}`;
}
