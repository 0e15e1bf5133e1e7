import type { Region, Wire } from "./graph.ts";
import type { Wiring } from "./wiring.ts";

export interface EpochsInit {
  readonly wiring: Wiring;
  readonly onNodes: (nodes: ReadonlySet<string>, epoch: number) => void;
  readonly onOutputs: (outputs: ReadonlySet<string>, epoch: number) => void;
}

/**
 * The epochs of a session. One number serves all its parts and all peers that it reaches: who begins an epoch takes the
 * next after the highest that was seen, who hears of a higher one takes that over.
 */
export class Epochs {
  readonly #init: EpochsInit;
  #current = 0;

  constructor(init: EpochsInit) {
    this.#init = init;
  }

  get current(): number {
    return this.#current;
  }

  /** A `flush` of the program: ends the epoch in a part of the pipeline. */
  begin(region: Region): void {
    this.follow(region, undefined, this.#current + 1);
  }

  /**
   * An epoch that has begun somewhere else has come in.
   * @param entry the links by which it came
   */
  follow(region: Region, entry: ((wire: Wire) => boolean) | undefined, epoch: number): void {
    this.#current = Math.max(this.#current, epoch);
    for (const [wire, channel] of this.#init.wiring.queues) {
      const { from, to } = wire.link;
      if ((from.node !== undefined && region.nodes.has(from.node)) || entry?.(wire) === true) channel.flush(epoch);
      // Its writer goes on in the old epoch, so only what waits now is stale. Signals are meant for whoever gets them.
      else if (to.node !== undefined && region.nodes.has(to.node) && !wire.signal) channel.flush();
    }
    this.#init.onNodes(region.nodes, epoch);
    this.#init.onOutputs(region.outputs, epoch);
  }
}
