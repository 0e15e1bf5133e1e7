import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { JsonValue } from "../../runtime/interface/frame.ts";
import type { SessionDescription, StreamDescription } from "../../runtime/interface/session.ts";
import { folderWith, readWav } from "./support/files.ts";
import { RunningMeshc, type MeshcResult } from "./support/meshc.ts";
import { freeAddresses, groupGone } from "./support/processes.ts";

const example = fileURLToPath(new URL("../../examples/voice-assistant/", import.meta.url));
const args = [
  ...["run", join(example, "main.mesh"), "--processes", "--format", "json"],
  ...["--in", `mic=${join(example, "question.wav")}`, "--out", "speaker=answer.wav"],
];
const opus = "audio<opus, 48kHz, mono>";

/** What the recogniser made of the question: "go forward ten meters". */
function expectQuestion(run: RunningMeshc): void {
  const captions = run.said("output").flatMap(({ port, value }) => (port === "captions" ? [value] : []));
  expect(captions).toHaveLength(1);
  const { text, confidence } = captions[0] as { text: string; confidence: number };
  for (const word of ["go", "forward", "ten", "meters"]) expect(text.split(" ")).toContain(word);
  expect(confidence).toBeGreaterThan(0.3);
  expect(confidence).toBeLessThanOrEqual(1);
}

function replies(run: RunningMeshc): JsonValue[] {
  return run.said("output").flatMap(({ port, value }) => (port === "replies" ? [value] : []));
}

/** Spoken sound: between one and eight seconds, loud in a good part of its pieces of 20 ms, and never beyond full scale. */
function expectSpeech(path: string): void {
  const { samples, sampleRate, channels, frames } = readWav(path);
  expect({ sampleRate, channels }).toEqual({ sampleRate: 48_000, channels: 1 });
  const seconds = frames / sampleRate;
  expect(seconds).toBeGreaterThan(1);
  expect(seconds).toBeLessThan(8);
  const piece = sampleRate / 50;
  const levels = Array.from({ length: Math.floor(frames / piece) }, (_, index) => {
    let sum = 0;
    for (const sample of samples.subarray(index * piece, (index + 1) * piece)) sum += (sample / 32_768) ** 2;
    return Math.sqrt(sum / piece);
  });
  expect(levels.filter((level) => level > 0.01).length / levels.length).toBeGreaterThan(0.4);
  expect(Math.max(...levels)).toBeLessThan(0.9);
}

/** The formats of streams by their names. */
const formats = (streams: readonly StreamDescription[]): Record<string, string> =>
  Object.fromEntries(streams.map(({ name, format }) => [name, format]));

