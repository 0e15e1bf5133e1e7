import { formatLocation } from "../../../runtime/interface/errors.ts";
import type { JsonValue } from "../../../runtime/interface/frame.ts";
import type { SessionDescription } from "../../../runtime/interface/session.ts";
import type { PlainError, PlainEvent, RunMessage, SessionSummary } from "./messages.ts";

export interface PeerView {
  readonly name: string;
  readonly state: "starting" | "listening" | "ended" | "lost";
  readonly addresses: readonly string[];
}

/** Something that happened, in a sentence. */
export interface Notice {
  readonly level: "good" | "plain" | "warning" | "error";
  readonly text: string;
}

/** A session of a pipeline in one of the processes. */
export interface SessionView {
  /** The peer it runs on; `""` where the program has none. */
  readonly peer: string;
  readonly description: SessionDescription;
  readonly open: boolean;
}

/** What is known of a run, for the live view and for the log. */
export interface ViewState {
  readonly peers: readonly PeerView[];
  /** The peers of sessions by id; known before the first snapshot. */
  readonly owners: ReadonlyMap<string, string>;
  /** The latest snapshot of each session by its id, in the order in which they were first seen. */
  readonly sessions: ReadonlyMap<string, SessionView>;
  /** What is going on and not yet decided, in sentences by session and remote. */
  readonly pending: ReadonlyMap<string, string>;
  /** The target that each remote is meant to use or uses, by session and remote. */
  readonly targets: ReadonlyMap<string, string>;
  /** Why a peer is not registered, as it was told last, by peer and service. */
  readonly unregistered: ReadonlyMap<string, string>;
  readonly notices: readonly Notice[];
  /** Frames of outputs that are shown. */
  readonly outputs: readonly { readonly port: string; readonly text: string }[];
  /** What did not go as planned though the run went on, for the summary; each once. */
  readonly incidents: readonly string[];
  readonly summary: SessionSummary | undefined;
  readonly error: PlainError | undefined;
}

export function initialState(peers: readonly string[]): ViewState {
  return {
    peers: peers.map((name) => ({ name, state: "starting", addresses: [] })),
    owners: new Map(),
    sessions: new Map(),
    pending: new Map(),
    targets: new Map(),
    unregistered: new Map(),
    notices: [],
    outputs: [],
    incidents: [],
    summary: undefined,
    error: undefined,
  };
}

/** What may pile up in a run of days. */
const maxNotices = 200;
const maxOutputs = 200;
const maxIncidents = 20;
const maxSessions = 100;

/** The state after a message of a process. `origin` is the peer it runs, or `""` for this process. */
export function advance(state: ViewState, message: RunMessage, origin: string): ViewState {
  switch (message.type) {
    case "started":
      return withPeer(state, { name: message.peer, state: "starting", addresses: [] });
    case "ready":
      return message.peers.reduce(
        (next, { peer, addresses }) => withPeer(next, { name: peer, state: "listening", addresses }),
        state,
      );
    case "event":
      return afterEvent(state, message.event, origin);
    case "describe":
      return message.sessions.reduce((next, session) => withSession(next, session, origin, true), state);
    case "output":
      return {
        ...state,
        outputs: [...state.outputs, { port: message.port, text: outputText(message.value) }].slice(-maxOutputs),
      };
    case "log":
      return withNotice(state, { level: noticeLevels[message.level], text: message.message });
    case "exited":
      return afterExit(state, message);
    case "ended":
      return { ...state, summary: message.summary, error: message.error };
    default:
      return message satisfies never;
  }
}

const noticeLevels = { info: "plain", warn: "warning", error: "error" } as const;

function afterExit(state: ViewState, { peer, pid, how, expected }: RunMessage & { type: "exited" }): ViewState {
  const known = state.peers.find((one) => one.name === peer);
  const next = withPeer(state, { name: peer, state: expected ? "ended" : "lost", addresses: known?.addresses ?? [] });
  if (expected) return next;
  return withIncident(
    withNotice(next, {
      level: "error",
      text: `${peer} has gone: its process ${pid === undefined ? "" : `${pid} `}${how}`,
    }),
    `the process of ${peer} ${how}`,
  );
}

function withNotice(state: ViewState, notice: Notice): ViewState {
  return { ...state, notices: [...state.notices, notice].slice(-maxNotices) };
}

