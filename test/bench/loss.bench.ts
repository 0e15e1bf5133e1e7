import {
  decoded,
  decodedWithHoles,
  encoded,
  overTrack,
  qualityOf,
  speech,
  type EncoderParams,
  type Quality,
} from "../support/quality/lossy-speech.ts";
import type { PathConditions } from "../support/virtual-path.ts";
import type { BenchRow } from "./hop-rounds.ts";

export const title =
  "What speech sounds like over an Opus track of 32 kb/s that loses packets, against the original: OpusDecode beside the decoder of @evan/opus, which leaves holes";

/** The same losses for all encoders and decoders; `--long` draws more of them. */
const draws = process.argv.includes("--long") ? 20 : 5;

const ways: readonly (readonly [name: string, conditions: PathConditions])[] = [
  ["none lost", {}],
  ["2 % lost", { loss: 0.02 }],
  ["10 % lost", { loss: 0.1 }],
  ["10 % lost, 3 in a row", { loss: 0.1, burst: 3 }],
];

const encoders: readonly (readonly [name: string, params: EncoderParams])[] = [
  ["by itself", {}],
  ["packetLoss: 10%", { packetLoss: 0.1 }],
];

const peerName = "@evan/opus Decoder";

export async function run(): Promise<{ readonly rows: readonly BenchRow[]; readonly notes: readonly string[] }> {
  const said = await speech();
  const rows: BenchRow[] = [];
  for (const [encoder, params] of encoders) {
    const frames = await encoded(said, params);
    for (const [way, conditions] of ways) {
      const runs = await Promise.all(
        Array.from({ length: conditions.loss === undefined ? 1 : draws }, async (_, index) => {
          const received = overTrack(frames, { jitterMs: 30, seed: 1 + index * 101, ...conditions });
          const ours = await decoded(received, said.length);
          return {
            concealed: ours.concealed,
            recovered: ours.recovered,
            ours: await qualityOf(said, ours.sound),
            peer: await qualityOf(said, decodedWithHoles(received, said.length).sound),
          };
        }),
      );
      const name = `${way}, ${encoder}`;
      const compared = (metric: string, unit: string, key: keyof Quality, digits: number): void => {
        const ours = rounded(mean(runs.map((one) => one.ours[key])), digits);
        const peer = rounded(mean(runs.map((one) => one.peer[key])), digits);
        rows.push({ case: name, metric, unit, ours, peer, peerName, ratio: rounded(ours / peer, 3), goal: null });
      };
      compared("STOI", "", "stoi", 3);
      compared("log-spectral distance", "dB", "logSpectralDistance", 2);
      compared("segmental SNR", "dB", "segmentalSnr", 1);
      const share = (metric: string, values: readonly number[]): void =>
        void rows.push({
          case: name,
          metric,
          unit: "%",
          ours: rounded(mean(values) * 100, 1),
          peer: null,
          peerName: null,
          ratio: null,
          goal: null,
        });
      share(
        "recovered by FEC",
        runs.map((one) => one.recovered),
      );
      share(
        "concealed",
        runs.map((one) => one.concealed),
      );
    }
  }
  return {
    rows,
    notes: [
      `Means of ${draws} seeded draws each, with up to 30 ms of jitter. STOI predicts from 0 to 1 how well it is understood, log-spectral`,
      "distance is how far the spectrum is off (less is better). With packetLoss the encoder takes the sound for speech and cuts the lowest frequencies off, which shifts phases:",
      "its segmental SNR says nothing beside the other one, only beside its own without loss.",
    ],
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
