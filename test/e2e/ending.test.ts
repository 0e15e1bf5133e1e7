import { readdirSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { folderWith, readWav, tone } from "./support/files.ts";
import { RunningMeshc } from "./support/meshc.ts";
import { childWith, freeAddresses, groupGone, groupMembers } from "./support/processes.ts";

const relay = fileURLToPath(new URL("./fixtures/relay/main.mesh", import.meta.url));

/** A run of three processes with far more sound than any test waits for. */
async function longRun(): Promise<{ run: RunningMeshc; cwd: string }> {
  const cwd = folderWith({ "in.wav": tone(150) });
  const args = ["run", relay, "--processes", "--in", "mic=in.wav", "--out", "speaker=out.wav", "--format", "json"];
  const run = new RunningMeshc(args, { cwd, env: await freeAddresses() });
  onTestFinished(() => run.end());
  return { run, cwd };
}

const passedSomething = (line: string): boolean => line.startsWith('{"type":"output"');
const started = (line: string): boolean => line.startsWith('{"type":"started"') && line.includes('"peer":"gpu"');

describe("Ctrl-C", () => {
  it.each([
    ["as a terminal sends it, to all processes", "groupEndedAfter", "SIGINT"],
    ["sent to meshc alone", "endedAfter", "SIGINT"],
    ["or a request to terminate", "endedAfter", "SIGTERM"],
  ] as const)("%s, ends everything within a second with exit code 130", async (_how, send, signal) => {
    const { run, cwd } = await longRun();
    await run.line(passedSomething);
    expect(groupMembers(run.pid)).toHaveLength(4);
    const { code, ms } = await run[send](signal);
    expect(code).toBe(130);
    expect(ms).toBeLessThan(1_000);
    await groupGone(run.pid, 1_000 - ms);
    // What was heard until then is kept, whole.
    expect(readdirSync(cwd).toSorted()).toEqual(["in.wav", "out.wav"]);
    expect(readWav(join(cwd, "out.wav")).frames).toBeGreaterThan(8_000);
    expect(run.messages.at(-1)).toMatchObject({ type: "ended", code: 130 });
  });

  it("ends processes that are still starting", async () => {
    const { run, cwd } = await longRun();
    await run.line(started);
    const { code, ms } = await run.endedAfter("SIGINT");
    expect(code).toBe(130);
    expect(ms).toBeLessThan(1_000);
    await groupGone(run.pid, 1_000 - ms);
    expect(readdirSync(cwd)).toEqual(["in.wav"]);
  });
});

describe("a meshc that is killed", () => {
  it("leaves no process behind", async () => {
    const { run, cwd } = await longRun();
    await run.line(passedSomething);
    process.kill(run.pid, "SIGKILL");
    await groupGone(run.pid);
    expect(readdirSync(cwd).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  it("leaves none that was still starting", async () => {
    const { run } = await longRun();
    await run.line(started);
    process.kill(run.pid, "SIGKILL");
    await groupGone(run.pid);
  });
});

describe("a peer whose process is killed", () => {
  it("is replaced by the `else` target, and the summary says so", async () => {
    const cwd = folderWith({ "in.wav": tone(4) });
    const env = await freeAddresses();
    const args = ["run", relay, "--processes", "--in", "mic=in.wav", "--out", "speaker=out.wav"];
    const run = new RunningMeshc(args, { cwd, env });
    onTestFinished(() => run.end());
    await run.line((line) => line === "notes: client has passed 50");
    process.kill(childWith(run.pid, "--peer gpu"), "SIGKILL");
    const { code, out } = await run.ended();
    expect(code).toBe(0);
    expect(out).toMatch(/^× gpu has gone: its process \d+ was ended by SIGKILL$/m);
    expect(out).toContain("\n! gpu_relay uses Near() in the place of gpu.Far\n");
    expect(out).toMatch(/^ {4}gpu_relay ⇄ Near\(\) +in this process$/m);
    expect(out).toContain(
      "Not as planned: the process of gpu was ended by SIGKILL; Near() took over from gpu.Far in gpu_relay\n",
    );
    // What was on its way may be lost; what came before and after arrived, up to the end.
    const [sent, heard] = ["in.wav", "out.wav"].map((name) => readWav(join(cwd, name)).samples);
    expect(heard?.slice(0, 50 * 320)).toEqual(sent?.slice(0, 50 * 320));
    expect(heard?.slice(-320)).toEqual(sent?.slice(-320));
    expect(out).toMatch(/^Client: mic 200 frames \(4\.0 s\) in, speaker \d+ frames/m);
  });

  it("ends the run with a clear error where nothing can replace it", async () => {
    const { run } = await longRun();
    await run.line(passedSomething);
    const killedMs = performance.now();
    process.kill(run.pidOf("edge"), "SIGKILL");
    const { code } = await run.ended();
    expect(code).toBe(3);
    expect(performance.now() - killedMs).toBeLessThan(8_000);
    expect(run.messages.at(-1)).toMatchObject({
      type: "ended",
      code: 3,
      error: {
        code: "targets-exhausted",
        message: expect.stringMatching(
          /^Remote `edge_relay` of pipeline `Client` \(.*main\.mesh:21:10\) has no target left:\n {2}edge\.Middle: /,
        ),
        hint: expect.stringContaining("Is the peer running?"),
      },
    });
    await groupGone(run.pid);
  });

  it("ends a run that has no session to show whether the others cope", async () => {
    const run = new RunningMeshc(["run", relay, "--processes"], { env: await freeAddresses() });
    onTestFinished(() => run.end());
    for (const peer of ["client", "edge", "gpu"]) await run.line((line) => line.startsWith(`${peer} listens at `));
    process.kill(childWith(run.pid, "--peer gpu"), "SIGKILL");
    const { code, err } = await run.ended();
    expect(code).toBe(3);
    expect(err).toContain("error: The peer `gpu` has gone: its process was ended by SIGKILL.\n");
    await groupGone(run.pid);
  });

  it("that has the session ends the run, and its unfinished file goes", async () => {
    const { run, cwd } = await longRun();
    await run.line(passedSomething);
    process.kill(run.pidOf("client"), "SIGKILL");
    const { code } = await run.ended();
    expect(code).toBe(3);
    expect(run.messages.at(-1)).toMatchObject({
      error: { code: "peer-lost", message: "The peer `client` has gone: its process was ended by SIGKILL." },
    });
    expect(readdirSync(cwd)).toEqual(["in.wav"]);
    await groupGone(run.pid);
  });
});
