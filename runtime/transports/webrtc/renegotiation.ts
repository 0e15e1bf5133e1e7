/** Descriptions that are exchanged while a connection is up: docs/protocol.md, chapter "Media tracks". */
import * as z from "zod/mini";
import { int, read, text } from "../../interface/bounded.ts";
import { MeshError } from "../../interface/errors.ts";
import { encodeDescription } from "./transport-messages.ts";

/** Characters of one SDP; a track takes about 1,000 of them. */
const maxSdpLength = 96 * 1024;
/** Bytes of one message, all its pieces together. */
const maxMessageBytes = 128 * 1024;

const id = int(1, 0x7fff_ffff);
const message = z.discriminatedUnion("type", [
  z.object({ type: z.literal("offer"), id, sdp: text(1, maxSdpLength) }),
  z.object({ type: z.literal("answer"), id, sdp: text(1, maxSdpLength) }),
  /** The offer of that number is not answered; the tracks stay as they were. */
  z.object({ type: z.literal("refusal"), id, reason: text(0, 1_024) }),
]);
export type DescriptionMessage = z.infer<typeof message>;

export function descriptionPieces(said: DescriptionMessage): Uint8Array[] {
  return encodeDescription(JSON.stringify(said));
}

/** Puts the pieces of descriptions together. */
export class DescriptionReader {
  #pieces: Uint8Array[] = [];
  #bytes = 0;

  /**
   * @returns the message that the piece completes
   * @throws {MeshError} `protocol-violation`
   */
  take(more: boolean, piece: Uint8Array): DescriptionMessage | undefined {
    this.#bytes += piece.length;
    if (this.#bytes > maxMessageBytes) throw violation(`it has more than ${maxMessageBytes} bytes`);
    this.#pieces.push(piece);
    if (more) return undefined;
    const whole = new Uint8Array(this.#bytes);
    let at = 0;
    for (const one of this.#pieces) {
      whole.set(one, at);
      at += one.length;
    }
    this.#pieces = [];
    this.#bytes = 0;
    return parse(whole);
  }
}

function parse(bytes: Uint8Array): DescriptionMessage {
  let data: unknown;
  try {
    data = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw violation("it is not JSON");
  }
  const result = read(message, data);
  if (result.success) return result.data;
  throw violation(`${result.flaw.path || "the message"}: ${result.flaw.message}`);
}

function violation(what: string): MeshError {
  return new MeshError("protocol-violation", `A description on channel 0 is not as the protocol wants it: ${what}.`);
}
