import { whenAborted } from "../../interface/abort.ts";
import { MeshError } from "../../interface/errors.ts";
import type { Frame } from "../../interface/frame.ts";
import type { KeyFrameListener, Link } from "../../interface/link.ts";
import type { Cut } from "../declared-fields.ts";
import { describePayload, type PayloadCheck } from "../payload-check.ts";

export interface SharedInputInit {
  readonly port: string;
  /** The input of the instance, into which those of all callers merge. */
  readonly target: Link;
  readonly check: PayloadCheck;
  /** What the port takes, in words. */
  readonly expected: string;
  readonly cut: Cut | undefined;
  /** A new epoch has begun at the caller. */
  readonly onEpoch: (epoch: number) => void;
  readonly onEnd: () => void;
  /** The caller has given the stream up. */
  readonly onAbort: (error: MeshError) => void;
}

/**
 * One caller's end of an input of a shared instance. Its end, its failure and its epochs are the caller's own: the
 * instance goes on, and nothing of other callers is dropped.
 */
export class SharedInput implements Link {
  frames = 0;
  /** Frames of an epoch that is over. */
  dropped = 0;
  /** Frames that broke the format. */
  refused = 0;
  readonly #init: SharedInputInit;
  readonly #waits = new Set<AbortController>();
  #epoch = 0;
  #ended = false;
  #error: MeshError | undefined;
  #askWriter: KeyFrameListener | undefined;

  constructor(init: SharedInputInit) {
    this.#init = init;
  }

  get writable(): boolean {
    return !this.#ended && this.#init.target.writable;
  }

  async ready(signal?: AbortSignal): Promise<void> {
    if (this.#ended) throw this.#closed();
    signal?.throwIfAborted();
    // The caller may leave while it waits, and the instance stays.
    const wait = new AbortController();
    const unlisten = whenAborted(signal, () => wait.abort(signal?.reason));
    this.#waits.add(wait);
    try {
      await this.#init.target.ready(wait.signal);
    } finally {
      this.#waits.delete(wait);
      unlisten();
    }
  }

  /** @throws {MeshError} as every link; `invalid-argument` for a payload that is not of the format */
  send(frame: Frame): void {
    const { port, target, check, expected, cut } = this.#init;
    if (this.#ended) throw this.#closed();
    if (!target.writable) {
      throw new MeshError("channel-full", `\`${port}\` has no room; wait for \`ready\` before \`send\`.`);
    }
    if (!check(frame.payload)) {
      this.refused += 1;
      throw new MeshError(
        "invalid-argument",
        `\`${port}\` takes ${expected}; frame ${frame.seq} carries ${describePayload(frame.payload)}, which is none.`,
      );
    }
    this.frames += 1;
    if (frame.epoch < this.#epoch) {
      this.dropped += 1;
      return;
    }
    this.flush(frame.epoch);
    const { timestampUs, flags, payload } = cut === undefined ? frame : cut(frame);
    target.send({ timestampUs, flags, payload, seq: 0, epoch: 0 });
  }

  flush(epoch: number): void {
    if (epoch <= this.#epoch) return;
    this.#epoch = epoch;
    this.#init.onEpoch(epoch);
  }

  onKeyFrameRequest(listener: KeyFrameListener): void {
    this.#askWriter = listener;
  }

  /** The instance needs a picture that decodes by itself. @returns true when the caller has been asked, and may give one */
  requestKeyFrame(): boolean {
    return !this.#ended && this.#askWriter?.() === true;
  }

  end(): void {
    if (this.#ended) return;
    this.shut(this.#closed());
    this.#init.onEnd();
  }

  abort(error: MeshError): void {
    if (this.#ended) return;
    this.shut(error);
    this.#init.onAbort(error);
  }

  /** The caller is gone: who still writes is told why. */
  shut(error: MeshError): void {
    this.#error ??= error;
    this.#ended = true;
    for (const wait of this.#waits) wait.abort(error);
  }

  #closed(): MeshError {
    return this.#error ?? new MeshError("channel-closed", `\`${this.#init.port}\` has ended and takes no more frames.`);
  }
}
