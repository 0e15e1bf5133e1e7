import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";
import { status } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import { errorCodes } from "../../runtime/interface/errors.ts";
import { grpcLimits } from "../../runtime/transports/grpc/limits.ts";
import { meshV1 } from "../../runtime/transports/grpc/mesh-v1.ts";
import { readPage, servedPage } from "./support/served-page.ts";

const execute = promisify(execFile);
const { text: page, blocks } = readPage("grpc.md");
const canMakeStubs =
  spawnSync("/usr/bin/python3", ["-c", "import grpc, google.protobuf"]).status === 0 &&
  spawnSync("sh", ["-c", "command -v protoc grpc_python_plugin"]).status === 0;
if (!canMakeStubs)
  console.warn("Skipping Python on the page about gRPC: python3-grpcio or protobuf-compiler-grpc is missing.");

describe("the page about gRPC", () => {
  it("shows commands that work, and what they print", async () => {
    const { cwd } = await servedPage(blocks, ["@grpc"]);
    const commands = blocks.flatMap(({ language, text }, index) =>
      language === "sh" && (canMakeStubs || text.startsWith("node ")) ? [{ text, next: blocks[index + 1] }] : [],
    );
    for (const { text, next } of commands) {
      const { stdout, stderr } = await execute("bash", ["-c", text], { cwd });
      expect({ text, stderr, stdout }).toEqual({
        text,
        stderr: "",
        stdout: next?.language === "text" ? next.text : "",
      });
    }
    expect(commands).toHaveLength(canMakeStubs ? 3 : 1);
  });

  it("names methods and fields that there are to grpcurl, which no distribution of ours has", () => {
    const lines =
      blocks
        .find(({ language }) => language === "console")
        ?.text.trim()
        .split("\n") ?? [];
    const { Pipeline, ...messages } = meshV1.nested.mesh.nested.v1.nested;
    let count = 0;
    for (const line of lines) {
      const [, data, method] = /-d '(.*)' .* mesh\.v1\.Pipeline\/(\w+)$/.exec(line) ?? [];
      if (data === undefined) continue;
      const found = Pipeline.methods[method as keyof typeof Pipeline.methods];
      const message = messages[found.requestType as keyof typeof messages] as { readonly fields: object };
      expect(Object.keys(message.fields)).toEqual(expect.arrayContaining(Object.keys(JSON.parse(data) as object)));
      count += 1;
    }
    expect({ lines: lines.length, count }).toEqual({ lines: 4, count: 2 });
  });

  it("has the statuses and the limits of the code", () => {
    const rows = [...page.matchAll(/^\| `([A-Z_]+)` \((\d+)\) \| (.*) \|$/gm)].flatMap(
      ([, name = "", number, codes = ""]) => {
        expect(status[name as keyof typeof status]).toBe(Number(number));
        return codes.split(", ").map((code) => [code.replaceAll("`", ""), Number(number)]);
      },
    );
    expect(Object.fromEntries(rows)).toEqual(
      Object.fromEntries(Object.entries(errorCodes).map(([code, { grpc }]) => [code, grpc])),
    );
    expect(page).toContain(`| ${grpcLimits.requestBytes / 2 ** 20} MiB |`);
    const [each, large] = [grpcLimits.messageBytes, grpcLimits.largeMessageBytes].map((bytes) =>
      bytes.toLocaleString("en"),
    );
    expect(page).toContain(`| ${each} bytes; ${large} where both sides`);
    expect(page).toContain(`each ${grpcLimits.keepaliveMs / 1_000} s, ${grpcLimits.keepaliveTimeoutMs / 1_000} s for`);
  });
});