function withIncident(state: ViewState, text: string): ViewState {
  if (state.incidents.includes(text) || state.incidents.length >= maxIncidents) return state;
  return { ...state, incidents: [...state.incidents, text] };
}

function withPeer(state: ViewState, peer: PeerView): ViewState {
  const known = state.peers.some((one) => one.name === peer.name);
  return {
    ...state,
    peers: known ? state.peers.map((one) => (one.name === peer.name ? peer : one)) : [...state.peers, peer],
  };
}

function withSession(state: ViewState, description: SessionDescription, origin: string, open: boolean): ViewState {
  const peer = state.owners.get(description.id) ?? origin;
  const sessions = new Map(state.sessions).set(description.id, { peer, description, open });
  return { ...state, ...withinBounds(sessions, state.owners) };
}

/** The oldest that are over give way. */
function withinBounds(
  sessions: Map<string, SessionView>,
  owners: ReadonlyMap<string, string>,
): Pick<ViewState, "sessions" | "owners"> {
  if (sessions.size <= maxSessions) return { sessions, owners };
  const over = [...sessions].filter(([, one]) => !one.open).map(([id]) => id);
  const kept = new Map(owners);
  for (const id of over.slice(0, sessions.size - maxSessions)) {
    sessions.delete(id);
    kept.delete(id);
  }
  return { sessions, owners: kept };
}

/** A peer may listen at several. */
function withAddress(
  { peers }: ViewState,
  { peer, address }: Extract<PlainEvent, { kind: "peer-listening" }>,
): readonly string[] {
  const known = peers.find(({ name }) => name === peer)?.addresses ?? [];
  return known.includes(address) ? known : [...known, address];
}

