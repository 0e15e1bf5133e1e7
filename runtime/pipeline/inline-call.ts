import type { Frame } from "../interface/frame.ts";
import type { NodeRun } from "./node-run.ts";
import type { Outlet } from "./outlet.ts";
import type { Ender } from "./stage.ts";

/** Hands frames to a node by calling it. */
export class InlineCall implements Outlet {
  readonly #run: NodeRun;
  readonly #port: string;
  readonly #ender: Ender;

  constructor(run: NodeRun, port: string, ender: Ender) {
    this.#run = run;
    this.#port = port;
    this.#ender = ender;
  }

  offer(frame: Frame): void {
    if (this.#run.live) this.#run.receive(frame, this.#port);
  }

  end(): void {
    this.#ender.finish();
  }
}
