import { MeshError } from "../../interface/errors.ts";

/** What may wait for a listener; beyond it the connection is given up, for nothing may be lost in silence. */
export const inboxLimits = { messages: 4096, bytes: 4 * 1024 * 1024 } as const;

/** The receiving half of a channel: holds messages until there is a listener, then delivers them in order. */
export class Inbox {
  readonly #fail: (error: MeshError) => void;
  #listener: ((message: Uint8Array) => void) | undefined;
  #held: Uint8Array[] = [];
  #heldBytes = 0;

  /** @param fail ends the connection */
  constructor(fail: (error: MeshError) => void) {
    this.#fail = fail;
  }

  put(message: Uint8Array): void {
    if (this.#listener !== undefined) {
      this.#deliver(this.#listener, message);
      return;
    }
    this.#held.push(message);
    this.#heldBytes += message.length;
    if (this.#held.length > inboxLimits.messages || this.#heldBytes > inboxLimits.bytes) {
      this.#held = [];
      this.#fail(new MeshError("resource-exhausted", "More messages came than may wait for a listener."));
    }
  }

  listen(listener: (message: Uint8Array) => void): void {
    this.#listener = listener;
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    for (const message of held) this.#deliver(listener, message);
  }

  /** A listener that throws must not unwind into an engine, where it would take the process down. */
  #deliver(listener: (message: Uint8Array) => void, message: Uint8Array): void {
    try {
      listener(message);
    } catch (error) {
      this.#fail(MeshError.from(error));
    }
  }
}
