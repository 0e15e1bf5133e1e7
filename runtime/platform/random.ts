import type { Random } from "../interface/random.ts";

/** The randomness of Node and of browsers, which both have Web Crypto; Node loads it when it is first asked for. */
export const platformRandom: Random = {
  next: () => Math.random(),
  bytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
};
