import type { ToPage } from "./messages.ts";

/** In this order a page is told what it has missed. */
const order: readonly ToPage["type"][] = ["picture", "stale", "select", "live"];

/**
 * What a page is told. It hears nothing before it has come up, which takes its time, and begins anew when it is shown again: so the latest of
 * each kind is kept, and said whenever the page says that it is ready.
 */
export class ToldPage {
  readonly #post: (message: ToPage) => void;
  readonly #latest = new Map<ToPage["type"], ToPage>();
  #isReady = false;

  constructor(post: (message: ToPage) => void) {
    this.#post = post;
  }

  say(message: ToPage): void {
    // A picture is as good as new.
    if (message.type === "picture") this.#latest.delete("stale");
    this.#latest.set(message.type, message);
    if (this.#isReady) this.#post(message);
  }

  /** The page can be spoken to, for the first time or again. */
  ready(): void {
    this.#isReady = true;
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
