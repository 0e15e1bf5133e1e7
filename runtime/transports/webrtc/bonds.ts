import type { ConnectionState } from "../../interface/connection.ts";
import type { Bond } from "../../interface/signaling.ts";
import type { Carrier } from "../shared/carrier.ts";

/** How many connections a caller names at most. */
const mostNamed = 16;

/** Connections that others have dialled, as a caller names them to the peer that it calls. */
export class Inbound {
  readonly #carriers = new Set<Carrier>();

  add(carrier: Carrier): void {
    this.#carriers.add(carrier);
    void carrier.closed.then(() => this.#carriers.delete(carrier));
  }

  /**
   * Those that can carry more, the newest first.
   * @param own what this side has dialled: where it has called itself, both ends are here, and neither is another peer's
   */
  named(own: Iterable<Carrier>): readonly { readonly carrier: Carrier; readonly bond: Bond }[] {
    const here = [...own].flatMap((carrier) => bondOf(carrier.describe()) ?? []);
    const open = [...this.#carriers].filter(({ isOpen }) => isOpen).toReversed();
    return open
      .flatMap((carrier) => {
        const bond = bondOf(carrier.describe());
        return bond === undefined || here.some((one) => isSame(one, bond)) ? [] : [{ carrier, bond }];
      })
      .slice(0, mostNamed);
  }
}

/** Certificates are compared by their fingerprints (RFC 8122), without regard to case. */
export function bondOf(state: ConnectionState): Bond | undefined {
  const [own, other] = [state.localDescription, state.remoteDescription].map((sdp) =>
    /^a=fingerprint:(\S+ [0-9a-f:]+)\s*$/im.exec(sdp ?? "")?.[1]?.toLowerCase(),
  );
  return own === undefined || other === undefined ? undefined : { own, other };
}

/** True when the two ends of one connection say so of it. */
export function isSame(here: Bond, there: Bond): boolean {
  return here.own === there.other.toLowerCase() && here.other === there.own.toLowerCase();
}
