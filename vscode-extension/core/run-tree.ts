import type { SessionDescription, StreamDescription } from "../../runtime/interface/session.ts";
import type { PeerView, SessionView, ViewState } from "../../compiler/cli/run/view-state.ts";
import { nodeText, remoteText } from "./live-picture.ts";
import { rateOf, rateText, type Rates } from "./rates.ts";

/** One row of the view of what runs; an icon is the name of a codicon. */
export interface RunRow {
  /** Stays the same as long as what it stands for is there. */
  readonly id: string;
  readonly label: string;
  readonly description: string;
  readonly tooltip: string;
  readonly icon: string;
  /** The colour of the icon, by its name in a theme; left out for that of the text. */
  readonly colour?: string;
  readonly children: readonly RunRow[];
  /** What is in it is shown, also what comes later. */
  readonly isOpen?: true;
  /** What can be done with it; menus ask for it. */
  readonly context?: "run" | "ended" | "peer";
}

/** A run that is shown. */
export interface ShownRun {
  readonly id: string;
  readonly title: string;
  readonly state: ViewState;
  readonly rates: Rates;
  /** The exit code; undefined while it runs. */
  readonly code: number | undefined;
}

/** Runs, with their peers, the sessions on these, and what those are made of. */
export function runRows(runs: readonly ShownRun[]): RunRow[] {
  return runs.map((run) => {
    const { id, title, state, code } = run;
    const peers = state.peers.map((peer) => peerRow(run, peer));
    const loose = [...state.sessions.values()].filter(({ peer }) => state.peers.every(({ name }) => name !== peer));
    const notices = noticeRows(run);
    return {
      id,
      label: title,
      description: runText(run),
      tooltip: state.error?.message ?? "",
      ...(code === undefined
        ? { icon: "play-circle", colour: "charts.green", context: "run" as const }
        : { icon: code === 0 || code === 130 ? "pass" : "error", context: "ended" as const }),
      isOpen: true,
      children: [...peers, ...loose.map((one) => sessionRow(run, one)), ...notices],
    };
  });
}

function runText({ state, code }: ShownRun): string {
  if (code !== undefined) return code === 130 ? "stopped" : code === 0 ? "ended" : `ended with code ${code}`;
  if (state.peers.length === 0) return "starting";
  const listening = state.peers.filter((one) => one.state === "listening").length;
  return `${listening} of ${state.peers.length} peer${state.peers.length === 1 ? "" : "s"}`;
}

const peerIcons: Readonly<Record<PeerView["state"], Pick<RunRow, "icon" | "colour">>> = {
  starting: { icon: "loading~spin" },
  listening: { icon: "server-process", colour: "charts.green" },
  ended: { icon: "circle-slash" },
  lost: { icon: "error", colour: "charts.red" },
};

function peerRow(run: ShownRun, { name, state: known, addresses }: PeerView): RunRow {
  // What runs in the process of the run has ended with it, and had nobody to say so.
  const state = run.code === undefined || known === "lost" ? known : "ended";
  const sessions = [...run.state.sessions.values()].filter(({ peer, open }) => peer === name && open);
  return {
    id: `${run.id}/${name}`,
    label: name,
    description: state === "listening" ? addresses.join(", ") : state,
    tooltip: [`${name}: ${state}`, ...addresses].join("\n"),
    ...peerIcons[state],
    context: "peer",
    isOpen: true,
    children: sessions.map((one) => sessionRow(run, one)),
  };
}

function sessionRow(run: ShownRun, { description, open }: SessionView): RunRow {
  return {
    id: `${run.id}/${description.id}`,
    label: description.pipeline,
    description: open ? totalText(run, description) : "ended",
    tooltip: `session ${description.id}`,
    icon: "symbol-function",
    isOpen: true,
    children: partsOf(run, description, `${run.id}/${description.id}`),
  };
}

function totalText({ rates }: ShownRun, { id, streams }: SessionDescription): string {
  return rateText(streams.reduce((sum, { name }) => sum + rateOf(rates, id, name), 0));
}

function partsOf(run: ShownRun, session: SessionDescription, id: string): RunRow[] {
  const remotes = new Set(session.remotes.map((one) => one.id));
  const nodes = session.nodes.filter((one) => !remotes.has(one.id));
  return [
    ...session.streams.map((stream) => streamRow(run, session.id, stream, id)),
    ...session.remotes.map((remote): RunRow => ({
      id: `${id}/remote ${remote.id}`,
      label: remote.id,
      description: remoteText(remote),
      tooltip: remote.failures.map(({ target, message }) => `${target}: ${message}`).join("\n"),
      icon: remote.state === "failed" ? "error" : "remote",
      children: remote.session === undefined ? [] : partsOf(run, remote.session, `${id}/remote ${remote.id}`),
    })),
    ...nodes.map((node): RunRow => ({
      id: `${id}/node ${node.id}`,
      label: node.id,
      description: nodeText(node),
      tooltip: node.node,
      icon: node.state === "failed" ? "error" : "symbol-class",
      children: [],
    })),
  ];
}

function streamRow(run: ShownRun, session: string, stream: StreamDescription, parent: string): RunRow {
  const { name, format, frames, bytes, dropped, queued, hopMs } = stream;
  const rate = rateText(rateOf(run.rates, session, name));
  const lost = dropped > 0 ? [`${dropped} dropped`] : [];
  return {
    id: `${parent}/stream ${name}`,
    label: name,
    description: [rate || `${frames} frame${frames === 1 ? "" : "s"}`, format, ...lost].join(" · "),
    tooltip: [
      format,
      `${frames} frames, ${bytes} bytes`,
      `${queued} wait, ${dropped} dropped`,
      ...(hopMs === undefined ? [] : [`${hopMs.toFixed(2)} ms each`]),
    ].join("\n"),
    icon: "arrow-right",
    ...(dropped > 0 ? { colour: "charts.orange" } : {}),
    children: [],
  };
}

/** How many of the latest are shown. */
const shownNotices = 5;

function noticeRows({ id, state }: ShownRun): RunRow[] {
  const icons = { good: "pass", plain: "info", warning: "warning", error: "error" } as const;
  return state.notices.slice(-shownNotices).map(({ level, text }, index) => ({
    id: `${id}/notice ${state.notices.length} ${index}`,
    label: text,
    description: "",
    tooltip: text,
    icon: icons[level],
    children: [],
  }));
}
