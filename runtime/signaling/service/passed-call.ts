import { closeCodes, signalLimits } from "../limits.ts";
import { MessageRates } from "../message-rates.ts";
import { parseSignal } from "../protocol.ts";
import type { Guest } from "../reception.ts";
import type { SocketOutlet } from "../socket.ts";
import type { Callee, Passed, ServiceContext } from "./context.ts";

/**
 * A call whose messages are passed on, both ways and as they are, to a peer that is reached by the conversation that it holds with the
 * service (spec R7.3). What breaks the rules of calls does not get through.
 */
export class PassedCall implements Guest, Passed {
  number = 0;
  readonly #service: ServiceContext;
  readonly #socket: SocketOutlet;
  readonly #callee: Callee;
  readonly #rates: MessageRates;
  readonly #cancel: () => void;
  #over = false;

  constructor(service: ServiceContext, socket: SocketOutlet, callee: Callee) {
    this.#service = service;
    this.#socket = socket;
    this.#callee = callee;
    this.#rates = new MessageRates(service.clock);
    const { callMs } = signalLimits;
    this.#cancel = service.clock.schedule(callMs, () => {
      service.count("call-timeout");
      this.stop(closeCodes.policyViolation, `a call ends within ${callMs} ms`);
    });
  }

  message(text: string): void {
    if (this.#over) return;
    const excess = this.#rates.take(text, signalLimits);
    if (excess !== undefined) {
      this.#service.count(excess.reason);
      this.stop(closeCodes.policyViolation, excess.text);
      return;
    }
    const message = parseSignal(text);
    if (message.kind === "unacceptable") {
      this.#service.count(message.reason);
      if (message.reply !== undefined) this.#socket.send(JSON.stringify(message.reply));
      return;
    }
    this.#callee.pass(this, JSON.parse(text) as object);
  }

  /** The caller has gone. */
  closed(): void {
    if (this.#end()) this.#callee.passEnd(this, closeCodes.normal, "the caller has gone");
  }

  /** From the called peer. */
  answer(message: object): void {
    if (!this.#over) this.#socket.send(JSON.stringify(message));
  }

  /** From the called peer: it hangs up. */
  hungUp(code: number, reason: string): void {
    if (this.#end()) this.#socket.close(code, reason);
  }

  /** Ends it for both. */
  stop(code: number, reason: string): void {
    if (!this.#end()) return;
    this.#socket.close(code, reason);
    this.#callee.passEnd(this, code, reason);
  }

  #end(): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#cancel();
    this.#callee.release(this);
    this.#service.callEnded(this);
    return true;
  }
}
