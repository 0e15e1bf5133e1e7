import { MeshError } from "../../interface/errors.ts";
import { serviceLimits } from "../limits.ts";
import { PerAddress } from "../per-address.ts";

/** How many watches there are: each change of what is registered is held against all of them. */
export class WatchPlaces {
  readonly #perAddress = new PerAddress(serviceLimits.watchesPerAddress);
  #count = 0;

  /** @throws {MeshError} `resource-exhausted` when there is no place for another */
  add(host: string | undefined): void {
    const { watchesInAll, watchesPerAddress } = serviceLimits;
    if (this.#count >= watchesInAll) {
      throw new MeshError("resource-exhausted", `as many as may be (${watchesInAll}) watch here`, {
        retryAfterMs: 10_000,
      });
    }
    if (!this.#perAddress.take(host)) {
      throw new MeshError("resource-exhausted", `one address watches ${watchesPerAddress} questions at most`);
    }
    this.#count += 1;
  }

  /** Once for each that was added. */
  remove(host: string | undefined): void {
    this.#count -= 1;
    this.#perAddress.release(host);
  }
}
