import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { SessionDescription } from "../../runtime/interface/session.ts";
import { folderWith, readWav, tone } from "./support/files.ts";
import { meshc, RunningMeshc, type MeshcOptions, type MeshcResult } from "./support/meshc.ts";
import { freeAddresses, groupGone } from "./support/processes.ts";

const relay = fileURLToPath(new URL("./fixtures/relay/main.mesh", import.meta.url));
const audio = "audio<pcm_s16, 16kHz, mono>";

function start(args: readonly string[], options: MeshcOptions): RunningMeshc {
  const running = new RunningMeshc(args, options);
  onTestFinished(() => running.end());
  return running;
}

describe("a relay of three peers, each in a process of its own", () => {
  let cwd: string;
  let env: Awaited<ReturnType<typeof freeAddresses>>;
  let run: RunningMeshc;
  let result: MeshcResult;

  beforeAll(async () => {
    cwd = mkdtempSync(join(tmpdir(), "mesh-e2e-"));
    writeFileSync(join(cwd, "in.wav"), tone(2));
    env = await freeAddresses();
    const files = ["--in", "mic=in.wav", "--out", "speaker=out.wav"];
    const options = ["--processes", "--engine", "node-datachannel", "--format", "json"];
    run = new RunningMeshc(["run", relay, ...options, ...files], { cwd, env });
    result = await run.ended();
  });

  afterAll(() => {
    run.end();
    rmSync(cwd, { recursive: true, force: true });
  });

  /** The last snapshot of a session while it ran. */
  /** The last one while its remotes were there: what is said at the very end may find them gone. */
  function last(pipeline: string): SessionDescription {
    const all = run.said("describe").flatMap((message) => message.sessions);
    const whole = all.filter(({ remotes }) => remotes.every(({ state }) => state === "connected"));
    const found = whole.findLast((session) => session.pipeline === pipeline);
    if (found === undefined) throw new Error(`no session of ${pipeline} was described`);
    return found;
  }

  it("carries sound to the far end and back (R1.1, R1.2, R9.1)", () => {
    expect(result.err).not.toMatch(/^error/m);
    expect(result.code).toBe(0);
    expect(readWav(join(cwd, "out.wav")).samples).toEqual(readWav(join(cwd, "in.wav")).samples);
    const pids = ["client", "edge", "gpu"].map((peer) => run.pidOf(peer));
    expect(new Set([...pids, run.pid]).size).toBe(4);
    const opened = run
      .said("event")
      .flatMap(({ event, peer }) => (event.kind === "session-opened" ? [`${event.pipeline} in ${peer ?? "?"}`] : []));
    expect(opened.toSorted()).toEqual(["Client in client", "Far in gpu", "Middle in edge"]);
    // Nobody called anything but Client: each pipeline reached for the next one by itself.
    expect(run.said("output").map(({ value }) => value)).toEqual(["client has passed 50", "client has passed 100"]);
  });

  it("ends with what the run came to", () => {
    // The last words of the three processes are not those of the run.
    expect(run.said("ended")).toHaveLength(1);
    expect(run.messages.at(-1)).toMatchObject({
      type: "ended",
      code: 0,
      summary: {
        pipeline: "Client",
        ports: [
          { port: "mic", direction: "in", frames: 100, seconds: 2, file: "in.wav" },
          { port: "speaker", direction: "out", frames: 100, seconds: 2, file: "out.wav" },
          { port: "notes", direction: "out", frames: 2 },
        ],
      },
    });
    expect(run.said("exited").map(({ expected }) => expected)).toEqual([true, true, true]);
    expect(run.said("log")).toEqual([]);
    expect(readdirSync(cwd).toSorted()).toEqual(["in.wav", "out.wav"]);
  });

  it.each([
    ["Client", "edge_relay", "edge.Middle", "EDGE_LISTENS"],
    ["Middle", "gpu_relay", "gpu.Far", "GPU_LISTENS"],
  ] as const)(
    "describes %s, its remote, address, streams and formats (R2.1, R2.2, R4.1, R4.2, R10.1)",
    (pipeline, remote, target, variable) => {
      const { nodes, remotes } = last(pipeline);
      expect(nodes.find((node) => node.id === remote)).toMatchObject({ node: "HFPipelineNode", state: "running" });
      const session = remotes.find((one) => one.id === remote)?.session;
      expect(remotes).toMatchObject([{ id: remote, target, state: "connected", failures: [] }]);
      const address = `${env[variable]}/${target.split(".")[1]}`;
      expect(address).toMatch(/^webrtc:\/\/127\.0\.0\.1:\d+\/[A-Z]\w+$/);
      const common = { transport: "webrtc", engine: "node-datachannel", role: "offerer" };
      expect(session?.connection).toMatchObject({ ...common, state: "connected", address });
      // Frames leave by a sink for the input of the far pipeline, and come back by a source for its output.
      expect(session?.nodes).toMatchObject([
        { id: "sent", node: "WebRTCStreamSink" },
        { id: "heard", node: "WebRTCStreamSource" },
      ]);
      expect(session?.nodes.every((node) => node.frames > 0)).toBe(true);
      expect(session?.streams).toMatchObject([
        { name: "sent", format: audio },
        { name: "heard", format: audio },
      ]);
    },
  );

  it("sends and receives at the same time (R1.3)", () => {
    const counts = run
      .said("describe")
      .flatMap(({ sessions }) =>
        sessions
          .filter((session) => session.pipeline === "Client")
          .map(({ streams }) => ({ sent: streams[0]?.frames ?? 0, heard: streams[1]?.frames ?? 0 })),
      );
    // While a good part of the sound was still to be sent, some had come back over the same connection.
    expect(counts.some(({ sent, heard }) => heard > 0 && sent < 80)).toBe(true);
  });
});

