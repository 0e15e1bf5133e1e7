import type { MeshEvent } from "../../runtime/interface/events.ts";
import type { RemoteMoment } from "./scenario.ts";
import type { World } from "../../runtime/simulation/world.ts";

/** What does not come within so long is not waited for, in milliseconds. */
const withinMs = 3_000;

interface Waiting {
  readonly moment: RemoteMoment;
  readonly resolve: () => void;
}

/** What the remotes of a life tell, for what is to happen just then. */
export class Moments {
  readonly #world: World;
  #waiting: readonly Waiting[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  note(event: MeshEvent): void {
    if (this.#waiting.length === 0) return;
    const moment = momentOf(event);
    const due = this.#waiting.filter((one) => one.moment === moment);
    this.#waiting = this.#waiting.filter((one) => one.moment !== moment);
    for (const { resolve } of due) resolve();
  }

  /** The next of its kind, or the end of the time in which there was none. */
  next(moment: RemoteMoment): Promise<void> {
    return new Promise((resolve) => {
      const takeBack = this.#world.loop.after(withinMs * 1_000, resolve);
      const come = (): void => {
        takeBack();
        resolve();
      };
      this.#waiting = [...this.#waiting, { moment, resolve: come }];
    });
  }
}

function momentOf(event: MeshEvent): RemoteMoment | undefined {
  if (event.kind === "remote-connecting") return "connecting";
  if (event.kind === "remote-failed") return "failed";
  if (event.kind !== "remote-connected") return undefined;
  return event.back === true ? "back" : "connected";
}
