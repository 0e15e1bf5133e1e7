import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const script = fileURLToPath(new URL("fixtures/closing-peer.ts", import.meta.url));

it.each([
  "after a session that ended well",
  "in the middle of a session, both at once",
  "in the middle of a session, the caller first",
  "in the middle of a session, the host first",
  "while it dials one that does not answer",
  "after a launch that found its port taken",
])("leaves no timer, socket or port behind, so that the process ends by itself, %s", async (way) => {
  const child = spawn(process.execPath, ["--import", "tsx", script, way], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise((resolve) => child.once("close", resolve));
  expect({ code, held: output.trim() }).toEqual({ code: 0, held: "[]" });
});
