import { Balancer, type Placement } from "../../runtime/balancing/balancer.ts";
import type { LoadReport } from "../../runtime/balancing/load.ts";
import type { PolicyName } from "../../runtime/balancing/policies/policy-of.ts";
import type { Clock } from "../../runtime/interface/clock.ts";
import type { Random } from "../../runtime/interface/random.ts";

/** One balancer of several, each with its own view. */
export interface Contender {
  /** @returns the server that gets the next call, and what is to be said when it has answered */
  send(): { readonly server: number; readonly answered: (report: LoadReport) => void };
  /** What a server tells all balancers by itself; the peers know no such thing. */
  reported?(server: number, report: LoadReport): void;
}

export interface ContenderInit {
  readonly servers: number;
  readonly clock: Clock;
  readonly random: Random;
}

/** The module as it ships. */
export function ours(policy: PolicyName) {
  return ({ servers, clock, random }: ContenderInit): Contender => {
    const balancer = new Balancer({ policy, clock, random });
    for (let server = 0; server < servers; server += 1) balancer.add(String(server));
    return {
      send() {
        const placement = balancer.pick() as Placement;
        return { server: Number(placement.id), answered: (report) => placement.ended(report) };
      },
      reported: (server, report) => balancer.report(String(server), report),
    };
  };
}

/** What the peers know of a server: the calls of this balancer that are out, and Finagle's mean of their times. */
class Endpoint {
  pending = 0;
  #cost = 0;
  #stampMs = 0;

  /** `PeakEwma` of Finagle, by its source: up at once, down with a time constant of 10 s, towards 0 when it is only looked at. */
  observe(ms: number, nowMs: number): void {
    const kept = Math.exp(-Math.max(nowMs - this.#stampMs, 0) / 10_000);
    this.#cost = ms > this.#cost ? ms : this.#cost * kept + ms * (1 - kept);
    this.#stampMs = nowMs;
  }

  /** One without a history gets one call, and no other before that has been answered. */
  load(nowMs: number): number {
    this.observe(0, nowMs);
    return this.#cost === 0 && this.pending !== 0 ? 1e15 + this.pending : this.#cost * (this.pending + 1);
  }
}

type Score = (endpoint: Endpoint, nowMs: number) => number;
/** @returns those that are compared, the first of equals wins */
type Draw = (endpoints: readonly Endpoint[], random: Random) => readonly number[];

const activeRequests: Score = ({ pending }) => pending;
const peakEwma: Score = (endpoint, nowMs) => endpoint.load(nowMs);

/** Envoy draws with replacement, so both may be the same. */
const twoOfAll: Draw = ({ length }, random) => [Math.floor(random.next() * length), Math.floor(random.next() * length)];

/** Finagle draws two that differ. */
const twoDifferent: Draw = ({ length }, random) => {
  const one = Math.floor(random.next() * length);
  const other = Math.floor(random.next() * (length - 1));
  return [one, other >= one ? other + 1 : other];
};

const everyone: Draw = ({ length }, random) => {
  const start = Math.floor(random.next() * length);
  return Array.from({ length }, (_, step) => (start + step) % length);
};

function peer(score: Score, draw: Draw) {
  return ({ servers, clock, random }: ContenderInit): Contender => {
    const endpoints = Array.from({ length: servers }, () => new Endpoint());
    return {
      send() {
        const sentMs = clock.nowUs() / 1_000;
        let server = -1;
        let least = Number.POSITIVE_INFINITY;
        for (const index of draw(endpoints, random)) {
          const value = score(endpoints[index] as Endpoint, sentMs);
          if (value >= least) continue;
          least = value;
          server = index;
        }
        const endpoint = endpoints[server] as Endpoint;
        endpoint.pending += 1;
        return {
          server,
          answered() {
            endpoint.pending -= 1;
            const nowMs = clock.nowUs() / 1_000;
            endpoint.observe(nowMs - sentMs, nowMs);
          },
        };
      },
    };
  };
}

/**
 * Written from the documents and sources of the peers. Envoy: "Weighted least request", all weights equal, `choice_count` 2
 * (https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/load_balancers). Finagle: `p2cPeakEwma`
 * (https://twitter.github.io/finagle/guide/Clients.html#power-of-two-choices-p2c-peak-ewma), decay time 10 s.
 */
export const contenders = {
  adaptive: ours("adaptive"),
  roundRobin: ours("round_robin"),
  leastLoaded: ours("least_loaded"),
  fastest: ours("fastest"),
  envoy: peer(activeRequests, twoOfAll),
  finagle: peer(peakEwma, twoDifferent),
  leastRequestOfAll: peer(activeRequests, everyone),
  peakEwmaOfAll: peer(peakEwma, everyone),
};
