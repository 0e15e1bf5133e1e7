import type { MeshError } from "../interface/errors.ts";
import type { Frame } from "../interface/frame.ts";
import type { KeyFrameListener, Link } from "../interface/link.ts";
import { Waiters } from "./waiters.ts";

/**
 * Where a remote's output goes while it is not certain that its session is the one that stays: without room until
 * `release`, and after `drop` nothing comes through any more, neither frames nor an end nor a failure.
 */
export class HeldLink implements Link {
  readonly #link: Link;
  readonly #waiters = new Waiters();
  #state: "held" | "open" | "dropped" = "held";
  /** What the writer has said while it was held. */
  #said: (() => void) | undefined;

  constructor(link: Link) {
    this.#link = link;
  }

  get writable(): boolean {
    return this.#state === "dropped" || (this.#state === "open" && this.#link.writable);
  }

  async ready(signal?: AbortSignal): Promise<void> {
    while (this.#state === "held") await this.#waiters.wait(signal);
    if (this.#state === "open") await this.#link.ready(signal);
  }

  /** Who sends without having waited is told by the link itself. */
  send(frame: Frame): void {
    if (this.#state !== "dropped") this.#link.send(frame);
  }

  flush(epoch: number): void {
    this.#say(() => this.#link.flush?.(epoch));
  }

  onKeyFrameRequest(listener: KeyFrameListener): void {
    this.#say(() => this.#link.onKeyFrameRequest?.(listener));
  }

  end(): void {
    this.#say(() => this.#link.end());
  }

  abort(error: MeshError): void {
    this.#say(() => this.#link.abort(error));
  }

  release(): void {
    if (this.#state !== "held") return;
    this.#state = "open";
    this.#waiters.wake();
    this.#said?.();
  }

  drop(): void {
    this.#state = "dropped";
    this.#waiters.wake();
  }

  #say(word: () => void): void {
    if (this.#state === "open") word();
    if (this.#state !== "held") return;
    const before = this.#said;
    this.#said = () => {
      before?.();
      word();
    };
  }
}
