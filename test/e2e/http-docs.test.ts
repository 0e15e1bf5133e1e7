import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { httpLimits } from "../../runtime/http/limits.ts";
import { httpStatuses } from "../../runtime/interface/errors.ts";
import { readPage, servedPage } from "./support/served-page.ts";

const execute = promisify(execFile);
const { text: page, blocks } = readPage("http.md");

describe("the page about HTTP", () => {
  it("shows commands that work, and what they print", async () => {
    const { placed } = await servedPage(blocks);
    let count = 0;
    for (const [index, { language, text }] of blocks.entries()) {
      if (language !== "sh") continue;
      const command = placed(text).replace("curl ", "curl -sS --max-time 20 ");
      const { stdout, stderr } = await execute("bash", ["-c", command]);
      expect({ stderr, stdout: stdout.replaceAll(/"timestampUs":\d+/g, '"timestampUs":…') }).toEqual({
        stderr: "",
        stdout: blocks[index + 1]?.text,
      });
      count += 1;
    }
    expect(count).toBe(7);
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
