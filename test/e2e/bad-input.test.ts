import { spawnSync } from "node:child_process";
import { createServer } from "node:net";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { folderWith, tone } from "./support/files.ts";
import { meshc, type MeshcResult } from "./support/meshc.ts";
import { freeAddresses } from "./support/processes.ts";

const relay = fileURLToPath(new URL("./fixtures/relay/main.mesh", import.meta.url));

/** A program of one node in text, and its code. */
const shout = `node Shout {
  in  quiet: text
  out loud: text
  from "./shout.ts"
}

pipeline Main {
  in  quiet: text
  out loud: text
  quiet -> Shout() -> loud
}
`;
const runShout = ["run", "main.mesh", "--in", "quiet=in.txt", "--out", "loud=out.txt"];

/** One message, whole, without the stack of anything; `error` is its first line. */
function expectPlain({ err, out }: MeshcResult): void {
  expect(err + out).not.toMatch(/^\s+at .*[:(]\d+/m);
  expect(err + out).not.toMatch(/bug in meshc|node:internal|undefined|\[object/);
  expect(err.match(/^error/gm)).toHaveLength(1);
}

describe("a program", () => {
  it.each([
    [
      "that is not there",
      ["check", "mian.mesh"],
      3,
      "error: There is no file mian.mesh.\n  help: Did you mean main.mesh?\n",
    ],
    [
      "that is like no other",
      ["run", "else.mesh"],
      3,
      "error: There is no file else.mesh.\n  help: There are main.mesh and noise.mesh here.\n",
    ],
    [
      "that is in a folder without programs",
      ["graph", "folder/else.mesh"],
      3,
      "There are no .mesh files in folder. `meshc init` writes a project to begin with.\n",
    ],
    [
      "that is in a folder that is not there",
      ["build", "nowhere/else.mesh"],
      3,
      "error: There is no file nowhere/else.mesh.\n  help: There is no folder nowhere either.\n",
    ],
    [
      "that is a folder, for a picture",
      ["graph", "."],
      3,
      "error: . is a folder, and one program is wanted.\n  help: Name the file, such as main.mesh.",
    ],
    [
      "that is a folder without programs",
      ["check", "folder"],
      3,
      "error: There are no .mesh files in folder or below it.",
    ],
    [
      "that is a folder, for a run",
      ["run", "."],
      3,
      "error: . is a folder, and one program is wanted.\n  help: Name the file, such as main.mesh.",
    ],
    ["that is not text", ["check", "noise.mesh"], 3, "error: noise.mesh is not text in UTF-8.\n"],
  ])("%s", async (_what, args, code, message) => {
    const cwd = folderWith({ "main.mesh": shout, "noise.mesh": Uint8Array.of(0xff, 0xfe, 0x00) });
    mkdirSync(join(cwd, "folder"));
    const result = await meshc(args, { cwd });
    expectPlain(result);
    expect(result).toMatchObject({ code, err: expect.stringContaining(message) });
  });

  it.each([
    ["with a syntax error", "-> Shout() ->", "-> -> Shout() ->", "MESH1009", 10],
    ["with an unknown node", "Shout()", "Shuot()", "MESH2001", 10],
    [
      "with formats that do not fit",
      "in  quiet: text\n  out loud: text\n  quiet",
      "in  quiet: audio<pcm_s16, 16kHz, mono>\n  out loud: text\n  quiet",
      "MESH3001",
      10,
    ],
  ])("%s", async (_what, right, wrong, id, line) => {
    const text = shout.replace(right, wrong);
    expect(text).not.toBe(shout);
    const cwd = folderWith({ "main.mesh": text, "in.txt": "a\n" });
    for (const args of [["check", "main.mesh"], ["build"], runShout]) {
      const result = await meshc(args, { cwd });
      const told = result.out + result.err;
      expect(result.code, args[0]).toBe(1);
      expect(told.match(/^error\[/gm), args[0]).toHaveLength(1);
      expect(told).toContain(`error[${id}]`);
      expect(told).toContain(`--> main.mesh:${line}:`);
      expect(told).not.toMatch(/^\s+at /m);
    }
  });
});

describe("the code of a node", () => {
  it.each([
    [
      "that is not there",
      undefined,
      "main.mesh:10:12: the node `Shout` comes from shout.ts, and there is no such file.",
    ],
    [
      "without the export",
      "export const Shuot = 1;",
      "main.mesh:10:12: the node `Shout` comes from shout.ts, which exports no `Shout`.\n  help: Did you mean `Shuot`?",
    ],
    ["that is no node", "export const Shout = 1;", "where `Shout` is no node: it has no `open` function."],
    [
      "that is no TypeScript",
      "export const Shout = {",
      "main.mesh:10:12: the node `Shout` comes from shout.ts, which cannot be loaded: shout.ts:1:23: ",
    ],
    [
      "that throws on import",
      'throw new Error("no key");',
      "main.mesh:10:12: the node `Shout` comes from shout.ts, which cannot be loaded: Error: no key\n",
    ],
    [
      "that imports what is not installed",
      'import "not-there-at-all";',
      'cannot be loaded: shout.ts:1:8: Could not resolve "not-there-at-all"',
    ],
    [
      "that throws when it opens",
      'export const Shout = { open() { throw new Error("no model"); } };',
      "error: Node `Shout` of pipeline `Main` (main.mesh:10:12) failed: no model\n",
    ],
    [
      "that throws in the midst of it",
      'export const Shout = { open: () => ({ process() { throw new TypeError("no words"); } }) };',
      "error: Node `Shout` of pipeline `Main` (main.mesh:10:12) failed: no words\n  help: It was thrown at shout.ts:1:57.\n",
    ],
    [
      "that throws where nobody waits",
      'export const Shout = { open: () => ({ async process() { setTimeout(() => { throw new Error("late"); }, 1); await new Promise((done) => setTimeout(done, 5_000)); } }) };',
      "error: The code of a node threw where nobody could catch it: late\n",
    ],
  ])("%s", async (_what, code, message) => {
    const cwd = folderWith({ "main.mesh": shout, "in.txt": "a\n", ...(code !== undefined && { "shout.ts": code }) });
    const result = await meshc(runShout, { cwd });
    expectPlain(result);
    expect(result).toMatchObject({ code: 1, err: expect.stringContaining(message) });
  });

  it("that throws on a peer of its own ends the run with the place in the program", async () => {
    const program = `${shout}
interface Voice {
  in  quiet: text
  out loud: text
}

pipeline Guest {
  in  quiet: text
  out loud: text
  remote far: Voice {
    at host.Main
  }
  quiet -> far -> loud
}

peer guest {
  runs Guest
  listens env("CLIENT_LISTENS")
}

peer host {
  runs Main
  listens env("EDGE_LISTENS")
}
`;
    const code = 'export const Shout = { open: () => ({ process() { throw new Error("no words"); } }) };';
    const cwd = folderWith({ "main.mesh": program, "in.txt": "a\n", "shout.ts": code });
    const result = await meshc(["run", "main.mesh", "--processes", "--in", "Guest.quiet=in.txt"], {
      cwd,
      env: await freeAddresses(),
    });
    expect(result.code).toBe(1);
    expect(result.err).toContain("Node `Shout` of pipeline `Main` (main.mesh:10:12) failed: no words");
    expectPlain(result);
  });
});

describe("a WAV file", () => {
  const header = tone(1).slice(0, 44);
  it.each([
    [
      "in.wav",
      "that is text",
      new TextEncoder().encode("this is a text"),
      "in.wav: This is not a WAV file that can be read: it does not begin with `RIFF`.",
    ],
    ["in.wav", "that is empty", new Uint8Array(), "in.wav: This is not a WAV file that can be read: it is empty."],
    [
      "in.wav",
      "that is cut short",
      tone(1).slice(0, 9_000),
      "it is truncated: 32000 bytes of samples are announced and 8956 are there.",
    ],
    ["in.wav", "without samples", tone(0), "in.wav holds no sound: it is 0 samples long."],
    [
      "in.wav",
      "of two channels",
      tone(1, { channels: 2 }),
      "The input `mic` of Client takes audio<pcm_s16, 16kHz, mono>, and in.wav holds audio<pcm_s16, 16kHz, stereo>.",
    ],
    [
      "in.wav",
      "of another rate",
      tone(1, { sampleRate: 44_100 }),
      "and in.wav holds audio<pcm_s16, 44100Hz, mono>.\n  help: Convert it: sox in.wav -r 16000 -c 1 -b 16 -e signed-integer in-converted.wav",
    ],
    ["in.wav", "of floating point", tone(1, { encoding: "pcm_f32" }), "and in.wav holds audio<pcm_f32, 16kHz, mono>."],
    ["in.wav", "of 24 bits", of24Bits(header), "and in.wav holds audio<pcm_s24, 16kHz, mono>."],
    [
      "in.txt",
      "that is no WAV file",
      new TextEncoder().encode("hello\n"),
      "and in.txt holds lines.\n  help: Give it a .wav file.",
    ],
  ])("%s %s", async (name, _what, bytes, message) => {
    const cwd = folderWith({ [name]: bytes });
    const result = await meshc(["run", relay, "--in", `mic=${name}`, "--out", "speaker=out.wav"], { cwd });
    expect(result).toMatchObject({ code: 3, err: expect.stringContaining(message) });
    expectPlain(result);
  });

  it("that is not there", async () => {
    const cwd = folderWith({ "question.wav": tone(1) });
    const result = await meshc(["run", relay, "--in", "mic=qestion.wav", "--processes"], { cwd });
    expectPlain(result);
    expect(result.code).toBe(3);
    expect(result.err).toContain("error: There is no file qestion.wav.\n  help: Did you mean question.wav?\n");
  });
});

/** A WAV file of a second of silence with 24 bits a sample. */
function of24Bits(header: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(44 + 48_000);
  bytes.set(header);
  const view = new DataView(bytes.buffer);
  view.setUint32(4, bytes.length - 8, true);
  view.setUint32(28, 48_000, true);
  view.setUint16(32, 3, true);
  view.setUint16(34, 24, true);
  view.setUint32(40, 48_000, true);
  return bytes;
}

describe("an output", () => {
  it.each([
    ["below a file", "in.wav/out.wav", 3, "error: in.wav/out.wav cannot be written: "],
    ["where nothing can be made", "/proc/nothing/out.wav", 3, "error: /proc/nothing/out.wav cannot be written: "],
    ["that is a folder", ".", 3, "error: . cannot be written: it is a folder."],
    ["of a kind that does not fit", "out.txt", 3, "out.txt is no file for that.\n  help: Write it to out.wav."],
  ])("%s", async (_what, path, code, message) => {
    const cwd = folderWith({ "in.wav": tone(1) });
    const result = await meshc(["run", relay, "--in", "mic=in.wav", "--out", `speaker=${path}`], { cwd });
    expectPlain(result);
    expect(result).toMatchObject({ code, err: expect.stringContaining(message) });
  });
});

describe("an option", () => {
  it.each([
    [
      ["run", "main.mesh", "--proceses"],
      "error: `meshc run` has no option `--proceses`.\n  help: Did you mean `--processes`?\n",
    ],
    [["check", "--format", "jsn"], "error: `--format` cannot be `jsn`.\n  help: Did you mean `json`?\n"],
    [["rnu"], "error: `rnu` is no command of meshc.\n  help: Did you mean `meshc run`?\n"],
    [["run", relay, "--peer", "gpux"], "declares no peer `gpux`.\n  help: Did you mean `--peer gpu`?\n"],
    [["run", relay, "--in", "mick=in.wav"], "error: No pipeline that is run here has an input `mick`."],
    [["run", relay, "--in", "Clint.mic=in.wav"], "has no pipeline `Clint`.\n  help: Did you mean `Client`?\n"],
    [["run", relay, "--in", "mic"], "error: `--in mic` is not of the form PORT=FILE or PIPELINE.PORT=FILE.\n"],
    [
      ["run", relay, "--out", "speaker=out.wav"],
      "error: `Client` needs its input `mic`.\n  help: Give it a file: `--in mic=FILE`.\n",
    ],
    [
      [
        ...["run", relay, "--in", "mic=in.wav", "--engine", "node-datachannel", "--relay-only"],
        ...["--ice-server", "turn:ann:secret@127.0.0.1:9"],
      ],
      "error: The WebRTC engine node-datachannel cannot keep to TURN servers alone.\n  help: Leave `--engine` out",
    ],
    [["run", relay, "--in", "mic=in.wav", "--param", "loud=1"], "error: `Client` has no parameter `loud`.\n"],
  ])("%j", async (args, message) => {
    const cwd = folderWith({ "in.wav": tone(0.1), "main.mesh": shout });
    const result = await meshc(args, { cwd });
    expectPlain(result);
    expect(result).toMatchObject({ code: 2, err: expect.stringContaining(message) });
  });
});

describe("a port in use", () => {
  it.each([[[]], [["--processes"]]])("is named with the variable to change %j", async (more) => {
    const server = createServer();
    const port = await new Promise<number>((resolve, reject) => {
      server.once("error", reject).listen(0, "127.0.0.1", () => {
        const address = server.address();
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      });
    });
    onTestFinished(() => void server.close());
    const cwd = folderWith({ "in.wav": tone(1) });
    const env = { ...(await freeAddresses()), GPU_LISTENS: `webrtc://127.0.0.1:${port}` };
    const result = await meshc(["run", relay, "--in", "mic=in.wav", ...more], { cwd, env });
    expectPlain(result);
    expect(result.code).toBe(3);
    expect(result.err).toContain(
      `error: The peer \`gpu\` cannot listen at webrtc://127.0.0.1:${port}: another program uses that port.\n` +
        `  help: Set GPU_LISTENS to another address, such as GPU_LISTENS=webrtc://127.0.0.1:${Math.min(65_535, port + 100)}, or end what uses the port.\n`,
    );
  });

  it("or an address that nobody can listen at", async () => {
    const env = { ...(await freeAddresses()), GPU_LISTENS: "webrtc://127.0.0.1:99999" };
    const result = await meshc(["run", relay, "--peer", "gpu"], { env });
    expectPlain(result);
    expect(result.code).toBe(3);
    expect(result.err).toContain("error: The peer `gpu` cannot listen at webrtc://127.0.0.1:99999: ");
    expect(result.err).toContain("help: Change GPU_LISTENS.");
  });
});

describe("a script of the repository", () => {
  it.each([
    [
      ["extension.mjs", "--frob"],
      "Unknown option '--frob'; usage: node scripts/extension.mjs [--pack], or npm run package",
    ],
    [["extension.mjs", "--pack", "now"], "Unknown argument 'now'; usage: node scripts/extension.mjs"],
    [["editor-host.mjs", "--frob"], "Unknown option '--frob'; usage: node scripts/editor-host.mjs"],
    [["bench.mjs", "--frob"], "Unknown option '--frob'; usage: npm run bench -- [NAME|all]"],
  ])("%j takes no option that it does not have", (words, message) => {
    const scripts = fileURLToPath(new URL("../../scripts/", import.meta.url));
    const { status, stdout, stderr } = spawnSync(process.execPath, words, { cwd: scripts, encoding: "utf8" });
    expect({ status, stdout, lines: stderr.trimEnd().split("\n").length }).toEqual({ status: 2, stdout: "", lines: 1 });
    expect(stderr).toContain(`error: ${message}`);
  });
});
