import { randomBytes } from "node:crypto";
import type { Random } from "../interface/random.ts";

export const nodejsRandom: Random = {
  next: () => Math.random(),
  bytes: (count) => new Uint8Array(randomBytes(count)),
};
