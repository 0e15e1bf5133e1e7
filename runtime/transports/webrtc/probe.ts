import type { Clock } from "../../interface/clock.ts";
import { encodeProbe } from "./transport-messages.ts";

/** After how long what was not answered is said again, in milliseconds, and how often: a process that stood still has waited once, not for all of them. */
const againMs = 250;
const mostTries = 4;

export interface ProbeInit {
  readonly clock: Clock;
  /** The size of the packets that are to pass, the larger of those of the two sides, in bytes with all headers. */
  readonly packetBytes: number;
  /** Sends a message on channel 0. */
  readonly send: (message: Uint8Array) => void;
  /** One of the two is called, once. */
  readonly whenPassed: () => void;
  /** Left out, it asks until it is closed: who gives up is the other side, which may not have the connection yet. */
  readonly whenFailed?: (() => void) | undefined;
}

/** Sees whether the packets of a connection come through, both ways: the answer has as many bytes. */
export class Probe {
  readonly #init: ProbeInit;
  #tries = 0;
  #isOver = false;
  #passed = false;
  #cancel: (() => void) | undefined;

  constructor(init: ProbeInit) {
    this.#init = init;
    this.#try();
  }

  get passed(): boolean {
    return this.#passed;
  }

  /** @param size of the answer */
  answered(size: number): void {
    if (this.#isOver || size < this.#init.packetBytes) return;
    this.close();
    this.#passed = true;
    this.#init.whenPassed();
  }

  /** What it would find out does not matter any more. */
  close(): void {
    this.#isOver = true;
    this.#cancel?.();
  }

  #try(): void {
    const { clock, packetBytes, send, whenFailed } = this.#init;
    if (this.#tries >= mostTries && whenFailed !== undefined) {
      this.close();
      whenFailed();
      return;
    }
    this.#tries++;
    // With its headers a message of that size takes more than one packet, so the first of them is a full one.
    send(encodeProbe("probe", packetBytes));
    this.#cancel = clock.schedule(againMs, () => this.#try());
  }
}
