import type { MeshError } from "../interface/errors.ts";
import type { Frame } from "../interface/frame.ts";
import type { Link } from "../interface/link.ts";

/** Where the frames of one output go, over all the sessions that follow each other behind a remote. */
export interface StreamOutlet {
  readonly link: Link;
  /** Number of the next frame: the sessions each count from 0, what comes out is one stream. */
  next: number;
  ended: boolean;
}

/** The end of an output that one session gets. Once that session is over, nothing it still sends comes through. */
export class FencedLink implements Link {
  readonly #outlet: StreamOutlet;
  readonly #firstSeq: number;
  #fenced = false;

  constructor(outlet: StreamOutlet) {
    this.#outlet = outlet;
    this.#firstSeq = outlet.next;
  }

  get writable(): boolean {
    return this.#fenced || this.#outlet.link.writable;
  }

  ready(signal?: AbortSignal): Promise<void> {
    return this.#fenced ? Promise.resolve() : this.#outlet.link.ready(signal);
  }

  send(frame: Frame): void {
    if (this.#fenced) return;
    const seq = this.#firstSeq + frame.seq;
    this.#outlet.next = Math.max(this.#outlet.next, seq + 1);
    this.#outlet.link.send(seq === frame.seq ? frame : { ...frame, seq });
  }

  end(): void {
    if (this.#fenced || this.#outlet.ended) return;
    this.#outlet.ended = true;
    this.#outlet.link.end();
  }

  /** A failure ends the session, not the stream: another session may go on with it. */
  abort(_error: MeshError): void {
    this.#fenced = true;
  }

  fence(): void {
    this.#fenced = true;
  }
}
