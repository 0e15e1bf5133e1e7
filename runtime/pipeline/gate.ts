import type { BoundedChannel } from "./bounded-channel.ts";
import { Waiters } from "./waiters.ts";

/**
 * Whether all of several queues have room: what a stage asks before it takes a frame, and what `emit` and `ready` wait
 * for.
 */
export class Gate {
  readonly #channels: readonly BoundedChannel[];
  readonly #waiters = new Waiters();
  #error: unknown;

  constructor(channels: readonly BoundedChannel[], onRoom?: () => void) {
    this.#channels = channels.filter((channel) => channel.overflow === "block");
    const listener = (): void => {
      if (!this.open) return;
      this.#waiters.wake();
      onRoom?.();
    };
    for (const channel of this.#channels) channel.onRoom(listener);
  }

  get channels(): readonly BoundedChannel[] {
    return this.#channels;
  }

  get open(): boolean {
    for (const channel of this.#channels) if (!channel.writable) return false;
    return true;
  }

  /** Resolves when there is room. @throws what the gate was failed with; or the signal's reason */
  room(signal?: AbortSignal): Promise<void> {
    if (this.#error !== undefined) {
      const refused = Promise.reject<void>(this.#error as Error);
      refused.catch(() => {});
      return refused;
    }
    return this.open ? Promise.resolve() : this.#waiters.wait(signal);
  }

  fail(error: unknown): void {
    this.#error ??= error;
    this.#waiters.refuse(error);
  }
}
