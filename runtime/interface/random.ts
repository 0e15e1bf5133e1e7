/** Randomness as an argument. */
export interface Random {
  /** A uniform number, `0 <= x < 1`. Not for secrets. */
  next(): number;
  /** `count` bytes fit for identifiers and nonces. */
  bytes(count: number): Uint8Array;
}

/** A fresh identifier of 16 random bytes, as 22 characters of URL-safe Base64 (RFC 4648 section 5). */
export function randomId(random: Random): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const characters: (string | undefined)[] = [];
  let bits = 0;
  let held = 0;
  for (const byte of random.bytes(16)) {
    held = ((held << 8) | byte) & 0xffff;
    bits += 8;
    while (bits >= 6) {
      bits -= 6;
      characters.push(alphabet[(held >> bits) & 63]);
    }
  }
  characters.push(alphabet[(held << (6 - bits)) & 63]);
  // In one piece: a text that is put together bit by bit keeps its bits.
  return characters.join("");
}
