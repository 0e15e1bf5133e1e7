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

type FirstPlan = Extract<SplitPlan, { kind: "first" }>;

/** One port of a `first`: what waits to be called, and the branches for it. */
interface Entrance {
  readonly channel: BoundedChannel;
  readonly branches: ReadonlyMap<number, Spread>;
  ended: boolean;
}

/**
 * `first` of a session: calls the first branch, and after each `staggerMs` without an answer, or at once when one has
 * failed, the next one too. The first answer wins, the others are cancelled. One call is open at a time, so answers come in
 * the order of the questions.
 */
export class FirstSplit {
  readonly #plan: FirstPlan;
  readonly #clock: Clock;
  readonly #onFailure: (error: unknown) => void;
  readonly #entrances: Entrance[] = [];
  readonly #arrivals = { next: 0 };
  #call: Call | undefined;
  #cancelTimer: (() => void) | undefined;
  #scheduled = false;

  constructor(plan: FirstPlan, clock: Clock, onFailure: (error: unknown) => void) {
    this.#plan = plan;
    this.#clock = clock;
    this.#onFailure = onFailure;
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
    this.#ask(call);
  }

  /** Asks the next branch. */
  #ask(call: Call): void {
    const branch = call.asked;
    call.asked += 1;
    this.#cancelTimer?.();
    this.#cancelTimer =
      call.asked < this.#plan.branches ? this.#clock.schedule(this.#plan.staggerMs, () => this.#ask(call)) : undefined;
    const ticket = new BranchTicket(call, branch, (error) => this.#failed(call, error));
    try {
      call.branches.get(branch)?.outlet?.offer(ticketed(call.frame, ticket));
    } catch (error) {
      ticket.fail(error);
    }
  }

  #failed(call: Call, error: unknown): void {
    call.failed += 1;
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
