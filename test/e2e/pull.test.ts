import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { folderWith } from "./support/files.ts";
import { meshc, RunningMeshc } from "./support/meshc.ts";
import { freePorts } from "./support/processes.ts";

const hello = fileURLToPath(new URL("../../examples/01-hello/", import.meta.url));
const page = readFileSync(fileURLToPath(new URL("../../docs/pull.md", import.meta.url)), "utf8");
const [, pulledBlock = "", userBlock = ""] = page.split(/^```mesh\n/m).map((part) => part.split(/^```$/m)[0] ?? "");
const program = readFileSync(join(hello, "main.mesh"), "utf8");

/** A peer that runs this program, until the test ends or it is stopped. */
async function peer(text: string, port: number, scheme = "webrtc"): Promise<RunningMeshc> {
  const cwd = folderWith({
    "main.mesh": text,
    "package.json": "{}",
    "shout.ts": readFileSync(join(hello, "shout.ts"), "utf8"),
  });
  const env = { BACK_LISTENS: `${scheme}://127.0.0.1:${port}` };
  const running = new RunningMeshc(["run", "main.mesh", "--peer", "back"], { cwd, env });
  onTestFinished(() => running.end());
  await running.line((line) => line.includes("listens at"));
  return running;
}

describe("meshc pull", () => {
  let cwd: string;
  let port: number;
  let uri: string;

  beforeEach(async () => {
    cwd = folderWith({ "package.json": "{}" });
    port = (await freePorts(1))[0] ?? 0;
    uri = `webrtc://127.0.0.1:${port}/Loud`;
  });

  it("writes what the page shows, which the program of the page is checked against", async () => {
    await peer(program, port);
    const { code, out, err } = await meshc(["pull", uri, "--as", "Answering"], { cwd });
    expect({ code, out, err }).toEqual({ code: 0, out: "wrote Answering.mesh\n", err: "" });
    const written = readFileSync(join(cwd, "Answering.mesh"), "utf8");
    expect(written).toBe(pulledBlock.replace(":7452", `:${port}`));
    writeFileSync(join(cwd, "main.mesh"), userBlock.replace("127.0.0.1:7452", `127.0.0.1:${port}`));
    expect(await meshc(["check", "--locked"], { cwd })).toMatchObject({ code: 0, err: "" });
    expect(await meshc(["fmt", "--check"], { cwd })).toMatchObject({ code: 0 });
    // And the program works with the peer.
    writeFileSync(join(cwd, "lines.txt"), "hello\n");
    const run = await meshc(["run", "main.mesh", "--pipeline", "Front", "--in", "line=lines.txt"], { cwd });
    expect(run).toMatchObject({ code: 0, out: expect.stringContaining("answer: HELLO!!") });
    expect(await meshc(["pull", uri, "--as", "Answering"], { cwd })).toMatchObject({
      out: "Answering.mesh is as it was\n",
    });
  });

  it("notices that the pipeline has changed, at the port, and pulls it anew", async () => {
    const first = await peer(program, port);
    await meshc(["pull", uri], { cwd });
    first.end();
    await first.ended();
    const second = await peer(program.replaceAll("in  line: text", 'in  line: text matches "[a-z ]*"'), port);
    const { code, err, out } = await meshc(["check", "--locked", "--format", "json"], { cwd });
    expect({ code, err }).toEqual({ code: 1, err: "" });
    expect(JSON.parse(out)).toMatchObject([
      {
        code: "MESH3030",
        file: "Loud.mesh",
        range: { start: { line: 5, character: 2 } },
        message: `The pipeline at ${uri} has changed since its interface was pulled.`,
      },
    ]);
    const shown = await meshc(["check", "--locked"], { cwd });
    expect(shown.out).toContain('`Loud.line` is `in line: text matches "[a-z ]*"` there, `in line: text` here.');
    expect(shown.out).toContain(`Pull it again: \`meshc pull ${uri} --as Loud --out Loud.mesh\`.`);
    expect(await meshc(["check"], { cwd })).toMatchObject({ code: 0 });
    const again = await meshc(["pull", uri, "--as", "Loud", "--out", "Loud.mesh"], { cwd });
    expect(again.out).toContain("wrote Loud.mesh\n  `Loud.line` is");
    expect(await meshc(["check", "--locked"], { cwd })).toMatchObject({ code: 0 });
    writeFileSync(join(cwd, "Loud.mesh"), readFileSync(join(cwd, "Loud.mesh"), "utf8").replace("answer", "reply"));
    const edited = await meshc(["check", "--locked"], { cwd });
    expect(edited).toMatchObject({ code: 1, out: expect.stringContaining("error[MESH3031]") });
    const refused = await meshc(["pull", uri], { cwd });
    expect(refused).toMatchObject({
      code: 3,
      err: expect.stringContaining("Loud.mesh is there already and was edited"),
    });
    expect(await meshc(["pull", uri, "--force"], { cwd })).toMatchObject({ code: 0 });
    second.end();
    await second.ended();
    const silent = await meshc(["check", "--locked"], { cwd });
    expect(silent).toMatchObject({
      code: 3,
      err: expect.stringContaining("Loud.mesh cannot be compared: Nothing listens"),
    });
  });

  it.each([
    [["pull"], 2, /URI/],
    [["pull", "foo"], 2, /"foo" is not an address of a pipeline/],
    [["pull", "webrtc://127.0.0.1:1"], 2, /names no pipeline/],
    [["pull", "http://127.0.0.1:1/Loud"], 2, /scheme/],
    [["pull", "grpc://127.0.0.1:1/Loud"], 3, /Nothing listens at 127\.0\.0\.1:1/],
    [["pull", "webrtc://127.0.0.1:1/Loud", "--as", "a b"], 2, /no name for an interface/],
    [["pull", "webrtc://127.0.0.1:1/Loud"], 3, /Nothing listens at 127\.0\.0\.1:1/],
    [["check", "--locked", "--watch"], 2, /asks once/],
  ])("refuses %j with code %i, and writes nothing", async (args, code, message) => {
    const result = await meshc(args, { cwd });
    expect(result).toMatchObject({ code, out: "", err: expect.stringMatching(message) });
    expect(await meshc(["check"], { cwd })).toMatchObject({ code: 3 });
  });

  it("asks by gRPC as well", async () => {
    await peer(program, port, "grpc");
    const grpc = uri.replace("webrtc:", "grpc:");
    const pulled = await meshc(["pull", grpc, "--as", "Answering", "--out", "-"], { cwd });
    expect(pulled).toMatchObject({ code: 0, out: expect.stringContaining(`// meshc pull ${grpc}\n`), err: "" });
    expect(pulled.out).toContain("interface Answering {\n  in  line: text\n  out answer: text\n}");
  });

  it("names what the peer runs, and replaces no file of another kind", async () => {
    await peer(program, port);
    expect(await meshc(["pull", uri.replace("Loud", "Lood")], { cwd })).toMatchObject({ code: 3, err: /runs: Loud/ });
    writeFileSync(join(cwd, "Loud.mesh"), "// mine\n");
    expect(await meshc(["pull", uri], { cwd })).toMatchObject({ code: 3, err: /was not pulled/ });
    expect(readFileSync(join(cwd, "Loud.mesh"), "utf8")).toBe("// mine\n");
    expect(await meshc(["pull", uri, "--out", "-"], { cwd })).toMatchObject({ code: 0, out: /^interface Loud \{$/m });
  });
});
