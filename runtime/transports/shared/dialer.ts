import { whenAborted } from "../../interface/abort.ts";
import type { Clock } from "../../interface/clock.ts";
import { withDeadline } from "../../interface/deadline.ts";
import { MeshError } from "../../interface/errors.ts";
import type { Connection, StandbyConnection } from "../../interface/transport.ts";
import { Carrier } from "./carrier.ts";
import type { SharedConnection } from "./connection.ts";
import { carrierLimits } from "./limits.ts";

/** Who is called, as the transport reads it from an address. */
export interface Callee {
  /** `host:port`; connections to the same one share. */
  readonly at: string;
  readonly pipeline: string;
  readonly addressOf: (pipeline: string) => string;
}

/** A connection of its own, and whether both sides let others share it. */
export interface Dialled {
  readonly connection: Connection;
  readonly shared: boolean;
}

export interface SharingDialerInit {
  readonly clock: Clock;
  /**
   * Makes a connection.
   * @param mayReturn one that the other peer has dialled may do as well: it is given in place of a new one then
   */
  readonly dial: (callee: Callee, signal: AbortSignal, mayReturn: boolean) => Promise<Dialled | Carrier>;
}

/**
 * Connects to pipelines, over a connection that there is to their peer, or over a new one. One that may be broken takes no
 * new connections: sessions that go on elsewhere and remotes that look for another target get a fresh one.
 */
export class SharingDialer {
  readonly #init: SharingDialerInit;
  readonly #carriers = new Map<string, Carrier>();
  /** All that are open, those that take no more as well. */
  readonly #open = new Set<Carrier>();
  /** By peer: waits for the connection that is being made, however it comes out. @throws the signal's reason */
  readonly #coming = new Map<string, (signal: AbortSignal) => Promise<void>>();
  /** By peer: why none could be made lately, and until when that is the answer to those who would stand by. */
  readonly #failed = new Map<string, { readonly error: unknown; readonly untilUs: number }>();
  #holders = 0;

  constructor(init: SharingDialerInit) {
    this.#init = init;
  }

  /** @throws {MeshError} why there is none; the signal's reason */
  async dial(callee: Callee, signal: AbortSignal): Promise<Connection> {
    signal.throwIfAborted();
    const coming = this.#coming.get(callee.at);
    if (coming !== undefined) await coming(signal);
    const carrier = this.#carrier(callee.at);
    if (carrier !== undefined) {
      const connection = await this.#share(carrier, callee, signal);
      if (connection !== undefined) return connection;
    }
    const made = await this.#make(callee, signal, true);
    if (!(made instanceof Carrier)) return made;
    // Whether one that the other peer has dialled is still there is not known before it answers.
    if (made.role === "caller") return made.open(callee.pipeline);
    const returned = await this.#share(made, callee, signal);
    if (returned !== undefined) return returned;
    const own = await this.#make(callee, signal, false);
    return own instanceof Carrier ? own.open(callee.pipeline) : own;
  }

  /**
   * Makes a connection, or keeps the one there is, for those that will be wanted.
   * @returns undefined where the other side lets nobody share
   * @throws {MeshError} why there is none; the signal's reason
   */
  async standBy(callee: Callee, signal: AbortSignal): Promise<StandbyConnection | undefined> {
    signal.throwIfAborted();
    const coming = this.#coming.get(callee.at);
    if (coming !== undefined) await coming(signal);
    const made = this.#carrier(callee.at) ?? (await this.#makeAhead(callee, signal));
    if (!(made instanceof Carrier)) {
      await made.close();
      return undefined;
    }
    const release = made.hold();
    return { closed: made.closed, release };
  }

