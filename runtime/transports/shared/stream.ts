import type { Channel } from "../../interface/transport.ts";
import { ignore } from "../../pipeline/outcome.ts";

/** A data channel that carries the messages of one channel after the other, or of several where there are many. */
export class Stream {
  readonly #channel: Channel;
  #users = 0;
  #waiting: (() => void)[] = [];
  #asked = false;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** Channels whose messages this side sends by it. */
  get users(): number {
    return this.#users;
  }

  get writable(): boolean {
    return this.#channel.writable;
  }

  get maxMessageBytes(): number {
    return this.#channel.maxMessageBytes;
  }

  get messageBytes(): number {
    return this.#channel.messageBytes ?? this.#channel.maxMessageBytes;
  }

  get copies(): boolean {
    return this.#channel.copies ?? false;
  }

  take(): void {
    this.#users += 1;
  }

  letGo(): void {
    this.#users -= 1;
  }

  send(message: Uint8Array): void {
    this.#channel.send(message);
  }

  /** Calls once when there is room again; never when the connection ends before. */
  whenWritable(go: () => void): void {
    if (!this.#waiting.includes(go)) this.#waiting.push(go);
    if (this.#asked) return;
    this.#asked = true;
    this.#channel.ready().then(() => {
      this.#asked = false;
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const one of waiting) one();
    }, ignore);
  }

  forget(go: () => void): void {
    this.#waiting = this.#waiting.filter((one) => one !== go);
  }
}
