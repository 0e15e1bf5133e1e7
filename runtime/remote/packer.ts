import { encodedBytes, encodeEnd, encodeFrames, encodePart, type EncodableFrame } from "./frame-codec.ts";

/** One record, or one message that is taken up by a part of a frame. */
export interface Piece {
  readonly bytes: Uint8Array;
  /** Others may stand in the same message. */
  readonly shares: boolean;
}

/**
 * What a stream has to say while its channel has no room: as many whole frames to a message as fit, and large ones in
 * parts. An engine takes as long for a small message as for a large one, so those that have to wait anyway go together.
 */
export class Packer {
  readonly #maxMessageBytes: number;
  /** May be changed while some wait. */
  maxFrames: number;
  #pieces: Piece[] = [];
  #bytes = 0;

  /** @param maxFrames that wait at most */
  constructor(maxMessageBytes: number, maxFrames: number) {
    this.#maxMessageBytes = maxMessageBytes;
    this.maxFrames = maxFrames;
  }

  get isEmpty(): boolean {
    return this.#pieces.length === 0;
  }

  /** False while a message full of frames waits. */
  get hasRoom(): boolean {
    return this.#pieces.length < this.maxFrames && this.#bytes < this.#maxMessageBytes;
  }

  /** @returns the frame as it will be sent */
  add(frame: EncodableFrame): readonly Piece[] {
    const pieces = piecesOf(frame, this.#maxMessageBytes);
    this.addAgain(pieces);
    return pieces;
  }

  /** Takes a frame that was sent before. */
  addAgain(pieces: readonly Piece[]): void {
    for (const piece of pieces) this.#put(piece);
  }

  /** A record that is no frame and need not be kept. */
  record(bytes: Uint8Array): void {
    this.#put({ bytes, shares: true });
  }

  /** @param position number that the next frame would have had */
  end(position: number): void {
    this.#put({ bytes: encodeEnd(position), shares: true });
  }

  /** The next message; undefined when nothing waits. */
  take(): Uint8Array | undefined {
    const [first] = this.#pieces;
    if (first === undefined) return undefined;
    let count = 1;
    let size = first.bytes.length;
    for (let next = this.#pieces[1]; first.shares && next?.shares === true; next = this.#pieces[count]) {
      if (size + next.bytes.length > this.#maxMessageBytes) break;
      size += next.bytes.length;
      count += 1;
    }
    const taken = this.#pieces.splice(0, count);
    this.#bytes -= size;
    if (count === 1) return first.bytes;
    const message = new Uint8Array(size);
    let at = 0;
    for (const { bytes } of taken) {
      message.set(bytes, at);
      at += bytes.length;
    }
    return message;
  }

  clear(): void {
    this.#pieces = [];
    this.#bytes = 0;
  }

  #put(piece: Piece): void {
    this.#pieces.push(piece);
    this.#bytes += piece.bytes.length;
  }
}

function piecesOf(frame: EncodableFrame, maxMessageBytes: number): readonly Piece[] {
  if (encodedBytes(frame) <= maxMessageBytes) return [{ bytes: encodeFrames([frame]), shares: true }];
  const pieces: Piece[] = [];
  let sent = 0;
  do {
    const part = encodePart(frame, sent, maxMessageBytes);
    pieces.push({ bytes: part.message, shares: false });
    sent = part.sent;
  } while (sent < frame.body.length);
  return pieces;
}
