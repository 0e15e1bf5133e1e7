import type { RemoteDescription, SessionDescription, StreamDescription } from "../../../runtime/interface/session.ts";
import type { Style } from "../../diagnostics/style.ts";
import { printable, textWidth } from "../../diagnostics/text-width.ts";
import { clipped } from "./clip.ts";
import type { PeerView, SessionView, ViewState } from "./view-state.ts";

/** A line of the table: a heading, or a stream with its figures. */
type Row =
  | { readonly kind: "heading"; readonly text: string; readonly paint: keyof Style & ("good" | "error" | "faint") }
  | { readonly kind: "remote"; readonly cells: Cells }
  | { readonly kind: "stream"; readonly cells: Cells; readonly inner: boolean };

/** What it is, how many frames, milliseconds a hop, and the format. */
type Cells = readonly [name: string, frames: string, hop: string, format: string];

const head: Cells = ["", "frames", "ms a hop", "format"];

export interface TableOptions {
  readonly style: Style;
  readonly columns: number;
  /** At most so many lines; streams within a pipeline give way first. */
  readonly rows: number;
}

/** The peers with the pipelines that run on them, their remotes and their streams, as lines of a terminal. */
export function streamTable(state: ViewState, { style, columns, rows }: TableOptions): string[] {
  const all = rowsOf(state);
  if (all.length === 0) return [];
  const fitting = fit(all, rows - 1);
  const cells = all.flatMap((row) => (row.kind === "heading" ? [] : [row.cells]));
  const width = (column: 0 | 1 | 2): number => Math.max(...[head, ...cells].map((row) => textWidth(row[column])));
  const line = ([name, frames, hop, format]: Cells): string =>
    `${pad(name, width(0))}  ${frames.padStart(width(1))}  ${hop.padStart(width(2))}  ${format}`.trimEnd();
  const clip = (text: string): string => clipped(text, columns - 1);
  const drawn = fitting.shown.map((row) => {
    if (row.kind === "heading") return style[row.paint](clip(row.text));
    const text = clip(line(row.cells));
    // What is idle steps back.
    return row.kind === "remote" || row.cells[1] === "0" ? style.faint(text) : text;
  });
  const table = cells.length === 0 ? drawn : [style.faint(clip(line(head))), ...drawn];
  return fitting.hidden === 0
    ? table
    : [...table, style.faint(clip(`  … ${fitting.hidden} more line${fitting.hidden === 1 ? "" : "s"}`))];
}

function pad(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - textWidth(text)));
}

function fit(all: readonly Row[], rows: number): { shown: readonly Row[]; hidden: number } {
  if (all.length <= rows) return { shown: all, hidden: 0 };
  let excess = all.length - Math.max(1, rows - 1);
  const shown = all.filter((row) => !(excess > 0 && row.kind === "stream" && row.inner && (excess -= 1) >= 0));
  const cut = shown.slice(0, Math.max(1, rows - 1));
  return { shown: cut, hidden: all.length - cut.length };
}

function rowsOf(state: ViewState): Row[] {
  const named = new Set(state.peers.map((peer) => peer.name));
  const homeless = [...state.sessions.values()].filter(({ peer }) => !named.has(peer));
  return [
    ...state.peers.flatMap((peer) => [peerRow(peer, state.peers), ...pipelineRows(sessionsOf(state, peer.name), true)]),
    ...pipelineRows(homeless, false),
  ];
}

function peerRow({ name, state, addresses }: PeerView, all: readonly PeerView[]): Row {
  const width = Math.max(...all.map((peer) => peer.name.length));
  const sign = { starting: "○", listening: "●", ended: "○", lost: "×" }[state];
  const where = state === "starting" ? "starting" : addresses.join(", ");
  const how = state === "ended" ? "  ended" : state === "lost" ? "  gone" : "";
  const paint = state === "listening" ? "good" : state === "lost" ? "error" : "faint";
  return { kind: "heading", text: `${sign} ${name.padEnd(width)}  ${where}${how}`, paint };
}

function sessionsOf(state: ViewState, peer: string): SessionView[] {
  return [...state.sessions.values()].filter((one) => one.peer === peer);
}

/** Of each pipeline the latest session stands for all. */
function pipelineRows(sessions: readonly SessionView[], below: boolean): Row[] {
  const latest = new Map<string, { view: SessionView; open: number }>();
  for (const view of sessions) {
    const { pipeline } = view.description;
    const before = latest.get(pipeline);
    const shown = before !== undefined && before.view.open && !view.open ? before.view : view;
    latest.set(pipeline, { view: shown, open: (before?.open ?? 0) + (view.open ? 1 : 0) });
  }
  const indent = below ? "  " : "";
  return [...latest.values()].flatMap(({ view, open }): Row[] => {
    const count = open > 1 ? `  ${open} sessions, the latest:` : "";
    const title: Row = { kind: "heading", text: `${indent}${view.description.pipeline}${count}`, paint: "faint" };
    return [...(latest.size > 1 || open > 1 || !below ? [title] : []), ...sessionRows(view.description, `${indent}  `)];
  });
}

function sessionRows({ remotes, streams }: SessionDescription, indent: string): Row[] {
  const named = new Set(remotes.map((remote) => remote.id));
  return [
    ...streams.map((stream) => streamRow(stream, indent, named)),
    ...remotes.flatMap((remote) => remoteRows(remote, indent)),
  ];
}

/** What comes from or goes to a border or a remote says more of a mesh than what stays within a pipeline. */
function streamRow(stream: StreamDescription, indent: string, remotes: ReadonlySet<string>): Row {
  const inner = stream.name.split(" -> ").every((end) => {
    const [node = "", port] = end.split(".");
    return port !== undefined && !remotes.has(node);
  });
  const { frames, dropped, hopMs, format } = stream;
  const name = `${indent}${printable(stream.name).replace(" -> ", " → ")}`;
  const count = dropped > 0 ? `${frames} (-${dropped})` : String(frames);
  return { kind: "stream", cells: [name, count, milliseconds(hopMs), format], inner };
}

/** The target in use; a fallback that runs here has streams of its own. */
function remoteRows({ id, state, target, session }: RemoteDescription, indent: string): Row[] {
  const to = target ?? { connecting: "connecting", connected: "", failed: "no target left", ended: "ended" }[state];
  const connection = session?.connection;
  const roundTrip = connection?.roundTripMs;
  const hop = roundTrip === undefined ? "" : milliseconds(roundTrip);
  const how =
    connection === undefined
      ? session === undefined
        ? ""
        : "in this process"
      : `${connection.transport}${roundTrip === undefined ? "" : ", there and back"}`;
  const row: Row = { kind: "remote", cells: [`${indent}${id} ⇄ ${to}`, "", hop, how] };
  return session === undefined || connection !== undefined ? [row] : [row, ...sessionRows(session, `${indent}  `)];
}

function milliseconds(value: number | undefined): string {
  return value === undefined ? "" : value.toFixed(value < 10 ? 1 : 0);
}
