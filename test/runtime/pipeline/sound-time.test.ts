import { expect, it } from "vitest";
import { defineNode } from "../../../runtime/interface/node.ts";
import { delay } from "../../../runtime/interface/clock.ts";
import { meshRun } from "../../support/mesh-run.ts";

const program = (type: string): string => `
node Source { out made: ${type}
 from "./x.ts" }
pipeline P { out made: ${type}
 Source() -> made }
`;

/** The media times of what a source gives after so many milliseconds each. */
async function times(type: string, waits: readonly number[], payload: Float32Array | Int16Array | Uint8Array) {
  const Source = defineNode({
    open: (_, { clock }) => ({
      async *run() {
        for (const wait of waits) {
          await delay(clock, wait);
          yield payload.slice();
        }
      },
    }),
  });
  const { open, clock, mesh } = await meshRun(program(type), { Source });
  const { session, outputs } = await open("P", { inputs: {} });
  await clock.until(session.closed);
  await clock.until(mesh.close());
  return outputs["made"]?.frames.map(({ timestampUs }) => timestampUs);
}

const uneven = [0, 18, 23, 19, 31, 9, 20];
const even = [0, 20, 40, 60, 80, 100, 120].map((ms) => ms * 1_000);

it("raw sound of a source follows the sound before it, however unevenly it comes", async () => {
  expect(await times("audio<pcm_f32, 48kHz, mono>", uneven, new Float32Array(960))).toEqual(even);
  expect(await times("audio<pcm_s16, 16kHz, stereo>", uneven, new Int16Array(640))).toEqual(even);
});

it("and where it is faster than it plays, but a pause is one", async () => {
  expect(await times("audio<pcm_f32, 48kHz, mono>", [0, 0, 0, 0, 0, 0, 0], new Float32Array(960))).toEqual(even);
  const paused = await times("audio<pcm_f32, 48kHz, mono>", [0, 20, 500, 20], new Float32Array(960));
  expect(paused).toEqual([0, 20_000, 520_000, 540_000]);
});

it("what does not tell how long it is has the time at which it comes", async () => {
  expect(await times("audio<opus, 48kHz, mono>", [0, 18, 23], new Uint8Array(60))).toEqual([0, 18_000, 41_000]);
});
