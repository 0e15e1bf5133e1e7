import type { Told, ToPage } from "./messages.ts";

/** In this order a page is told what it has missed. */
const order: readonly Told["type"][] = ["picture", "stale", "none", "select", "live"];

/** What a message makes untrue of what was said before. */
const overtaken: Readonly<Record<Told["type"], readonly Told["type"][]>> = {
  picture: ["stale", "none"],
  stale: ["none"],
  none: ["picture", "stale", "select", "live"],
  select: [],
  live: [],
};

/**
 * What a page is told. It hears nothing before it has come up, which takes its time, and begins anew when it is shown again: so the latest of
 * each kind is kept, and said whenever the page says that it is ready.
 */
export class ToldPage {
  readonly #post: (message: ToPage) => void;
  readonly #latest = new Map<Told["type"], Told>();
  #isReady = false;

  constructor(post: (message: ToPage) => void) {
    this.#post = post;
  }

  say(message: Told): void {
    for (const type of overtaken[message.type]) this.#latest.delete(type);
    this.#latest.set(message.type, message);
    if (this.#isReady) this.#post(message);
  }

  /** The page can be spoken to, for the first time or again. */
  ready(): void {
    this.#isReady = true;
    this.#post({ type: "heard" });
    for (const type of order) {
      const message = this.#latest.get(type);
      if (message !== undefined) this.#post(message);
    }
  }

  /** Another program is shown: what was said of the one before means nothing. */
  forget(): void {
    this.#latest.clear();
  }
}
