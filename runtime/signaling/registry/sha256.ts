import { bytesToHex } from "@noble/hashes/utils";
import { sha256 } from "@noble/hashes/sha2";

/**
 * SHA-256 of a text in UTF-8. The platform's own is asynchronous, and missing in pages that come by plain HTTP.
 * @returns the first 16 of its 32 bytes, as 32 hexadecimal digits
 */
export function shortSha256(text: string): string {
  return bytesToHex(sha256(text).subarray(0, 16));
}
