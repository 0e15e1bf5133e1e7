import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { httpLimits } from "../../runtime/http/limits.ts";
import { httpStatuses } from "../../runtime/interface/errors.ts";
import { blocksOf } from "../support/markdown.ts";
import { folderWith } from "./support/files.ts";
import { meshc, RunningMeshc } from "./support/meshc.ts";
import { freePorts } from "./support/processes.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const execute = promisify(execFile);
const page = readFileSync(join(root, "docs/http.md"), "utf8");
const blocks = blocksOf(page);

describe("the page about HTTP", () => {
  it("shows commands that work, and what they print", async () => {
    const cwd = folderWith({ "package.json": '{"type":"module"}' });
    mkdirSync(join(cwd, "node_modules"));
    symlinkSync(root, join(cwd, "node_modules/pipeline-mesh"));
    for (const { file, text } of blocks) if (file !== undefined) writeFileSync(join(cwd, file), text);
    expect(await meshc(["fmt", "--check", "main.mesh"], { cwd })).toMatchObject({ code: 0 });
    const [webrtc, grpc] = await freePorts(2);
    const env = { LISTENS: `webrtc://127.0.0.1:${webrtc}`, GRPC_LISTENS: `grpc://127.0.0.1:${grpc}` };
    const peer = new RunningMeshc(["run", "main.mesh", "--peer", "server"], { cwd, env });
    onTestFinished(() => peer.end());
    await peer.line((line) => line.includes(env.LISTENS));
    let count = 0;
    for (const [index, { language, text }] of blocks.entries()) {
      if (language !== "sh") continue;
      const command = text.replace("127.0.0.1:7443", `127.0.0.1:${webrtc}`).replace("curl ", "curl -sS --max-time 20 ");
      const { stdout, stderr } = await execute("bash", ["-c", command]);
      expect({ stderr, stdout: stdout.replaceAll(/"timestampUs":\d+/g, '"timestampUs":…') }).toEqual({
        stderr: "",
        stdout: blocks[index + 1]?.text,
      });
      count += 1;
    }
    expect(count).toBe(6);
  });

  it("has the statuses and the limits of the code", () => {
    const rows = [...page.matchAll(/^\| (\d{3}) \| (.*) \|$/gm)].flatMap(([, status, codes = ""]) =>
      codes.split(", ").map((code) => [code.replaceAll("`", ""), Number(status)]),
    );
    expect(Object.fromEntries(rows)).toEqual(httpStatuses);
    expect(page).toContain(`| ${httpLimits.bodyBytes / 2 ** 20} MiB |`);
    expect(page).toContain(`| ${httpLimits.bodyMs / 1_000} s |`);
    expect(page).toContain(`| ${httpLimits.requests} |`);
    expect(page).toContain(`every ${httpLimits.keepAliveMs / 1_000} s`);
    expect(page).toContain(`${httpLimits.waitingFrames} frames or ${httpLimits.waitingBytes / 2 ** 20} MiB`);
  });
});
