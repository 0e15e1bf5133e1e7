import type { MeshError } from "../interface/errors.ts";
import type { Frame } from "../interface/frame.ts";
import type { Link } from "../interface/link.ts";
import type { Cut } from "./declared-fields.ts";

/** An end that keeps its own epoch: a caller's of an output, a remote's of an input. What it gets is never older than the newest that it knows. */
export class CallerLink implements Link {
  readonly #link: Link;
  readonly #heard: () => number;
  readonly #cut: Cut | undefined;

  constructor(link: Link, heard: () => number, cut: Cut | undefined) {
    this.#link = link;
    this.#heard = heard;
    this.#cut = cut;
  }

  get writable(): boolean {
    return this.#link.writable;
  }

  ready(signal?: AbortSignal): Promise<void> {
    return this.#link.ready(signal);
  }

  send(frame: Frame): void {
    const epoch = this.#heard();
    const known = frame.epoch < epoch ? { ...frame, epoch } : frame;
    this.#link.send(this.#cut === undefined ? known : this.#cut(known));
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
