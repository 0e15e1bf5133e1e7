/**
 * Rendezvous hashing, also called highest random weight (Thaler and Ravishankar, "Using name-based mappings to increase hit
 * rates", IEEE/ACM Transactions on Networking 6(1), 1998): each place draws a number for the key, the same each time, and
 * the highest wins. With one place more or less, only the keys move that have to.
 * @returns a whole number of 32 bits
 */
export function rendezvousWeight(place: string, key: string): number {
  return mixed(`${place}:${key}`);
}

/**
 * The same for places of different size: the share of the keys that a place wins is its part of the sum of all sizes
 * (Schindelhauer and Schomaker, "Weighted distributed hash tables", SPAA 2005: the logarithmic method).
 * @param size more than 0
 */
export function sizedRendezvousWeight(place: string, key: string, size: number): number {
  return -size / Math.log((mixed(`${place}:${key}`) + 0.5) / 2 ** 32);
}

/** FNV-1a over the UTF-16 units, then the finishing step of MurmurHash3, for the last units to count as much as the first. */
function mixed(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