describe("a relay of three peers", () => {
  // A second is enough for a machine that has some to spare; a busy one gets another try.
  it("meets peers that were started one by one, and leaves them running", { retry: 2 }, async () => {
    const cwd = folderWith({ "in.wav": tone(1) });
    const env = await freeAddresses();
    const gpu = start(["run", relay, "--peer", "gpu"], { cwd, env });
    const edge = start(["run", relay, "--peer", "edge"], { cwd, env });
    await gpu.line((line) => line === `gpu listens at ${env.GPU_LISTENS}`);
    await edge.line((line) => line === `edge listens at ${env.EDGE_LISTENS}`);
    for (const round of ["first", "second"]) {
      const out = `${round}.wav`;
      const client = await meshc(["run", relay, "--peer", "client", "--in", "mic=in.wav", "--out", `speaker=${out}`], {
        cwd,
        env,
      });
      expect(client.code, round).toBe(0);
      expect(readWav(join(cwd, out)).samples).toEqual(readWav(join(cwd, "in.wav")).samples);
    }
    for (const peer of [edge, gpu]) {
      const { code, ms } = await peer.endedAfter("SIGINT");
      expect(code).toBe(130);
      expect(ms).toBeLessThan(1_000);
    }
  });

  it("runs in one process, and says in plain lines what happens", async () => {
    const cwd = folderWith({ "in.wav": tone(1) });
    const env = await freeAddresses();
    const args = ["run", relay, "--in", "mic=in.wav", "--out", "speaker=new/out.wav"];
    const { code, out } = await meshc(args, { cwd, env });
    expect(code).toBe(0);
    const lines = out.trimEnd().split("\n");
    expect(lines.slice(0, 3)).toEqual([
      `client listens at ${env.CLIENT_LISTENS}`,
      `edge listens at ${env.EDGE_LISTENS}`,
      `gpu listens at ${env.GPU_LISTENS}`,
    ]);
    expect(lines).toContain("· edge_relay uses edge.Middle");
    expect(lines).toContain("notes: client has passed 50");
    expect(out).toMatch(/mic → edge_relay\.sent +50 +[\d.]+ +audio<pcm_s16, 16kHz, mono>/);
    expect(out).toMatch(/gpu_relay ⇄ gpu\.Far +[\d.]+ +webrtc, there and back/);
    expect(lines.at(-1)).toBe(
      "Client: mic 50 frames (1.0 s) in, speaker 50 frames (1.0 s) out, notes 1 frame out; speaker is in new/out.wav",
    );
    expect(out).not.toContain("\u001b");
    expect(readWav(join(cwd, "new/out.wav")).samples).toEqual(readWav(join(cwd, "in.wav")).samples);
  });

  it("is connected by the engine that mesh.config.ts names", async () => {
    const cwd = folderWith({ "in.wav": tone(0.6), "mesh.config.js": 'export default { engine: "werift" };' });
    const args = ["run", relay, "--in", "mic=in.wav", "--format", "json"];
    const run = start(args, { cwd, env: await freeAddresses() });
    expect((await run.ended()).code).toBe(0);
    const engines = run
      .said("describe")
      .flatMap(({ sessions }) => sessions)
      .flatMap(({ remotes }) => remotes.map(({ session }) => session?.connection?.engine ?? "none yet"));
    expect(new Set(engines.filter((engine) => engine !== "none yet"))).toEqual(new Set(["werift"]));
    writeFileSync(join(cwd, "mesh.config.js"), 'export default { engine: "weirft" };');
    const refused = await meshc(args, { cwd });
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining("mesh.config.js: `engine`:") });
  });

  it("colours its lines only where that is asked for", async () => {
    const cwd = folderWith({ "in.wav": tone(0.2) });
    const args = ["run", relay, "--in", "mic=in.wav"];
    const coloured = await meshc(args, { cwd, env: { ...(await freeAddresses()), FORCE_COLOR: "1" } });
    expect(coloured.out).toContain("\u001b[1mClient: mic 10 frames");
    const both = { ...(await freeAddresses()), FORCE_COLOR: "1", NO_COLOR: "1" };
    expect((await meshc(args, { cwd, env: both })).out).not.toContain("\u001b");
  });
});

