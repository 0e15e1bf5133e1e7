import { createServer } from "node:net";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { folderWith, readWav } from "./support/files.ts";
import { RunningMeshc } from "./support/meshc.ts";
import { groupGone } from "./support/processes.ts";

const script = fileURLToPath(new URL("../../scripts/start.mjs", import.meta.url));

/** What `npm start` runs. */
function start(args: readonly string[]): RunningMeshc {
  const env = { CLIENT_LISTENS: undefined, EDGE_LISTENS: undefined, GPU_LISTENS: undefined };
  const running = new RunningMeshc(args, { script, env });
  onTestFinished(() => running.end());
  return running;
}

it("runs the main job, on another port where one is taken", async () => {
  const server = createServer();
  // Where somebody else has it already, or one of the other two, that is as good.
  await new Promise<void>((resolve) =>
    server.once("error", () => resolve()).listen(7442, "127.0.0.1", () => resolve()),
  );
  onTestFinished(() => void server.close());
  const cwd = folderWith();
  const answer = join(cwd, "answer.wav");
  const startMs = performance.now();
  const running = start(["--out", `speaker=${answer}`]);
  const { code, out } = await running.ended();
  expect(code).toBe(0);
  expect(performance.now() - startMs).toBeLessThan(40_000);
  const { lines } = running;
  const moved = /^Port 7442 is taken, so EDGE_LISTENS is (webrtc:\/\/127\.0\.0\.1:\d+) this time\.$/m.exec(out)?.[1];
  expect(moved).toBeDefined();
  expect(lines).toContain(`edge listens at ${moved}`);
  expect(out).toMatch(/^captions: go forward ten meters \(\d+ %\)$/m);
  expect(out).toMatch(/^replies: .*forward/m);
  expect(lines.at(-1)).toMatch(
    /^Client: mic 173 frames .* in, speaker \d+ frames .* out, .*; end to end \d+ ms; speaker is in .*answer\.wav$/,
  );
  expect(readWav(answer).frames).toBeGreaterThan(48_000);
});

// A second is enough for a machine that has some to spare; a busy one gets another try.
it("ends with all its processes on Ctrl-C", { retry: 2 }, async () => {
  const running = start(["--out", `speaker=${join(folderWith(), "answer.wav")}`]);
  // What finds ports that are free says something before there is anybody who would take Ctrl-C.
  await running.line((line) => line.includes(" listens at "));
  const { code, ms } = await running.groupEndedAfter("SIGINT");
  expect(code).toBe(130);
  expect(ms).toBeLessThan(1_000);
  await groupGone(running.pid, 1_000 - ms);
});