describe("the voice assistant, each peer in a process of its own", () => {
  let cwd: string;
  let env: Awaited<ReturnType<typeof freeAddresses>>;
  let run: RunningMeshc;
  let result: MeshcResult;
  let tookMs: number;

  beforeAll(async () => {
    cwd = mkdtempSync(join(tmpdir(), "mesh-e2e-"));
    env = await freeAddresses();
    const startMs = performance.now();
    run = new RunningMeshc(args, { cwd, env });
    result = await run.ended();
    tookMs = performance.now() - startMs;
  });

  afterAll(() => {
    run.end();
    rmSync(cwd, { recursive: true, force: true });
  });

  /** The last snapshot of a session while it ran. */
  function last(pipeline: string): SessionDescription {
    const all = run.said("describe").flatMap((message) => message.sessions);
    const found = all.findLast((session) => session.pipeline === pipeline);
    if (found === undefined) throw new Error(`no session of ${pipeline} was described`);
    return found;
  }

  it("ends by itself within 40 seconds", () => {
    expect(result.err).not.toMatch(/^error/m);
    expect(result.code).toBe(0);
    expect(tookMs).toBeLessThan(40_000);
    const pids = ["client", "edge", "gpu"].map((peer) => run.pidOf(peer));
    expect(new Set([...pids, run.pid]).size).toBe(4);
  });

  it("hears the question, on the gpu peer (R1.2, R9.1)", () => {
    expectQuestion(run);
    const events = run.said("event").map(({ event, peer }) => ({ ...event, peer }));
    expect(events.filter(({ kind }) => kind === "remote-failed")).toEqual([]);
    expect(events).toContainEqual(
      expect.objectContaining({ kind: "remote-connected", remote: "stt", target: "gpu.Hearing", peer: "edge" }),
    );
    expect(events).toContainEqual(
      expect.objectContaining({
        kind: "remote-connected",
        remote: "assistant",
        target: "edge.Assistant",
        peer: "client",
      }),
    );
  });

  it("answers in words and in sound", () => {
    expect(replies(run)).toEqual([expect.stringMatching(/forward.*(10|ten) meters/i)]);
    expectSpeech(join(cwd, "answer.wav"));
    const ended = run.said("ended")[0];
    const ports = Object.fromEntries((ended?.summary?.ports ?? []).map((port) => [port.port, port]));
    expect(ports["mic"]?.frames).toBe(173);
    expect(ports["speaker"]?.frames).toBeGreaterThan(50);
    expect(ports["speaker"]?.file).toBe("answer.wav");
    // From the end of the question to the first sound of the answer; the detector waits for 400 ms of silence.
    expect(ended?.summary?.latencyMs).toBeGreaterThan(300);
    expect(ended?.summary?.latencyMs).toBeLessThan(10_000);
  });

  it("settles formats at each border (R2.1, R2.2, R10.1)", () => {
    const [assistant] = last("Client").remotes;
    expect(assistant?.session?.connection?.address).toBe(`${env.EDGE_LISTENS}/Assistant`);
    expect(formats(assistant?.session?.streams ?? [])).toEqual({
      mic: opus,
      speaker: opus,
      captions: "Transcript",
      replies: "text",
    });
    const [stt] = last("Assistant").remotes;
    expect(stt?.session?.connection?.address).toBe(`${env.GPU_LISTENS}/Hearing`);
    expect(formats(stt?.session?.streams ?? [])).toEqual({ speech: opus, words: "Transcript" });
    expect(formats(last("Client").streams)).toMatchObject({
      "mic -> ToFloat.in": "audio<pcm_s16, 16kHz, mono>",
      "OpusEncode.out -> assistant.mic": opus,
      "OpusDecode.out -> speaker": "audio<pcm_f32, 48kHz, mono>",
    });
    expect(formats(last("Hearing").streams)).toMatchObject({ "Recognise.out -> words": "Transcript" });
  });

  it("has a sink for what leaves and a source for what comes back (R4.1, R4.2)", () => {
    const nodes = last("Client").remotes[0]?.session?.nodes ?? [];
    expect(nodes.map(({ id, node }) => `${id}: ${node}`).toSorted()).toEqual([
      "captions: WebRTCStreamSource",
      "mic: WebRTCStreamSink",
      "replies: WebRTCStreamSource",
      "speaker: WebRTCStreamSource",
    ]);
  });
});

/** A run in a folder of its own. */
async function start(more: Readonly<Record<string, string>> = {}): Promise<{ run: RunningMeshc; cwd: string }> {
  const cwd = folderWith();
  const run = new RunningMeshc(args, { cwd, env: { ...(await freeAddresses()), ...more } });
  onTestFinished(() => run.end());
  return { run, cwd };
}

/** Which target took over from which, and why. */
function takeovers(run: RunningMeshc): string[] {
  return run
    .said("event")
    .flatMap(({ event }) =>
      event.kind === "remote-failed" ? [`${event.target} -> ${event.next ?? "nothing"}: ${event.error.message}`] : [],
    );
}

describe("a voice assistant in trouble", () => {
  it("hears for itself where the gpu peer has no recogniser, and says so", async () => {
    const { run, cwd } = await start({ MESH_POCKETSPHINX_LIBRARY: "/nonexistent" });
    expect((await run.ended()).code).toBe(0);
    expect(takeovers(run)).toEqual([expect.stringMatching(/^gpu\.Hearing -> LocalHearing\(\): .*PocketSphinx/)]);
    expectQuestion(run);
    expect(replies(run)).toHaveLength(1);
    expectSpeech(join(cwd, "answer.wav"));
  });

  it("goes on without the gpu peer when its process is killed", async () => {
    const { run } = await start();
    await run.line((line) => line.includes('"kind":"session-opened"') && line.includes('"pipeline":"Client"'));
    process.kill(run.pidOf("gpu"), "SIGKILL");
    expect((await run.ended()).code).toBe(0);
    expect(run.said("event").map(({ event }) => event)).toContainEqual(
      expect.objectContaining({ kind: "remote-connected", remote: "stt", target: "LocalHearing()" }),
    );
    expect(run.said("exited")).toContainEqual(
      expect.objectContaining({ peer: "gpu", how: "was ended by SIGKILL", expected: false }),
    );
    expect(run.said("ended")[0]?.summary?.ports[0]).toMatchObject({ port: "mic", frames: 173 });
    await groupGone(run.pid);
  });

  // A second is enough for a machine that has some to spare; a busy one gets another try.
  it("ends at once on Ctrl-C", { retry: 2 }, async () => {
    const { run } = await start();
    await run.line((line) => line.includes('"kind":"session-opened"') && line.includes('"pipeline":"Client"'));
    const { code, ms } = await run.groupEndedAfter("SIGINT");
    expect(code).toBe(130);
    expect(ms).toBeLessThan(1_000);
    await groupGone(run.pid, 1_000 - ms);
  });
});
