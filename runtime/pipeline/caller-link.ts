import type { MeshError } from "../interface/errors.ts";
import type { Frame } from "../interface/frame.ts";
import type { Link } from "../interface/link.ts";
import type { Cut } from "./declared-fields.ts";

/** The newest epoch that somebody outside has told of or been told of. */
export class Heard {
  epoch = 0;

  hear(epoch: number): void {
    if (epoch > this.epoch) this.epoch = epoch;
  }
}

/** An end that keeps its own epoch: a caller's of an output, a remote's of an input. What it gets is never older than the newest that it knows. */
export class CallerLink implements Link {
  readonly #link: Link;
  readonly #heard: Heard;
  readonly #cut: Cut | undefined;
  /** The number of the next frame; undefined where frames keep theirs. */
  #seq: number | undefined;

  /** @param merged several streams come here as one: their frames are numbered anew, without holes */
  constructor(link: Link, heard: Heard, cut: Cut | undefined, merged: boolean) {
    this.#link = link;
    this.#heard = heard;
    this.#cut = cut;
    this.#seq = merged ? 0 : undefined;
  }

  get writable(): boolean {
    return this.#link.writable;
  }

  ready(signal?: AbortSignal): Promise<void> {
    return this.#link.ready(signal);
  }

  send(frame: Frame): void {
    const { epoch } = this.#heard;
    const seq = this.#seq;
    let sent = frame;
    if (frame.epoch < epoch) sent = { ...sent, epoch };
    if (seq !== undefined) sent = { ...sent, seq };
    this.#link.send(this.#cut === undefined ? sent : this.#cut(sent));
    if (seq !== undefined) this.#seq = seq + 1;
  }

  flush(epoch: number): void {
    this.#link.flush?.(epoch);
  }

  end(): void {
    this.#link.end();
  }

  abort(error: MeshError): void {
    this.#link.abort(error);
  }
}
