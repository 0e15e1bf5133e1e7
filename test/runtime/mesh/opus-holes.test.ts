import { expect, it } from "vitest";
import type { Link } from "../../../runtime/interface/link.ts";
import { OpusDecode } from "../../../stdlib/audio/opus-decode.node.ts";
import { meshRun } from "../../support/mesh-run.ts";
import { encoded, speech } from "../../support/quality/lossy-speech.ts";

/** A voice whose listener decodes it on another peer. */
const program = `
import { OpusDecode } from "std/audio"
interface Ear { in heard: audio<opus, 48kHz, mono>
 out sound: audio<pcm_f32, 48kHz, mono> }
pipeline Talk { in voice: audio<opus, 48kHz, mono>
 out sound: audio<pcm_f32, 48kHz, mono>
 remote ear: Ear { at there.Listen }
 voice -> ear with { delivery: live, buffer: 8 } -> sound }
pipeline Listen: Ear { in heard: audio<opus, 48kHz, mono>
 out sound: audio<pcm_f32, 48kHz, mono>
 heard -> OpusDecode() -> sound }
peer here { runs Talk
 listens "webrtc://127.0.0.1:1" }
peer there { runs Listen
 listens "webrtc://127.0.0.1:2" }
`;

it("R4.3 sound that a live link has dropped is made good by the decoder on the other peer", async () => {
  const said = await speech();
  const packets = await encoded(said, { packetLoss: 0.1 });
  const { clock, open, mesh } = await meshRun(program, { OpusDecode });
  const { session, outputs, end } = await open("Talk");
  const voice = session.inputs["voice"] as Link;
  // Twelve at one moment are more than the buffer of the link takes.
  for (const [index, packet] of packets.entries()) {
    voice.send(packet);
    if (index % 12 === 0) await clock.run(240);
  }
  await clock.run(100);
  const { dropped } = session.describe().streams.find((stream) => stream.name === "voice -> ear.heard") ?? {};
  end("voice");
  await clock.until(session.closed);
  expect(dropped).toBeGreaterThan(10);
  const frames = outputs["sound"]?.frames ?? [];
  // No time is missing.
  const samples = frames.reduce((sum, frame) => sum + (frame.payload as Float32Array).length, 0);
  expect(samples).toBe(packets.length * 960 - 312);
  let untilUs = frames[0]?.timestampUs ?? 0;
  for (const { timestampUs, payload } of frames) {
    expect(Math.abs(timestampUs - untilUs)).toBeLessThan(5);
    untilUs = timestampUs + ((payload as Float32Array).length * 1e6) / 48_000;
  }
  await clock.until(mesh.close());
  expect(clock.pending).toBe(0);
});