describe("texts and records", () => {
  const greeting = fileURLToPath(new URL("./fixtures/greeting/main.mesh", import.meta.url));

  it("come from a file with a text a line and go to one with a JSON value a line", async () => {
    const cwd = folderWith({ "names.txt": "Ann\n\nBob\r\n" });
    const { code, out, err } = await meshc(
      ["run", greeting, "--in", "name=names.txt", "--out", "greeting=all.jsonl", "--param", "times=2"],
      { cwd },
    );
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(readFileSync(join(cwd, "all.jsonl"), "utf8")).toBe(
      '{"words":"Hello, Hello, Ann!","letters":18}\n{"words":"Hello, Hello, Bob!","letters":18}\n',
    );
    expect(out).toContain("loud: HELLO, HELLO, ANN!\nloud: HELLO, HELLO, BOB!\n");
    // What the code of a node prints is told as what it is.
    expect(out).toContain("· saying Hello, Hello, Ann!\n");
  });

  it("come from JSON and go to texts, and what a node prints leaves the JSON whole", async () => {
    const cwd = folderWith({ "names.jsonl": '"Ann"\n"B\\nb"\n' });
    const args = ["--in", "Guest.name=names.jsonl", "--out", "Guest.loud=loud.txt", "--param", "hello=Hej"];
    const run = start(["run", greeting, ...args, "--format", "json"], { cwd });
    expect((await run.ended()).code).toBe(0);
    // A text of two lines stays one text.
    expect(readFileSync(join(cwd, "loud.txt"), "utf8")).toBe("HEJ, ANN!\nHEJ, B B!\n");
    expect(run.said("log")).toEqual([
      { type: "log", level: "info", message: "saying Hej, Ann!" },
      { type: "log", level: "info", message: "saying Hej, B\nb!" },
    ]);
    expect(run.said("output").map(({ port, value }) => [port, value])).toEqual([
      ["greeting", { words: "Hej, Ann!", letters: 9 }],
      ["greeting", { words: "Hej, B\nb!", letters: 9 }],
    ]);
    expect(run.messages.at(-1)).toMatchObject({ type: "ended", code: 0 });
  });

  it("leave no process and no unfinished file", async () => {
    const cwd = folderWith({ "names.txt": "Ann\n" });
    const run = start(["run", greeting, "--in", "name=names.txt", "--out", "loud=loud.txt"], { cwd });
    expect((await run.ended()).code).toBe(0);
    await groupGone(run.pid);
    expect(readdirSync(cwd).toSorted()).toEqual(["loud.txt", "names.txt"]);
  });
});
