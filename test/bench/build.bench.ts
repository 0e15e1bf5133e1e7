import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeMeshProject, writeTypeSpecProject } from "./build-sources.ts";
import { median, rounded, type BenchRow } from "./hop-rounds.ts";

export const title = "Building 200 modules, whole processes";

const root = fileURLToPath(new URL("../..", import.meta.url));
const modules = 200;
const rounds = 4;

/** Milliseconds from start to end of a process that must do well. */
function timed(args: readonly string[], cwd: string): number {
  const startMs = performance.now();
  const run = spawnSync(process.execPath, args, { cwd, encoding: "utf8" });
  const tookMs = performance.now() - startMs;
  if (run.status !== 0) throw new Error(`${args.join(" ")}: ${run.stdout}${run.stderr}`);
  return tookMs;
}

interface Round {
  readonly coldMs: number;
  readonly warmMs: number;
  readonly peerMs: number;
}

function measure(folder: string): Round[] {
  const mesh = join(folder, "mesh");
  const typeSpec = join(folder, "typespec");
  writeMeshProject(mesh, modules);
  writeTypeSpecProject(typeSpec, modules);
  // A folder for each round: ext4 takes its time with files in the place of some that were deleted a moment ago.
  const meshc = (round: number): string[] => [join(root, "dist/meshc.js"), "build", "--out", `gen${round}`];
  const tsp = [join(root, "node_modules/@typespec/compiler/cmd/tsp.js"), "compile", "main.tsp", "--no-emit"];
  const found: Round[] = [];
  // The first round fills the caches of the disk.
  for (let round = 0; round <= rounds; round += 1) {
    rmSync(join(mesh, "node_modules/.cache"), { recursive: true, force: true });
    const coldMs = timed(meshc(round), mesh);
    const peerMs = timed(tsp, typeSpec);
    const warmMs = timed(meshc(round), mesh);
    if (round > 0) found.push({ coldMs, warmMs, peerMs });
  }
  return found;
}

export async function run(): Promise<{ readonly rows: readonly BenchRow[]; readonly notes: readonly string[] }> {
  const built = spawnSync(process.execPath, [join(root, "scripts/build.mjs")], { encoding: "utf8" });
  if (built.status !== 0) throw new Error(built.stdout + built.stderr);
  const folder = mkdtempSync(join(tmpdir(), "mesh-build-bench-"));
  try {
    const found = measure(folder);
    const peer = median(found.map((one) => one.peerMs));
    const row = (name: string, of: (one: Round) => number): BenchRow => ({
      case: name,
      metric: "build",
      unit: "ms",
      ours: rounded(median(found.map(of))),
      peer: rounded(peer),
      peerName: "tsp compile",
      ratio: rounded(median(found.map((one) => of(one) / one.peerMs))),
      goal: "<= 1",
    });
    const own = (name: string, of: (one: Round) => number, goal: string): BenchRow => ({
      ...row(name, of),
      peer: null,
      peerName: null,
      ratio: null,
      goal,
    });
    return {
      rows: [
        row("cold", ({ coldMs }) => coldMs),
        own("cold, alone", ({ coldMs }) => coldMs, "<= 1500"),
        row("nothing changed", ({ warmMs }) => warmMs),
        own("nothing changed, alone", ({ warmMs }) => warmMs, "<= 250"),
      ],
      notes: [
        `meshc build checks ${modules} programs and writes a module, its map, a plan and a manifest for each, ts-morph loaded`,
        "on the way. tsp compile 1.11 with --no-emit checks as many files of the same declarations and writes nothing; it has",
        "no incremental build, so both of ours stand beside the same figure. Wall time of processes that took turns.",
      ],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
