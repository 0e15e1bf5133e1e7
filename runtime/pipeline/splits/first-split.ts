import type { Clock } from "../../interface/clock.ts";
import { MeshError } from "../../interface/errors.ts";
import type { Frame } from "../../interface/frame.ts";
import { defaultCapacityFrames } from "../../interface/plan-defaults.ts";
import type { SplitPlan } from "../../interface/plan.ts";
import { BoundedChannel } from "../bounded-channel.ts";
import type { Outlet } from "../outlet.ts";
import type { Spread } from "../spread.ts";
import { ticketed, ticketOf } from "../ticket.ts";
import { BranchTicket, Call } from "./call.ts";
import type { Hedging } from "./hedging.ts";

type FirstPlan = Extract<SplitPlan, { kind: "first" }>;

/** One port of a `first`: what waits to be called, and the branches for it. */
interface Entrance {
  readonly channel: BoundedChannel;
  readonly branches: ReadonlyMap<number, Spread>;
  ended: boolean;
}

/**
 * `first` of a session: calls the first branch, and after each `staggerMs` without an answer, or at once when one has
 * failed, the next one too; where it is hedged, after the time that most answers take, and only as often as may be. The
 * first answer wins, the others are cancelled. One call is open at a time, so answers come in the order of the questions.
 */
export class FirstSplit {
  readonly #plan: FirstPlan;
  readonly #clock: Clock;
  readonly #onFailure: (error: unknown) => void;
  readonly #hedging: Hedging | undefined;
  readonly #entrances: Entrance[] = [];
  readonly #arrivals = { next: 0 };
  #call: Call | undefined;
  /** When its first branch was asked. */
  #askedUs = 0;
  #cancelTimer: (() => void) | undefined;
  #scheduled = false;

  constructor(plan: FirstPlan, clock: Clock, onFailure: (error: unknown) => void, hedging?: Hedging) {
    this.#plan = plan;
    this.#clock = clock;
    this.#onFailure = onFailure;
    this.#hedging = hedging;
  }

  /** The branches of one port as one way. */
  spread(branches: ReadonlyMap<number, Spread>): Spread {
    const channel = new BoundedChannel({
      capacityFrames: defaultCapacityFrames,
      overflow: "block",
      name: this.#plan.id,
      arrivals: this.#arrivals,
    });
    const entrance: Entrance = { channel, branches, ended: false };
    this.#entrances.push(entrance);
    channel.readBy({ readable: () => this.#poke() });
    return { outlet: channel, rooms: [channel], probes: [...branches.values()].flatMap((one) => one.probes) };
  }

  /** A way by which only the answers of the winner go on. */
  won(branch: number, outlet: Outlet): Outlet {
    return {
      offer: (frame) => {
        const ticket = ticketOf(frame);
        if (!(ticket instanceof BranchTicket) || ticket.branch !== branch) return;
        const { call } = ticket;
        if (call.winner !== branch) {
          if (call.over) return;
          call.winner = branch;
          this.#measure(call);
          this.#finish(call, new MeshError("cancelled", "Another branch has answered first."));
        }
        const { timestampUs, seq, epoch, flags, payload } = frame;
        const plain: Frame = { timestampUs, seq, epoch, flags, payload };
        outlet.offer(call.outer === undefined ? plain : ticketed(plain, call.outer));
      },
      end: () => outlet.end(),
    };
  }

  /** What is asked and what waits belongs to an epoch that is over. */
  flush(epoch: number): void {
    for (const { channel } of this.#entrances) channel.flush(epoch);
    if (this.#call !== undefined) this.#finish(this.#call, new MeshError("cancelled", "The epoch has ended."));
  }

  close(error: MeshError): void {
    this.#cancelTimer?.();
    this.#call?.close(error);
    for (const { channel } of this.#entrances) channel.abort(error);
  }

  #poke(): void {
    if (this.#scheduled || this.#call !== undefined) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#next();
    });
  }

  #next(): void {
    if (this.#call !== undefined) return;
    let oldest: Entrance | undefined;
    for (const one of this.#entrances) {
      if (one.channel.size > 0 && (oldest === undefined || one.channel.arrival < oldest.channel.arrival)) oldest = one;
    }
    const frame = oldest?.channel.take();
    if (oldest === undefined || frame === undefined) {
      for (const one of this.#entrances) this.#endIfDrained(one);
      return;
    }
    const outer = ticketOf(frame);
    if (outer?.over === true) {
      this.#poke();
      return;
    }
    const call = new Call(frame, oldest.branches, outer);
    this.#call = call;
    outer?.onOver((reason) => this.#finish(call, reason));
    this.#hedging?.called();
    this.#askedUs = this.#clock.nowUs();
    this.#ask(call);
  }

  /** Asks the next branch. */
  #ask(call: Call): void {
    const branch = call.asked;
    call.asked += 1;
    this.#cancelTimer?.();
    const delayMs = this.#hedging?.delayMs ?? this.#plan.staggerMs;
    this.#cancelTimer =
      call.asked < this.#plan.branches ? this.#clock.schedule(delayMs, () => this.#askToo(call)) : undefined;
    const ticket = new BranchTicket(call, branch, (error) => this.#failed(call, branch, error));
    try {
      call.branches.get(branch)?.outlet?.offer(ticketed(call.frame, ticket));
    } catch (error) {
      ticket.fail(error);
    }
  }

  /** There is no answer in time. */
  #askToo(call: Call): void {
    if (this.#hedging === undefined || this.#hedging.take()) this.#ask(call);
  }

  /** By what is known of the first branch: its answer, or that it had none by now. One that has failed took no time. */
  #measure(call: Call): void {
    if (call.firstFailed) return;
    this.#hedging?.answered((this.#clock.nowUs() - this.#askedUs) / 1_000);
  }

  #failed(call: Call, branch: number, error: unknown): void {
    call.failed += 1;
    if (branch === 0) call.firstFailed = true;
    if (call.failed < call.asked) return;
    if (call.asked < this.#plan.branches) {
      this.#ask(call);
      return;
    }
    this.#finish(call, error);
    if (call.outer === undefined) this.#onFailure(error);
    else call.outer.fail(error);
  }

  #finish(call: Call, reason: unknown): void {
    call.close(reason);
    if (this.#call !== call) return;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#call = undefined;
    this.#poke();
  }

  #endIfDrained(entrance: Entrance): void {
    if (entrance.ended || !entrance.channel.drained || entrance.channel.error !== undefined) return;
    entrance.ended = true;
    for (const { outlet } of entrance.branches.values()) outlet?.end();
  }
}
