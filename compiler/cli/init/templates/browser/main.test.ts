import assert from "node:assert/strict";
import { test } from "node:test";
import { launchReader, type Reading } from "./main.mesh";

test("reads each line", async () => {
  await using reader = await launchReader();
  await reader.line.write("good morning");
  await reader.line.write("stop!");
  reader.end();

  const readings: Reading[] = [];
  for await (const reading of reader.reading) readings.push(reading);
  assert.deepEqual(readings, [
    { line: "good morning", words: 2, loud: false },
    { line: "stop!", words: 1, loud: true },
  ]);
});