function afterEvent(state: ViewState, event: PlainEvent, origin: string): ViewState {
  switch (event.kind) {
    case "peer-listening":
      return withPeer(state, { name: event.peer, state: "listening", addresses: withAddress(state, event) });
    case "peer-registered": {
      const address = `${event.service} as ${event.id}`;
      const addresses = withAddress(state, { kind: "peer-listening", peer: event.peer, address });
      return afterRegistered(withPeer(state, { name: event.peer, state: "listening", addresses }), event);
    }
    case "registration-lost":
      return afterRegistrationLost(state, event);
    case "peer-draining":
      return withNotice(state, { level: "warning", text: drainingText(event) });
    case "session-opened":
      return { ...state, owners: new Map(state.owners).set(event.session, event.peer) };
    case "session-closed": {
      const next = withSession(closed(state, event.session), event.description, origin, false);
      if (event.error === undefined || event.error.code === "cancelled") return next;
      const { message } = event.error;
      if (state.notices.some((notice) => notice.text.includes(message))) return next;
      return withNotice(next, { level: "error", text: `${event.pipeline} ended: ${message}` });
    }
    case "remote-connecting": {
      const { session, remote, target } = event;
      const key = `${session} ${remote}`;
      const pending = new Map(state.pending).set(key, `${remote} connects to ${target}`);
      // The one that is tried first is the one that is meant.
      const targets = state.targets.has(key) ? state.targets : new Map(state.targets).set(key, target);
      return { ...state, pending, targets };
    }
    case "remote-connected":
      return afterRemoteConnected(state, event);
    case "remote-failed":
      return afterRemoteFailed(settled(state, event.session, event.remote), event);
    case "remote-transport": {
      const { remote, target, used, preferred, reason } = event;
      const text = `${remote}: ${target} is called by ${used} in the place of ${preferred}, for ${reason}`;
      return withNotice(state, { level: "warning", text });
    }
    case "remote-breaker": {
      const { remote, target, state: breaker, forMs } = event;
      if (breaker === "closed")
        return withNotice(state, { level: "good", text: `${remote}: ${target} is there again` });
      const text = `${remote}: ${target} has failed again and again, and is left alone for ${Math.round(forMs)} ms`;
      return withNotice(state, { level: "warning", text });
    }
    case "node-failed": {
      const { message, hint } = event.error;
      return withNotice(state, { level: "error", text: hint === undefined ? message : `${message} (${hint})` });
    }
    case "node-restarting":
      return withIncident(
        withNotice(state, { level: "warning", text: `${event.node} starts again (${event.error.message})` }),
        `${event.node} had to start again`,
      );
    case "node-stalled":
      return withNotice(state, {
        level: "warning",
        text: `${event.node} has been at one frame for ${Math.round(event.forMs)} ms (${formatLocation(event.location)})`,
      });
    case "join-stalled": {
      const waits = `\`${event.full}\` is full, and nothing comes by ${event.empty.map((name) => `\`${name}\``).join(", ")}`;
      const text = `${event.node} has found nothing to join for ${Math.round(event.forMs)} ms: ${waits} (${formatLocation(event.location)})`;
      const wayOut = "a larger `buffer`, `overflow: drop_oldest` or `join latest` lets it go on";
      return withNotice(state, { level: "warning", text: `${text}; ${wayOut}` });
    }
    default:
      return event satisfies never;
  }
}

function drainingText({ peer, calls, streams, withinMs }: Extract<PlainEvent, { kind: "peer-draining" }>): string {
  const count = (number: number, what: string): string[] =>
    number === 0 ? [] : [`${number} ${what}${number === 1 ? "" : "s"}`];
  const what = [...count(calls, "call"), ...count(streams, "stream")].join(" and ");
  const seconds = Math.ceil(withinMs / 100) / 10;
  return `${peer} stops: it takes nobody new, and waits ${seconds} s at most for ${what} (Ctrl-C again ends it at once)`;
}

/** It is tried again and again, for as long as the service is away: told is what is new. */
function afterRegistrationLost(
  state: ViewState,
  { peer, service, error }: PlainEvent & { kind: "registration-lost" },
): ViewState {
  const key = `${peer} ${service}`;
  if (state.unregistered.get(key) === error.message) return state;
  const unregistered = new Map(state.unregistered).set(key, error.message);
  const text = `${peer} is not registered at ${service}, and tries again (${error.message})`;
  return withNotice({ ...state, unregistered }, { level: "warning", text });
}

function afterRegistered(state: ViewState, { peer, service }: PlainEvent & { kind: "peer-registered" }): ViewState {
  const unregistered = new Map(state.unregistered);
  if (!unregistered.delete(`${peer} ${service}`)) return state;
  return withNotice({ ...state, unregistered }, { level: "good", text: `${peer} is registered at ${service} now` });
}

function afterRemoteFailed(state: ViewState, event: PlainEvent & { kind: "remote-failed" }): ViewState {
  const { remote, target, next, error } = event;
  const then = next === undefined ? "no other target is left" : `${next} takes over`;
  const text = `${remote}: ${target} cannot be used, ${then} (${error.message})`;
  return withNotice(state, { level: next === undefined ? "error" : "warning", text });
}

type RemoteConnected = PlainEvent & { readonly kind: "remote-connecting" | "remote-connected" };

function afterRemoteConnected(state: ViewState, { session, remote, target, back }: RemoteConnected): ViewState {
  const key = `${session} ${remote}`;
  const before = state.targets.get(key);
  const next = {
    ...settled(state, session, remote),
    targets: new Map(state.targets).set(key, target),
  };
  if (before === undefined || before === target) {
    return withNotice(next, { level: "good", text: `${remote} uses ${target}` });
  }
  if (back === true) return withNotice(next, { level: "good", text: `${remote} is back at ${target}` });
  return withIncident(
    withNotice(next, { level: "warning", text: `${remote} uses ${target} in the place of ${before}` }),
    `${target} took over from ${before} in ${remote}`,
  );
}

/** Without what was pending of a remote. */
function settled(state: ViewState, session: string, remote: string): ViewState {
  const pending = new Map(state.pending);
  return pending.delete(`${session} ${remote}`) ? { ...state, pending } : state;
}

/** Without what is known of the remotes of a session that is over. */
function closed(state: ViewState, session: string): ViewState {
  const left = (entries: ReadonlyMap<string, string>): ReadonlyMap<string, string> =>
    new Map([...entries].filter(([key]) => !key.startsWith(`${session} `)));
  return { ...state, pending: left(state.pending), targets: left(state.targets) };
}

/** A value for people: the text of a transcript with how sure it is, otherwise short JSON. */
function outputText(value: JsonValue): string {
  if (typeof value === "string") return value;
  if (isRecord(value) && typeof value["text"] === "string") {
    const { confidence } = value;
    return typeof confidence === "number" ? `${value["text"]} (${Math.round(confidence * 100)} %)` : value["text"];
  }
  return JSON.stringify(value);
}

function isRecord(value: JsonValue): value is { readonly [key: string]: JsonValue } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
