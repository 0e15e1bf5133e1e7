import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseArguments } from "../../compiler/cli/arguments.ts";
import { doctorCommand } from "../../compiler/cli/doctor.command.ts";
import { failed } from "../../compiler/cli/doctor/finding.ts";
import { showFinding, showSum } from "../../compiler/cli/doctor/show.ts";
import type { Output } from "../../compiler/cli/io.ts";
import { style } from "../../compiler/diagnostics/style.ts";
import { createFormatter } from "../../grammar/index.ts";
import { MeshError } from "../../runtime/interface/errors.ts";
import { HeartbeatState } from "../../runtime/remote/heartbeat.ts";
import { compileText } from "../compiler/support/marked.ts";
import { blocksOf } from "../support/markdown.ts";

const page = readFileSync(new URL("../../docs/failover.md", import.meta.url), "utf8");

describe("the page on failures", () => {
  it("shows a program that checks, laid out as it should be", () => {
    const [program] = blocksOf(page).filter((block) => block.language === "mesh");
    expect(compileText(program?.text ?? "").diagnostics).toEqual([]);
    expect(createFormatter()(program?.text ?? "")).toMatchObject({ text: program?.text });
  });

  it("says when silence counts", () => {
    const beat = new HeartbeatState({}, 0);
    beat.established(0);
    beat.measured(1_000);
    for (let count = 0; count < 50; count += 1) beat.measured(1_000);
    expect(page).toContain(`nothing for ${Math.round(beat.timeoutUs / 1_000)} ms`);
    for (let count = 0; count < 50; count += 1) beat.measured(count % 2 === 0 ? 0 : 3_000_000);
    expect(page).toContain(`up to ${beat.timeoutUs / 1_000_000} s`);
  });

  it("names a bench and a command that there are", () => {
    const [command, doctor] = blocksOf(page).filter((block) => block.language === "sh");
    expect(command?.text.trim()).toBe("npm run bench -- failover --long");
    expect(parseArguments((doctor?.text ?? "").trim().split(" ").slice(2), doctorCommand)).toBeDefined();
    expect(() => readFileSync(new URL("../bench/failover.bench.ts", import.meta.url))).not.toThrow();
  });

  it("shows what the command says", () => {
    const [shown] = blocksOf(page).filter((block) => block.language === "text");
    const error = new MeshError("pipeline-not-found", "No pipeline `Hering` is there; there are: Hearing.");
    const output = { style: style({ color: false, hyperlinks: false }) } as Output;
    const finding = failed("pipeline", error, "Did you mean Hearing?");
    expect(shown?.text).toContain(
      showFinding(finding, output) + showSum("webrtc://gpu.example.com:7443/Hering", [finding], output),
    );
  });
});
