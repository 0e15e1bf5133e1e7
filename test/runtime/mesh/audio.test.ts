import { expect, it } from "vitest";
import type { FlowType } from "../../../runtime/interface/caps.ts";
import type { NodeDefinition } from "../../../runtime/interface/node.ts";
import { launchPlan } from "../../../runtime/mesh/launch.ts";
import { servePeer } from "../../../runtime/mesh/serving.ts";
import { Gain } from "../../../stdlib/audio/gain.node.ts";
import { OpusDecode } from "../../../stdlib/audio/opus-decode.node.ts";
import { OpusEncode } from "../../../stdlib/audio/opus-encode.node.ts";
import { Resample } from "../../../stdlib/audio/resample.node.ts";
import { ToFloat } from "../../../stdlib/audio/to-float.node.ts";
import { weriftTransport } from "../../conformance/nodejs-transport.ts";
import { collector, depsOf, feed, planOf } from "../../support/pipeline-run.ts";
import { realClock, seededRandom } from "../../support/real-clock.ts";
const program = `
import { Gain } from "std/audio"
interface Louder { in speech: audio<opus, 48kHz, mono>
 out louder: audio<opus, 48kHz, mono> }
pipeline Client {
  in  mic: audio<pcm_s16, 16kHz, mono>
  out speaker: audio<pcm_f32, 48kHz, mono>
  remote box: Louder { at server.Amplifier }
  mic ~> box ~> speaker
}
pipeline Amplifier: Louder {
  in  speech: audio<opus, 48kHz, mono>
  out louder: audio<opus, 48kHz, mono>
  speech ~> Gain(gain: 6dB) ~> louder
}
peer client { runs Client
 listens "webrtc://127.0.0.1:0" }
peer server { runs Amplifier
 listens "webrtc://127.0.0.1:0" }
`;
import * as calls from "../../../runtime/remote/calls.ts";

const audio = (codec: string, rate: number): FlowType => ({
  kind: "audio",
  dims: { codec: [codec], rate: [rate], channels: [1] },
});

function rms(samples: ArrayLike<number>): number {
  let sum = 0;
  for (let at = 0; at < samples.length; at += 1) sum += (samples[at] ?? 0) ** 2;
  return Math.sqrt(sum / samples.length);
}

it("R1.3 R2.3 sends a voice band tone as Opus to another peer, and gets it back 6 dB louder while it still sends", async () => {
  const nodes: Record<string, NodeDefinition> = { Gain, OpusDecode, OpusEncode, Resample, ToFloat };
  const deps = depsOf(nodes);
  await using mesh = await launchPlan(
    planOf(program),
    {
      clock: realClock,
      random: seededRandom(5),
      log: () => undefined,
      env: () => undefined,
      transports: [weriftTransport()],
      calls: async () => calls,
      serve: servePeer,
    },
    { registry: deps.registry },
  );
  const speaker = collector();
  const { signal } = new AbortController();
  const session = await mesh.open("Client", {
    params: {},
    inputs: { mic: audio("pcm_s16", 16_000) },
    outputs: { speaker: { type: audio("pcm_f32", 48_000), link: speaker.link } },
    schemas: {},
    signal,
  });
  // Two seconds of 440 Hz in frames of 20 ms.
  const frames = Array.from({ length: 100 }, (_, frame) =>
    Int16Array.from(
      { length: 320 },
      (_sample, at) => 6000 * Math.sin((2 * Math.PI * 440 * (frame * 320 + at)) / 16_000),
    ),
  );
  await feed(session, "mic", frames);
  const [remote] = session.describe().remotes;
  expect(remote?.session?.streams.map((stream) => `${stream.name} ${stream.format}`)).toEqual([
    "speech audio<opus, 48kHz, mono>",
    "louder audio<opus, 48kHz, mono>",
  ]);
  expect((await session.closed).error).toBeUndefined();
  const heard = speaker.payloads.flatMap((payload) => (payload instanceof Float32Array ? [...payload] : []));
  expect(heard.length / 48_000).toBeCloseTo(2, 0);
  const middle = heard.slice(24_000, 72_000);
  const gainDb = 20 * Math.log10(rms(middle) / (6000 / 32_768 / Math.SQRT2));
  expect(gainDb).toBeGreaterThan(5);
  expect(gainDb).toBeLessThan(7);
  const timestamps = speaker.frames.map((frame) => frame.timestampUs);
  expect(timestamps).toEqual(timestamps.toSorted((a, b) => a - b));
});
