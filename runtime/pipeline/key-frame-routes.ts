import type { Clock } from "../interface/clock.ts";
import type { Graph } from "./graph.ts";

/** How soon the same output is asked again, in milliseconds: encoders answer no more often. */
const againAfterMs = 250;

/** What can be asked for a key frame at one of its outputs. */
export interface KeyFrameSource {
  /** @returns true when it can give one, or has asked somebody who may */
  requestKeyFrame(port: string): boolean;
}

export interface KeyFrameRoutesInit {
  readonly graph: Graph;
  readonly clock: Clock;
  /** A node or a remote; with `undefined`, the inputs of the pipeline. */
  readonly source: (vertex: string | undefined) => KeyFrameSource | undefined;
}

/**
 * Carries requests for a key frame against the flow of pictures, from whoever cannot decode to whoever can make one. A node that
 * does not say that it can passes them on to what feeds it with video.
 */
export class KeyFrameRoutes {
  readonly #init: KeyFrameRoutesInit;
  /** By output, when it was last asked. */
  readonly #askedUs = new Map<string, number>();

  constructor(init: KeyFrameRoutesInit) {
    this.#init = init;
  }

  /**
   * Asks for what comes in at a port, of a node, a remote or, with `vertex` undefined, an output of the pipeline.
   * @param port left out: at all of them
   * @returns true when somebody was asked who may give one
   */
  into(vertex: string | undefined, port?: string): boolean {
    return this.#into(vertex, port, new Set());
  }

  /** Asks for what leaves by a port, of a node, a remote or, with `vertex` undefined, an input of the pipeline. */
  from(vertex: string | undefined, port: string): boolean {
    return this.#from(vertex, port, new Set());
  }

  #into(vertex: string | undefined, port: string | undefined, seen: Set<string>): boolean {
    let asked = false;
    for (const { link } of this.#init.graph.to(vertex, port)) {
      if (link.type.kind === "video") asked = this.#from(link.from.node, link.from.port, seen) || asked;
    }
    return asked;
  }

  #from(vertex: string | undefined, port: string, seen: Set<string>): boolean {
    const key = `${vertex ?? ""}\n${port}`;
    if (seen.has(key)) return false;
    seen.add(key);
    const { clock, source } = this.#init;
    const nowUs = clock.nowUs();
    const askedUs = this.#askedUs.get(key);
    if (askedUs !== undefined && nowUs - askedUs < againAfterMs * 1_000) return true;
    const asked =
      source(vertex)?.requestKeyFrame(port) === true || (vertex !== undefined && this.#into(vertex, undefined, seen));
    if (asked) this.#askedUs.set(key, nowUs);
    return asked;
  }
}
