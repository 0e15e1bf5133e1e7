import type { Room } from "./outlet.ts";
import { Waiters } from "./waiters.ts";

/**
 * Whether all of several queues have room: what a stage asks before it takes a frame, and what `emit` and `ready` wait
 * for.
 */
export class Gate {
  readonly #rooms: readonly Room[];
  readonly #only: Room | undefined;
  readonly #waiters = new Waiters();
  #error: unknown;
  /** Where the room was that somebody found full; to look there first saves going through all for each that opens. */
  #full = 0;

  constructor(rooms: readonly Room[], onRoom?: () => void) {
    this.#rooms = rooms;
    this.#only = rooms.length === 1 ? rooms[0] : undefined;
    const listener = (): void => {
      if (!this.open) return;
      this.#waiters.wake();
      onRoom?.();
    };
    for (const room of this.#rooms) room.onRoom(listener);
  }

  get open(): boolean {
    if (this.#only !== undefined) return this.#only.writable;
    const rooms = this.#rooms;
    let index = this.#full;
    for (let left = rooms.length; left > 0; left -= 1) {
      if (rooms[index]?.writable === false) {
        this.#full = index;
        return false;
      }
      index = index + 1 === rooms.length ? 0 : index + 1;
    }
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

/** Has room when one of several has: for a stage that sends each frame to one of them. */
export class AnyRoom implements Room {
  readonly #rooms: readonly Room[];

  constructor(rooms: readonly Room[]) {
    this.#rooms = rooms;
  }

  get writable(): boolean {
    return this.#rooms.length === 0 || this.#rooms.some((room) => room.writable);
  }

  onRoom(listener: () => void): void {
    for (const room of this.#rooms) room.onRoom(listener);
  }
}

/** Has room when all of several have. */
export class AllRoom implements Room {
  readonly #rooms: readonly Room[];

  constructor(rooms: readonly Room[]) {
    this.#rooms = rooms;
  }

  get writable(): boolean {
    return this.#rooms.every((room) => room.writable);
  }

  onRoom(listener: () => void): void {
    for (const room of this.#rooms) room.onRoom(listener);
  }
}
