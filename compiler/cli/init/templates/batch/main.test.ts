import assert from "node:assert/strict";
import { test } from "node:test";
import { launchMain, type Summary } from "./main.mesh.js";

test("keeps the first sentence of each document, in order", async () => {
  await using main = await launchMain();
  await main.documents.write({ title: "Tea", text: "Boil water. Wait. Pour it over the leaves." });
  await main.documents.write({ title: "Nothing", text: "" });
  main.end();

  const summaries: Summary[] = [];
  for await (const summary of main.summaries) summaries.push(summary);
  assert.deepEqual(summaries, [
    { title: "Tea", summary: "Boil water.", words: 8 },
    { title: "Nothing", summary: "", words: 0 },
  ]);
});
