import type { Frame } from "../interface/frame.ts";

/** Where the frames of one link go: a queue, a node that is called in line, or several of them. */
export interface Outlet {
  /** @throws {MeshError} `resource-exhausted` where a queue says so */
  offer(frame: Frame): void;
  end(): void;
}

/** Something that may have no room for another frame. */
export interface Room {
  readonly writable: boolean;
  /** Calls `listener` when there is room again. Kept for the life of the session. */
  onRoom(listener: () => void): void;
}

/** Hands each frame to all of several. */
export class Broadcast implements Outlet {
  readonly #outlets: readonly Outlet[];

  constructor(outlets: readonly Outlet[]) {
    this.#outlets = outlets;
  }

  offer(frame: Frame): void {
    const outlets = this.#outlets;
    for (let index = 0; index < outlets.length; index += 1) outlets[index]?.offer(frame);
  }

  end(): void {
    for (const outlet of this.#outlets) outlet.end();
  }
}
