import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { folderWith, readWav } from "./support/files.ts";
import { groupGone } from "./support/processes.ts";

const script = fileURLToPath(new URL("../../scripts/start.mjs", import.meta.url));

/** What `npm start` runs, in a group of its own. */
function start(args: readonly string[]): {
  lines: string[];
  ended: Promise<unknown[]>;
  pid: number;
  first: Promise<unknown>;
} {
  const { CLIENT_LISTENS: _c, EDGE_LISTENS: _e, GPU_LISTENS: _g, ...env } = process.env;
  const child = spawn(process.execPath, [script, ...args], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  const lines: string[] = [];
  const output = createInterface({ input: child.stdout });
  output.on("line", (line) => lines.push(line));
  const pid = child.pid ?? 0;
  onTestFinished(() => {
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      // It has ended with all its processes.
    }
  });
  return { lines, ended: once(child, "close"), pid, first: once(output, "line") };
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
  const { lines, ended } = start(["--out", `speaker=${answer}`]);
  expect((await ended)[0]).toBe(0);
  expect(performance.now() - startMs).toBeLessThan(40_000);
  const text = lines.join("\n");
  const moved = /^Port 7442 is taken, so EDGE_LISTENS is (webrtc:\/\/127\.0\.0\.1:\d+) this time\.$/m.exec(text)?.[1];
  expect(moved).toBeDefined();
  expect(lines).toContain(`edge listens at ${moved}`);
  expect(text).toMatch(/^captions: go forward ten meters \(\d+ %\)$/m);
  expect(text).toMatch(/^replies: .*forward/m);
  expect(lines.at(-1)).toMatch(
    /^Client: mic 173 frames .* in, speaker \d+ frames .* out, .*; end to end \d+ ms; speaker is in .*answer\.wav$/,
  );
  expect(readWav(answer).frames).toBeGreaterThan(48_000);
});

// A second is enough for a machine that has some to spare; a busy one gets another try.
it("ends with all its processes on Ctrl-C", { retry: 2 }, async () => {
  const { ended, pid, first } = start(["--out", `speaker=${join(folderWith(), "answer.wav")}`]);
  await first;
  const startMs = performance.now();
  process.kill(-pid, "SIGINT");
  expect((await ended)[0]).toBe(130);
  expect(performance.now() - startMs).toBeLessThan(1_000);
  await groupGone(pid, 1_000);
});