  /** As `make`, but not again at once where that has failed: many sessions may want the same. */
  async #makeAhead(callee: Callee, signal: AbortSignal): Promise<Carrier | Connection> {
    const { clock } = this.#init;
    const failed = this.#failed.get(callee.at);
    if (failed !== undefined && clock.nowUs() < failed.untilUs) throw failed.error;
    this.#failed.delete(callee.at);
    try {
      // The side that has dialled one closes it when it has no use for it.
      return await this.#make(callee, signal, false);
    } catch (error) {
      signal.throwIfAborted();
      this.#failed.set(callee.at, { error, untilUs: clock.nowUs() + carrierLimits.aheadMs * 1_000 });
      throw error;
    }
  }

  /** From now on connections that carry nothing are kept for a while. @returns closes them when nobody else wants that */
  keepIdle(): () => Promise<void> {
    this.#holders += 1;
    let held = true;
    return async () => {
      if (!held) return;
      held = false;
      this.#holders -= 1;
      if (this.#holders === 0) await Promise.all([...this.#open].map((carrier) => carrier.release()));
    };
  }

  /** Those that this side has dialled. */
  get carriers(): Iterable<Carrier> {
    return this.#open;
  }

  /** One that can be shared. */
  #carrier(at: string): Carrier | undefined {
    const carrier = this.#carriers.get(at);
    return carrier?.isOpen === true ? carrier : undefined;
  }

  /**
   * @returns undefined when another connection may do better
   * @throws {MeshError} why the other side does not want it; the signal's reason
   */
  async #share(carrier: Carrier, callee: Callee, signal: AbortSignal): Promise<Connection | undefined> {
    const { clock } = this.#init;
    const startUs = clock.nowUs();
    const connection = carrier.open(callee.pipeline, callee.addressOf(callee.pipeline));
    try {
      const refusal = await this.#answer(carrier, connection, signal);
      if (refusal === undefined) return connection;
      if (isOfPipeline(refusal)) {
        const why = `${callee.at} refuses the call: ${refusal.message.replace(/\.$/, "")}.`;
        throw new MeshError(refusal.code, why, { cause: refusal });
      }
    } catch (error) {
      void connection.close(MeshError.from(error, "cancelled"));
      // One that was waited for in vain is not to be tried again.
      const isVain = signal.aborted && clock.nowUs() - startUs >= carrierLimits.openMs * 1_000;
      if (isVain && carrier.role === "caller") carrier.retire();
      if (isVain && this.#carriers.get(callee.at) === carrier) this.#carriers.delete(callee.at);
      signal.throwIfAborted();
      if (isOfPipeline(MeshError.from(error))) throw error;
    }
    // One that the other peer has dialled is its own, and may serve it well.
    if (carrier.role === "caller") carrier.retire();
    else if (this.#carriers.get(callee.at) === carrier) this.#carriers.delete(callee.at);
    return undefined;
  }

  /**
   * Waits for the answer to what was opened. One who is slow but speaks is waited for as long as the caller does.
   * @returns the refusal
   * @throws {MeshError} `deadline-exceeded` when the other side is silent; the signal's reason
   */
  async #answer(carrier: Carrier, { answered }: SharedConnection, signal: AbortSignal): Promise<MeshError | undefined> {
    const { clock } = this.#init;
    const { openMs } = carrierLimits;
    const error = (): MeshError => new MeshError("deadline-exceeded", `No answer came within ${openMs} ms.`);
    for (;;) {
      const startUs = clock.nowUs();
      try {
        return await withDeadline({ clock, afterMs: openMs, signal, error }, () => answered);
      } catch (silent) {
        signal.throwIfAborted();
        if (carrier.heardUs <= startUs) throw silent;
      }
    }
  }

  /** @returns the connection itself where it is not to be shared */
  async #make(callee: Callee, signal: AbortSignal, mayReturn: boolean): Promise<Carrier | Connection> {
    const { at } = callee;
    const making = this.#init.dial(callee, signal, mayReturn).then((made) => {
      if (made instanceof Carrier) return this.#know(at, made);
      const { connection, shared } = made;
      return shared ? this.#add(callee, connection) : connection;
    });
    const forget = (): void => {
      if (this.#coming.get(at) === wait) this.#coming.delete(at);
    };
    const settled = making.then(forget, forget);
    const wait = (unless: AbortSignal): Promise<void> => unlessAborted(settled, unless);
    this.#coming.set(at, wait);
    return making;
  }

  #add({ at, addressOf }: Callee, connection: Connection): Carrier {
    const carrier = new Carrier({
      connection,
      clock: this.#init.clock,
      role: "caller",
      addressOf,
      idleMs: () => (this.#holders > 0 ? carrierLimits.idleMs : 0),
    });
    this.#open.add(carrier);
    void connection.closed.then(() => this.#open.delete(carrier));
    return this.#know(at, carrier);
  }

  /** Whoever calls the same peer shares it. */
  #know(at: string, carrier: Carrier): Carrier {
    this.#carriers.set(at, carrier);
    void carrier.closed.then(() => {
      if (this.#carriers.get(at) === carrier) this.#carriers.delete(at);
    });
    return carrier;
  }
}

/** True for a refusal that another connection would meet as well. */
function isOfPipeline({ code }: MeshError): boolean {
  return code === "pipeline-not-found" || code === "access-denied";
}

function unlessAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    const unlisten = whenAborted(signal, () => reject(signal.reason as Error));
    void promise.then(() => {
      unlisten();
      resolve();
    });
  });
}
