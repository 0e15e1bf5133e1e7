import assert from "node:assert/strict";
import { test } from "node:test";
import { launchMain } from "./main.mesh.js";

test("greets everybody by name", async () => {
  await using main = await launchMain({ params: { word: "Good morning" } });
  for (const name of ["Ada", "Grace"]) await main.name.write(name);
  main.end();

  const greetings: string[] = [];
  for await (const greeting of main.greeting) greetings.push(greeting);
  assert.deepEqual(greetings, ["Good morning, Ada!", "Good morning, Grace!"]);
});
