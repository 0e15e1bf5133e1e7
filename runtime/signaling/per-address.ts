import type { Clock } from "../interface/clock.ts";
import { isLoopback } from "./loopback.ts";

/**
 * How much each address has of something, so that one alone cannot take all of it. Programs of the same machine are not held to that: what
 * stands before an endpoint there, such as a proxy, speaks for many.
 */
export class PerAddress {
  readonly #atMost: number;
  /** Only addresses that have something. */
  readonly #had = new Map<string, number>();

  constructor(atMost: number) {
    this.#atMost = atMost;
  }

  /** Addresses that have something. */
  get size(): number {
    return this.#had.size;
  }

  /** @returns false, and takes nothing, when the address has all that it may have */
  take(host: string | undefined): boolean {
    const key = addressKey(host);
    if (key === undefined) return true;
    const had = this.#had.get(key) ?? 0;
    if (had >= this.#atMost) return false;
    this.#had.set(key, had + 1);
    return true;
  }

  /** Once for each `take` that was granted. */
  release(host: string | undefined): void {
    const key = addressKey(host);
    if (key === undefined) return;
    const left = (this.#had.get(key) ?? 0) - 1;
    if (left > 0) this.#had.set(key, left);
    else this.#had.delete(key);
  }

  /** All that was taken is given back. */
  clear(): void {
    this.#had.clear();
  }
}

/** How much each address may have of something in any one second, counted in windows. */
export class AddressRate {
  readonly #clock: Pick<Clock, "nowUs">;
  readonly #had: PerAddress;
  #windowStartUs: number;

  constructor(clock: Pick<Clock, "nowUs">, perSecond: number) {
    this.#clock = clock;
    this.#had = new PerAddress(perSecond);
    this.#windowStartUs = clock.nowUs();
  }

  /** @returns false when the address has had all that it may have in this second */
  take(host: string | undefined): boolean {
    const nowUs = this.#clock.nowUs();
    if (nowUs - this.#windowStartUs >= 1_000_000) {
      this.#windowStartUs = nowUs;
      this.#had.clear();
    }
    return this.#had.take(host);
  }
}

/**
 * What counts as one address: that of IPv4, and the 64 bits of IPv6 that stand for a network (RFC 4291, section 2.5.4), of which a machine
 * may have as many addresses as it likes. Undefined for this machine, and where the address is not known.
 */
export function addressKey(host: string | undefined): string | undefined {
  if (host === undefined || isLoopback(host)) return undefined;
  if (!host.includes(":")) return host;
  const [before = "", after] = (host.split("%")[0] ?? "").split("::");
  const first = before === "" ? [] : before.split(":");
  const last = after === undefined || after === "" ? [] : after.split(":");
  const zeros = after === undefined ? 0 : Math.max(0, 8 - first.length - last.length);
  const all = [...first, ...Array.from({ length: zeros }, () => "0"), ...last];
  return all
    .slice(0, 4)
    .map((part) => part.replace(/^0+(?=.)/, "").toLowerCase())
    .join(":");
}
