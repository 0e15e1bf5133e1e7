/** How many connections an address may have at an HTTP server of Node. */
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { AddressRate, PerAddress } from "./per-address.ts";
import type { RefusalReason } from "./refusals.ts";

export interface AddressLimits {
  readonly connections: number;
  readonly socketsPerSecond: number;
}

/** Of this process. */
export const nodejsTime = { nowUs: (): number => performance.now() * 1_000 };

const tooManyOpen = ["429 Too Many Requests", "Too many connections of this address are open."] as const;
const tooManySockets = ["429 Too Many Requests", "Too many connections of this address within a second."] as const;

/** Who is connected, by address; too many of one address are told so, and sent away. */
export class Crowd {
  readonly #open: PerAddress;
  readonly #rate: AddressRate;
  readonly #refused: (reason: RefusalReason) => void;
  readonly #turnedAway = new WeakSet<Duplex>();
  readonly #left: (this: Socket) => void;

  constructor({ connections, socketsPerSecond }: AddressLimits, refused: (reason: RefusalReason) => void) {
    this.#open = new PerAddress(connections);
    this.#rate = new AddressRate(nodejsTime, socketsPerSecond);
    this.#refused = refused;
    const open = this.#open;
    // One for all: the address of a socket that was asked for it is known also when it is closed.
    this.#left = function left(this: Socket) {
      open.release(hostOf(this.remoteAddress));
    };
  }

  /**
   * Comes before the HTTP server, which takes the connection all the same.
   * @param secure it begins with a handshake of TLS, before which nothing can be said
   */
  enter(socket: Socket, secure = false): void {
    const host = hostOf(socket.remoteAddress);
    if (this.#open.take(host)) {
      socket.on("close", this.#left);
      return;
    }
    this.#refused("address-connections");
    this.#turnedAway.add(socket);
    socket.on("error", () => undefined);
    if (secure) socket.destroy();
    else decline(socket, ...tooManyOpen);
  }

  /** Nothing that it sends is answered any more. */
  isTurnedAway(socket: Duplex): boolean {
    return this.#turnedAway.has(socket);
  }

  /** @returns whether the address of a socket may open one more WebSocket now; one that may not has been told so */
  mayOpen(socket: Duplex, remoteAddress: string | undefined): boolean {
    if (this.#turnedAway.has(socket)) return false;
    if (this.#rate.take(hostOf(remoteAddress))) return true;
    this.#refused("address-rate");
    decline(socket, ...tooManySockets);
    return false;
  }
}

/** IPv4 as such also where the system says it in IPv6 (RFC 4291, section 2.5.5.2). */
export function hostOf(remoteAddress: string | undefined): string | undefined {
  return remoteAddress?.replace(/^::ffff:(?=\d+\.)/, "");
}

/** Answers and closes, whatever the client still wants. */
export function decline(stream: Duplex, status: string, sentence: string): void {
  const body = `${sentence}\n`;
  stream.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    () => stream.destroy(),
  );
}
