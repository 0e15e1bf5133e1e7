import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { folderWith, tone } from "./support/files.ts";
import { meshc } from "./support/meshc.ts";
import { freeAddresses } from "./support/processes.ts";

const relay = fileURLToPath(new URL("./fixtures/relay/main.mesh", import.meta.url));

it("a peer that is not there is named with its address, once its attempts are over", async () => {
  const cwd = folderWith({ "in.wav": tone(1) });
  const env = await freeAddresses();
  const startMs = performance.now();
  const { code, err } = await meshc(["run", relay, "--peer", "client", "--in", "mic=in.wav"], { cwd, env });
  // Nothing answers there: the attempts follow each other after their pauses, not after their time limits.
  expect(performance.now() - startMs).toBeLessThan(10_000);
  expect(code).toBe(3);
  expect(err).not.toMatch(/^\s+at .*[:(]\d+/m);
  expect(err.match(/^error/gm)).toHaveLength(1);
  const where = env.EDGE_LISTENS.slice("webrtc://".length);
  expect(err).toContain("has no target left:\n");
  expect(err).toContain(`edge.Middle: Nothing listens at ${where}.\n`);
  expect(err).toContain(`help: Is the peer running? It has to listen at ${env.EDGE_LISTENS}. `);
  expect(err).toContain(`\`meshc doctor ${env.EDGE_LISTENS}/Middle\` tells what is found there.\n`);
});
