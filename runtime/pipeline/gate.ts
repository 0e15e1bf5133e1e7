import type { Room } from "./outlet.ts";
import { Waiters } from "./waiters.ts";

/**
 * Whether all of several queues have room: what a stage asks before it takes a frame, and what `emit` and `ready` wait
 * for. It listens to its rooms once somebody has found it closed; most never are.
 */
export class Gate {
  readonly #only: Room | undefined;
  readonly #rooms: readonly Room[];
  readonly #onRoom: (() => void) | undefined;
  #listens = false;
  /** Where the room was that somebody found full; to look there first saves going through all for each that opens. */
  #full = 0;
  #error: unknown;
  #waiters: Waiters | undefined;

  /** @param onRoom is called when all have room again, after one was found full */
  constructor(rooms: readonly Room[], onRoom?: () => void) {
    this.#rooms = rooms;
    this.#only = rooms.length === 1 ? rooms[0] : undefined;
    this.#onRoom = onRoom;
  }

  get open(): boolean {
    if (this.#only !== undefined) return this.#only.writable || this.#closed();
    const rooms = this.#rooms;
    let index = this.#full;
    for (let left = rooms.length; left > 0; left -= 1) {
      if (rooms[index]?.writable === false) {
        this.#full = index;
        return this.#closed();
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
    if (this.open) return Promise.resolve();
    this.#waiters ??= new Waiters();
    return this.#waiters.wait(signal);
  }

  /** Somebody waits for room. */
  get awaited(): boolean {
    return this.#waiters !== undefined && this.#waiters.size > 0;
  }

  fail(error: unknown): void {
    this.#error ??= error;
    this.#waiters?.refuse(error);
  }

  #closed(): false {
    if (this.#listens) return false;
    this.#listens = true;
    const listener = (): void => {
      if (!this.open) return;
      this.#waiters?.wake();
      this.#onRoom?.();
    };
    for (const room of this.#rooms) room.onRoom(listener);
    return false;
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
