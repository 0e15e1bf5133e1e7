import { execFile, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { meshc } from "./support/meshc.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const execute = promisify(execFile);
const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
const addresses = {
  CLIENT_LISTENS: "webrtc://127.0.0.1:0",
  EDGE_LISTENS: "webrtc://127.0.0.1:0",
  GPU_LISTENS: "webrtc://127.0.0.1:0",
};

/** Sends a tone through three peers and prints what came back. */
const app = `
import { launchClient } from "./main.mesh.ts";

const sent = Array.from({ length: 100 }, (_, index) => new Int16Array(320).fill(index + 1));
const events: string[] = [];
{
  await using client = await launchClient({
    peers: ["edge", "gpu"],
    onEvent: (event) => event.kind === "remote-connected" && events.push(event.target),
  });
  const heard: number[] = [];
  const reading = (async () => {
    for await (const { payload, timestampUs } of client.speaker.frames()) heard.push(payload[0] ?? 0, timestampUs);
  })();
  const notes: string[] = [];
  const noting = (async () => {
    for await (const note of client.notes) notes.push(note);
  })();
  for (const samples of sent) await client.mic.write(samples);
  client.mic.end();
  await Promise.all([reading, noting]);
  const { error } = await client.closed;
  console.log(JSON.stringify({ heard, notes, events, error: error?.code, format: client.mic.format, pipeline: client.describe().pipeline }));
}
`;

/** Nothing listens where the remote should be. */
const failing = `
import { launchClient } from "./main.mesh.ts";

try {
  await launchClient();
} catch (error) {
  console.log((error as Error).stack);
}
`;

it("a build says nothing but what it has written, on any version of Node", () => {
  const folder = mkdtempSync(join(tmpdir(), "mesh-quiet-"));
  try {
    writeFileSync(join(folder, "main.mesh"), "record R { a: text }\n");
    const args = [join(root, "dist/meshc.js"), "build"];
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

describe("a program that meshc build has written modules for", () => {
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "mesh-build-"));
    cpSync(join(root, "test/e2e/fixtures/relay"), folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
    writeFileSync(join(folder, "app.ts"), app);
    writeFileSync(join(folder, "failing.ts"), failing);
    // The package as it ships: its doors lead to dist/.
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(root, join(folder, "node_modules/pipeline-mesh"));
    const built = await meshc(["build", "main.mesh"], { cwd: folder });
    expect(built.err).not.toMatch(/^error/m);
    expect(built.code).toBe(0);
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("runs in Node from its module: three peers, typed ports, and nothing left behind", async () => {
    const env = { ...process.env, ...addresses };
    // The process ends by itself: whatever launch had started is gone.
    const { stdout } = await execute(process.execPath, ["--import", tsx, "app.ts"], { cwd: folder, env });
    const result = JSON.parse(stdout) as { heard: number[]; notes: string[]; events: string[] };
    expect(result.heard).toEqual(Array.from({ length: 100 }, (_, index) => [index + 1, index * 20_000]).flat());
    expect(result).toMatchObject({
      notes: ["client has passed 50", "client has passed 100"],
      format: "audio<pcm_s16, 16kHz, mono>",
      pipeline: "Client",
    });
    expect(result.events.toSorted()).toEqual(["edge.Middle", "gpu.Far"]);
  });

  it("shows the line of the .mesh file in the stack of what its module throws", async () => {
    const outfile = join(folder, "failing.mjs");
    await build({
      entryPoints: [join(folder, "failing.ts")],
      outfile,
      bundle: true,
      packages: "external",
      platform: "node",
      format: "esm",
      sourcemap: true,
      logLevel: "error",
    });
    const env = { ...process.env, ...addresses, EDGE_LISTENS: "webrtc://127.0.0.1:1" };
    const { stdout } = await execute(process.execPath, ["--enable-source-maps", "--stack-trace-limit=50", outfile], {
      cwd: folder,
      env,
    });
    // `pipeline Client` stands on line 15 of the program.
    expect(stdout).toMatch(/at .*launchClient.*main\.mesh:15:10/);
  });

  it("is left whole by a build that runs out of room", async () => {
    const before = readFileSync(join(folder, "main.mesh.ts"), "utf8");
    const source = readFileSync(join(folder, "main.mesh"), "utf8");
    writeFileSync(join(folder, "main.mesh"), source.replaceAll("Client", "Caller"));
    try {
      // No file may grow beyond 8 KiB, so that writing fails in the middle of one.
      const limited = `ulimit -f 16; exec "${process.execPath}" "${join(root, "dist/meshc.js")}" build main.mesh`;
      const run = spawnSync("sh", ["-c", limited], { cwd: folder, encoding: "utf8" });
      expect(run.status).toBe(3);
      expect(run.stderr).toMatch(/^error: main\.mesh\.ts cannot be written: [^\n]*\n$/m);
      expect(readFileSync(join(folder, "main.mesh.ts"), "utf8")).toBe(before);
      expect(readdirSync(folder).filter((name) => name.includes(".tmp"))).toEqual([]);
    } finally {
      writeFileSync(join(folder, "main.mesh"), source);
    }
  });

  it("leaves alone what would not change, and says so", async () => {
    const again = await meshc(["build", "main.mesh"], { cwd: folder });
    expect(again.out).toBe("1 program built: nothing has changed\n");
    expect(existsSync(join(folder, "main.manifest.json"))).toBe(true);
  });
});
