import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { launchAssistant } from "./main.mesh.js";

/** Samples of 20 ms at 16 kHz, as a microphone gives them. */
const frameSamples = 320;

/** The header of question.wav has 44 bytes; what follows is PCM of 16 bits. */
async function question(): Promise<Int16Array> {
  const bytes = await readFile("question.wav");
  return new Int16Array(new Uint8Array(bytes.subarray(44)).buffer);
}

test("hears the order and answers it", async () => {
  await using assistant = await launchAssistant();
  const samples = await question();
  const talking = (async () => {
    for (let at = 0; at < samples.length; at += frameSamples) {
      await assistant.mic.write(samples.slice(at, at + frameSamples));
    }
    assistant.end();
  })();
  let spoken = 0;
  const listening = (async () => {
    for await (const sound of assistant.speaker) spoken += sound.length;
  })();

  const replies: string[] = [];
  for await (const reply of assistant.replies) replies.push(reply);
  await Promise.all([talking, listening]);
  assert.deepEqual(replies, ["Going ten meters forward."]);
  // At least a second of sound at 48 kHz.
  assert.ok(spoken > 48_000, `only ${spoken} samples were spoken`);
});
