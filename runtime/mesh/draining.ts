import type { Clock } from "../interface/clock.ts";
import { MeshError } from "../interface/errors.ts";
import type { OnEvent } from "../interface/events.ts";
import type { Plan } from "../interface/plan.ts";
import type { Listener } from "../interface/transport.ts";
import type { Draining, Underway } from "../interface/underway.ts";

/** How long a mesh that closes waits for its callers. */
export interface CloseOptions {
  /** For calls that were taken to be answered, in milliseconds; 5,000 by default. */
  readonly callsMs?: number;
  /** For sessions of callers to end, in milliseconds; 0 by default, for streams may go on for ever. */
  readonly streamsMs?: number;
}

const defaults = { callsMs: 5_000, streamsMs: 0 } as const;

/** Who answers callers. */
export interface Served {
  /** Takes nobody new. */
  drain(): Draining;
  /** Ends what is left; resolves when everything is free. */
  close(error: MeshError): Promise<void>;
}

/** A peer of this process, and who answers its callers. */
export interface ServedPeer {
  readonly name: string;
  readonly hosts: Served[];
  readonly listeners: Listener[];
}

export interface PeersLeavingInit {
  readonly plan: Plan;
  readonly clock: Clock;
  readonly onEvent: OnEvent;
  readonly peers: readonly ServedPeer[];
}

/**
 * The end of the peers of a process, one after the other: each takes nobody new, has some time for what it has taken, and
 * ends what is left. A peer comes before those that it calls, for what it has taken may need them yet.
 */
export class PeersLeaving {
  readonly #init: PeersLeavingInit;
  readonly #startUs: number;
  readonly #waits = new Set<Wait>();
  #limits: Required<CloseOptions>;

  constructor(init: PeersLeavingInit, options: CloseOptions) {
    this.#init = init;
    this.#startUs = init.clock.nowUs();
    this.#limits = { ...defaults, ...options };
  }

  /** Shortens the time that is left; never lengthens it. */
  hasten(options: CloseOptions): void {
    const { callsMs, streamsMs } = { ...defaults, ...options };
    this.#limits = {
      callsMs: Math.min(callsMs, this.#limits.callsMs),
      streamsMs: Math.min(streamsMs, this.#limits.streamsMs),
    };
    for (const wait of this.#waits) wait.until(this.#leftMs(wait.kind));
  }

  /** Never rejects. */
  async run(): Promise<void> {
    for (const peer of callersFirst(this.#init.plan, this.#init.peers)) await this.#leave(peer);
  }

  async #leave({ name, hosts, listeners }: ServedPeer): Promise<void> {
    for (const listener of listeners) listener.drain?.();
    const draining = hosts.map((host) => host.drain());
    const calls = draining.map((one) => one.calls);
    const streams = draining.map((one) => one.streams);
    const [callCount, streamCount] = [countOf(calls), countOf(streams)];
    const withinMs = Math.max(callCount > 0 ? this.#leftMs("calls") : 0, streamCount > 0 ? this.#leftMs("streams") : 0);
    if (withinMs > 0) {
      this.#init.onEvent({ kind: "peer-draining", peer: name, calls: callCount, streams: streamCount, withinMs });
    }
    await Promise.all([this.#over("calls", calls), this.#over("streams", streams)]);
    // Callers may find another peer, or this one when it is back, so to them it is not the end.
    await Promise.allSettled(hosts.map((host) => host.close(new MeshError("peer-lost", "The peer stops."))));
  }

  async #over(kind: Wait["kind"], underway: readonly Underway[]): Promise<void> {
    if (countOf(underway) === 0) return;
    const wait = new Wait(kind, this.#init.clock);
    this.#waits.add(wait);
    wait.until(this.#leftMs(kind));
    await Promise.race([wait.over, Promise.all(underway.map((one) => one.over()))]);
    wait.cancel();
    this.#waits.delete(wait);
  }

  #leftMs(kind: Wait["kind"]): number {
    const limitMs = kind === "calls" ? this.#limits.callsMs : this.#limits.streamsMs;
    return Math.max(0, limitMs - (this.#init.clock.nowUs() - this.#startUs) / 1_000);
  }
}

/** A time limit that may come to be shorter. */
class Wait {
  readonly kind: "calls" | "streams";
  readonly over: Promise<void>;
  readonly #clock: Clock;
  #end: () => void = () => undefined;
  #cancel: () => void = () => undefined;

  constructor(kind: Wait["kind"], clock: Clock) {
    this.kind = kind;
    this.#clock = clock;
    this.over = new Promise((resolve) => (this.#end = resolve));
  }

  until(leftMs: number): void {
    this.#cancel();
    if (leftMs === 0) this.#end();
    else this.#cancel = this.#clock.schedule(leftMs, this.#end);
  }

  cancel(): void {
    this.#cancel();
  }
}

function countOf(all: readonly Underway[]): number {
  return all.reduce((sum, one) => sum + one.count, 0);
}

/** Each before those that its pipelines call; of those that call each other in a circle, as they come. */
export function callersFirst<Peer extends { readonly name: string }>(plan: Plan, peers: readonly Peer[]): Peer[] {
  const ordered: Peer[] = [];
  const seen = new Set<string>();
  const visit = (peer: Peer): void => {
    if (seen.has(peer.name)) return;
    seen.add(peer.name);
    const called = calledBy(plan, peer.name);
    for (const other of peers) if (called.has(other.name)) visit(other);
    ordered.unshift(peer);
  };
  for (const peer of peers) visit(peer);
  return ordered;
}

/** Names of the peers that the pipelines of a peer call, by way of local pipelines as well. */
function calledBy(plan: Plan, name: string): ReadonlySet<string> {
  const run = Object.values(plan.peers).find((peer) => peer.name === name)?.runs ?? [];
  const pipelines = new Set(run.map(({ pipeline }) => pipeline));
  const called = new Set<string>();
  for (const key of pipelines) {
    for (const { targets } of plan.pipelines[key]?.remotes ?? []) {
      for (const target of targets) {
        if (target.kind === "local") pipelines.add(target.pipeline);
        else if (target.kind === "peer") called.add(plan.peers[target.peer]?.name ?? "");
      }
    }
  }
  return called;
}
