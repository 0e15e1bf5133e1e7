import type { Style } from "../../diagnostics/style.ts";
import { printable } from "../../diagnostics/text-width.ts";
import { clipped, oneLine } from "./clip.ts";
import { streamTable } from "./stream-table.ts";
import type { Notice, ViewState } from "./view-state.ts";

export interface ViewOptions {
  readonly columns: number;
  readonly rows: number;
  readonly style: Style;
  /** Shown in the head. */
  readonly title: string;
  readonly elapsedMs: number;
}

/** How many of the latest are shown while it runs. */
const shownOutputs = 6;
const shownNotices = 4;
const shownPending = 3;

/** The picture of a run on a terminal, one entry a line, none wider or longer than the terminal. */
export function liveView(state: ViewState, options: ViewOptions): string[] {
  const { style, columns, rows } = options;
  const clip = (line: string): string => clipped(line, columns - 1);
  const time = `${(options.elapsedMs / 1000).toFixed(1)} s`;
  const head = `${style.bold(clipped(options.title, columns - time.length - 3))}  ${style.faint(time)}`;
  const outputs = outputLines(state, style, columns);
  const notices = state.notices.slice(-shownNotices).map((one) => painted(one, clip(noticeText(one)), style));
  const pending = [...new Set(state.pending.values())]
    .slice(-shownPending)
    .map((text) => style.faint(clip(`… ${text}`)));
  const rest = [...section(outputs), ...section([...notices, ...pending])];
  const table = streamTable(state, { style, columns, rows: Math.max(3, rows - 3 - rest.length) });
  return [head, ...section(table), ...rest].slice(0, rows - 1);
}

function section(lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", ...lines];
}

function outputLines(state: ViewState, style: Style, columns: number): string[] {
  const shown = state.outputs.slice(-shownOutputs);
  const width = Math.max(0, ...shown.map(({ port }) => port.length));
  return shown.map(({ port, text }) => {
    const room = Math.max(1, columns - 3 - width);
    return `${style.bold(port.padEnd(width))}  ${clipped(oneLine(printable(text)), room)}`;
  });
}

export function noticeText({ level, text }: Notice): string {
  return `${{ good: "·", plain: "·", warning: "!", error: "×" }[level]} ${oneLine(printable(text))}`;
}

export function painted({ level }: Notice, text: string, style: Style): string {
  return level === "plain" ? text : style[level](text);
}
