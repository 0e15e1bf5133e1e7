import type { Payload } from "../interface/frame.ts";
import type { FrameHeader } from "../interface/node.ts";

/** A node whose code has `map`. */
export interface Mapping {
  map(payload: Payload, header: FrameHeader): Payload | undefined;
}

/** Nodes that one function calls; longer runs are several functions in a row. */
export const maxFused = 8;

/**
 * Some nodes as one function, each called at a place of its own in the code, which the engine optimises better than a
 * loop. `at` is the place of the node that was called last: the one that has thrown or, where nothing came out, dropped.
 */
export class Fused {
  at = 0;
  /** Payloads taken by the first. */
  frames = 0;
  /** By place: payloads dropped. */
  readonly drops: number[];
  readonly stages: readonly Mapping[];
  readonly call: (payload: Payload, header: FrameHeader) => Payload | undefined;

  /** @param stages 1 to `maxFused` of them */
  constructor(stages: readonly [Mapping, ...Mapping[]]) {
    this.stages = stages;
    this.drops = stages.map(() => 0);
    const count = stages.length;
    const [a, b = a, c = a, d = a, e = a, f = a, g = a, h = a] = stages;
    this.call = (payload, header) => {
      this.at = 0;
      let value = a.map(payload, header);
      if (value === undefined || count === 1) return value;
      this.at = 1;
      value = b.map(value, header);
      if (value === undefined || count === 2) return value;
      this.at = 2;
      value = c.map(value, header);
      if (value === undefined || count === 3) return value;
      this.at = 3;
      value = d.map(value, header);
      if (value === undefined || count === 4) return value;
      this.at = 4;
      value = e.map(value, header);
      if (value === undefined || count === 5) return value;
      this.at = 5;
      value = f.map(value, header);
      if (value === undefined || count === 6) return value;
      this.at = 6;
      value = g.map(value, header);
      if (value === undefined || count === 7) return value;
      this.at = 7;
      return h.map(value, header);
    };
  }

  /** Nothing has come out of the node that was called last. */
  dropped(): void {
    this.drops[this.at] = (this.drops[this.at] ?? 0) + 1;
  }

  /** Payloads that the node at a place has taken. */
  framesAt(place: number): number {
    let { frames } = this;
    for (let before = 0; before < place; before += 1) frames -= this.drops[before] ?? 0;
    return frames;
  }
}
