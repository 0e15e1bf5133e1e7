import { trackStatNames, type TrackStats } from "../../interface/track.ts";

/** The parts of a report that tell of RTP streams: https://www.w3.org/TR/webrtc-stats/#dom-rtcstatstype */
const types = new Set(["outbound-rtp", "remote-inbound-rtp", "inbound-rtp"]);

/** The numbers of a W3C report about one sender or receiver. What both sides count is taken from the side that knows it: later parts win. */
export function statsOf(report: Iterable<object>): TrackStats {
  const stats: Record<string, number> = {};
  for (const part of report) {
    const values = part as Readonly<Record<string, unknown>>;
    if (!types.has(String(values["type"]))) continue;
    for (const name of trackStatNames) {
      const value = values[name];
      if (typeof value === "number" && Number.isFinite(value)) stats[name] = value;
    }
  }
  return stats;
}
