import type { Frame } from "../interface/frame.ts";

/** The part that one branch has in a call of a `first`. */
export interface Ticket {
  /** True when the answer is not wanted any more. */
  readonly over: boolean;
  /** The branch has failed; another may still answer. */
  fail(error: unknown): void;
  /** Calls `listener` when the call is over, with the reason; at once where it is. Returns what takes that back. */
  onOver(listener: (reason: unknown) => void): () => void;
}

/** A frame that belongs to a call; only inside the branches of a `first`. */
interface TicketedFrame extends Frame {
  readonly ticket: Ticket;
}

/** The part that one question to a remote has in a call. */
export class QuestionTicket implements Ticket {
  /** There will be no answer to it: whoever was asked has been told that none is wanted. */
  withdrawn = false;
  readonly call: Ticket;

  constructor(call: Ticket) {
    this.call = call;
  }

  get over(): boolean {
    return this.call.over;
  }

  fail(error: unknown): void {
    this.call.fail(error);
  }

  onOver(listener: (reason: unknown) => void): () => void {
    return this.call.onOver(listener);
  }
}

export function ticketed(frame: Frame, ticket: Ticket): Frame {
  const carried: TicketedFrame = { ...frame, ticket };
  return carried;
}

export function ticketOf(frame: Frame): Ticket | undefined {
  return (frame as Partial<TicketedFrame>).ticket;
}
