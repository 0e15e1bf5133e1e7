import { ntpFromWall } from "../../../../media/rtcp.ts";
import { fieldOf } from "./fields.nodejs.ts";

/**
 * What werift will report of the packet that it has just been given: the time that its RTP timestamp stands for (RFC 3550 section 6.4.1).
 * Werift tells when it sent it, and writes the decimal digits behind the second where the fraction of one belongs, so that the
 * reports of two tracks were off against each other by up to a second.
 * @param wallUs microseconds since the Unix epoch
 */
export function correctReport(sender: object, wallUs: number): void {
  const told = fieldOf(sender, "ntpTimestamp");
  // Zero before the first packet: while there is no connection nothing is sent, and nothing reported.
  if (typeof told === "bigint" && told !== 0n) (sender as { ntpTimestamp: bigint }).ntpTimestamp = ntpOf(wallUs);
}

/** Seconds since 1900 with 32 bits of fraction, RFC 3550 section 4. */
function ntpOf(wallUs: number): bigint {
  return (BigInt(Math.round(ntpFromWall(wallUs / 1_000))) << 32n) / 1_000_000n;
}
