import type { FlowType, Schemas } from "../interface/caps.ts";
import type { Clock } from "../interface/clock.ts";
import { MeshError } from "../interface/errors.ts";
import type { Frame } from "../interface/frame.ts";
import type { Link } from "../interface/link.ts";
import type { NodeDescription, StreamDescription } from "../interface/session.ts";
import { FrameDecoder, type DecodedFrame } from "./frame-codec.ts";
import { creditAfterMs, creditEveryFrames, type Window } from "./limits.ts";
import { PayloadCheck } from "./payload-check.ts";
import { decodePayload } from "./payload-codec.ts";
import { describeStream, type StreamInit } from "./stream-sink.ts";

export interface StreamSourceInit extends StreamInit {
  readonly schemas: Schemas;
  readonly clock: Clock;
  readonly window: Window;
  /** Where the frames go. */
  readonly link: Link;
  /** Tells the other side how much has been taken in total. */
  readonly onCredit: (frames: number, bytes: number) => void;
  /** All frames up to the end of the stream have been delivered. */
  readonly onEnd: () => void;
}

/** The reader of a stream that comes into this peer (spec R4.1): delivers as the link behind has room. */
export class StreamSource {
  readonly port: string;
  readonly #init: StreamSourceInit;
  readonly #check: PayloadCheck;
  readonly #inbox: { readonly frame: Frame; readonly bytes: number }[] = [];
  readonly #type: FlowType;
  #received = 0;
  #receivedBytes = 0;
  #taken = 0;
  #takenBytes = 0;
  #credited = 0;
  #cancelCredit: (() => void) | undefined;
  #endsAfter: number | undefined;
  #waiting = false;
  #stopped = false;

  constructor(init: StreamSourceInit) {
    this.port = init.port;
    this.#init = init;
    this.#type = init.type;
    this.#check = new PayloadCheck(init.type, init.schemas);
  }

  get ended(): boolean {
    return this.#endsAfter !== undefined && this.#inbox.length === 0;
  }

  /** Starts to read; what came earlier is delivered now. */
  start(): void {
    const decoder = new FrameDecoder({
      admit: (bytes) => this.#admit(bytes),
      frame: (frame) => this.#take(frame),
      end: (frames) => this.#end(frames),
    });
    this.#init.channel.onMessage((message) => {
      if (this.#stopped) return;
      try {
        decoder.push(message);
      } catch (error) {
        this.#init.onFailure(MeshError.from(error, "protocol-violation"));
      }
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelCredit?.();
    this.#inbox.length = 0;
  }

  describe(hopMs: number | undefined): { readonly node: NodeDescription; readonly stream: StreamDescription } {
    const node = `${this.#init.transport}StreamSource`;
    return describeStream(
      node,
      this.port,
      this.#type,
      this.#received,
      this.#receivedBytes,
      this.#inbox.length,
      hopMs,
      this.ended,
    );
  }

  #admit(bytes: number): void {
    const { window } = this.#init;
    if (this.#received - this.#taken < window.frames && this.#receivedBytes - this.#takenBytes < window.bytes) {
      this.#receivedBytes += bytes;
      return;
    }
    throw new MeshError("protocol-violation", `More came on \`${this.port}\` than its credits allow.`);
  }

  #take(wire: DecodedFrame): void {
    if (wire.seq !== this.#received + wire.gap) {
      throw new MeshError(
        "protocol-violation",
        `Frame ${wire.seq} of \`${this.port}\` came where ${this.#received} was due.`,
      );
    }
    const encodingProblem = this.#check.encodingProblem(wire.encoding);
    if (encodingProblem !== undefined) throw this.#mismatch(wire, encodingProblem);
    const payload = decodePayload(wire.encoding, wire.body, wire.exclusive);
    const problem = this.#check.valueProblem(payload);
    if (problem !== undefined) throw this.#mismatch(wire, problem);
    this.#received += 1;
    const { timestampUs, seq, epoch, flags } = wire;
    this.#inbox.push({ frame: { timestampUs, seq, epoch, flags, payload }, bytes: wire.body.length });
    this.#deliver();
  }

  #end(frames: number): void {
    if (frames !== this.#received) {
      throw new MeshError(
        "protocol-violation",
        `\`${this.port}\` ends after ${frames} frames, but ${this.#received} came.`,
      );
    }
    this.#endsAfter = frames;
    this.#deliver();
  }

  #deliver(): void {
    const { link, onEnd } = this.#init;
    if (this.#waiting || this.#stopped) return;
    while (this.#inbox.length > 0) {
      if (!link.writable) {
        this.#wait();
        return;
      }
      const next = this.#inbox.shift();
      if (next === undefined) break;
      link.send(next.frame);
      this.#taken += 1;
      this.#takenBytes += next.bytes;
    }
    this.#owe();
    if (this.#endsAfter === undefined) return;
    this.#stopped = true;
    this.#cancelCredit?.();
    link.end();
    onEnd();
  }

  #wait(): void {
    this.#waiting = true;
    this.#init.link.ready().then(
      () => {
        this.#waiting = false;
        try {
          this.#deliver();
        } catch (error) {
          this.#init.onFailure(MeshError.from(error));
        }
      },
      (error: unknown) => {
        if (!this.#stopped) this.#init.onFailure(MeshError.from(error));
      },
    );
  }

  #owe(): void {
    if (this.#taken - this.#credited >= creditEveryFrames) this.#credit();
    else if (this.#taken > this.#credited && this.#cancelCredit === undefined) {
      this.#cancelCredit = this.#init.clock.schedule(creditAfterMs, () => this.#credit());
    }
  }

  #credit(): void {
    this.#cancelCredit?.();
    this.#cancelCredit = undefined;
    if (this.#stopped) return;
    this.#credited = this.#taken;
    this.#init.onCredit(this.#taken, this.#takenBytes);
  }

  #mismatch(wire: DecodedFrame, problem: string): MeshError {
    return new MeshError("format-mismatch", `Frame ${wire.seq} of \`${this.port}\` breaks its format: ${problem}.`);
  }
}
