import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pageWeight, type PageWeight } from "../support/page-weight.ts";
import { rounded, type BenchRow } from "./hop-rounds.ts";

export const title = "What a page loads, what an install holds, how long a door takes to import";

const root = fileURLToPath(new URL("../..", import.meta.url));
const imports = 5;

/** What all of the runtime weighs in a page, minified and with gzip. */
const core = `export { connect, launch, launchPipeline, launchPeers, defineNode, inputPort, outputPort, MeshError } from "pipeline-mesh";`;
/** A program of a page: a record on its way to a peer and back. */
const program = `record Line { text: text, sure: float in 0..1 = 1.0 }
interface Answering { in line: Line
  out answer: Line }
pipeline Main {
  in  line: Line
  out answer: Line
  remote loud: Answering { at "webrtc://127.0.0.1:7452/Loud" }
  line -> loud -> answer
}
`;

const weigh = (contents: string, resolveDir: string): Promise<PageWeight> =>
  pageWeight(contents, resolveDir, {
    nodePaths: [join(root, "node_modules")],
    alias: { "pipeline-mesh": join(root, "dist/runtime.browser.js") },
  });

/** Milliseconds that a fresh process takes for some code, the best of several: other programs only make it longer. */
function freshMs(code: string): number {
  const script = `const start = performance.now(); ${code}; console.log(performance.now() - start);`;
  const found = Array.from({ length: imports }, () => {
    const run = spawnSync(process.execPath, ["--input-type=module", "-e", script], { cwd: root, encoding: "utf8" });
    if (run.status !== 0) throw new Error(run.stderr);
    return Number(run.stdout);
  });
  return Math.min(...found);
}

/** Milliseconds from the start of a process that does nothing to its end, the best of several. */
function startMs(): number {
  const found = Array.from({ length: imports }, () => {
    const beginMs = performance.now();
    spawnSync(process.execPath, ["-e", "0"]);
    return performance.now() - beginMs;
  });
  return Math.min(...found);
}

const emptyPlan = { version: 1, source: "", compiler: "", schemas: {}, pipelines: {}, peers: {} };
const launching = `const { launch } = await import("pipeline-mesh"); await (await launch(${JSON.stringify(emptyPlan)}, {})).close()`;

function kilobytes(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  return files.reduce((sum, one) => sum + statSync(join(one.parentPath, one.name)).size, 0) / 1000;
}

export async function run(): Promise<{ readonly rows: readonly BenchRow[]; readonly notes: readonly string[] }> {
  const row = (name: string, metric: string, unit: string, ours: number, goal: string | null = null): BenchRow => ({
    case: name,
    metric,
    unit,
    ours: rounded(ours),
    peer: null,
    peerName: null,
    ratio: null,
    goal,
  });
  const folder = mkdtempSync(join(tmpdir(), "mesh-size-"));
  try {
    const packed = spawnSync("npm", ["pack", "--pack-destination", folder], { cwd: root, encoding: "utf8" });
    if (packed.status !== 0) throw new Error(packed.stderr);
    const tarball = join(folder, packed.stdout.trim().split("\n").at(-1) ?? "");
    spawnSync("tar", ["-xzf", tarball, "-C", folder]);
    // Beside the packages that it needs, as it is installed.
    const dist = join(root, "dist");
    writeFileSync(join(folder, "package.json"), "{}");
    writeFileSync(join(folder, "main.mesh"), program);
    const meshc = [join(dist, "meshc.js"), "build", "--target", "browser"];
    const built = spawnSync(process.execPath, meshc, { cwd: folder, encoding: "utf8" });
    if (built.status !== 0) throw new Error(built.stdout + built.stderr);
    const page = await weigh(core, root);
    const module = await weigh(`export { launchMain } from "./main.mesh.ts";`, folder);
    const zodMs = freshMs(`await import("zod")`);
    return {
      rows: [
        row("runtime core in a page", "min + gzip", "KiB", page.gzip / 1024, "<= 60"),
        row("WebRTC and signaling, once a page calls", "min + gzip", "KiB", page.laterGzip / 1024),
        row("runtime core in a page", "minified", "kB", page.minified / 1000),
        row("page with a generated module, at first", "min + gzip", "kB", module.gzip / 1000),
        row("tarball", "size", "kB", statSync(tarball).size / 1000),
        row("installed, without dependencies", "size", "kB", kilobytes(join(folder, "package"))),
        ...["pipeline-mesh", "pipeline-mesh/stdlib", "pipeline-mesh/compiler"].map((door) => {
          const isRuntime = door === "pipeline-mesh";
          const ms = freshMs(`await import("${door}")`);
          return {
            ...row(door, "cold import", "ms", ms, isRuntime ? "<= 60" : null),
            ...(isRuntime && { peer: rounded(zodMs), peerName: "zod", ratio: rounded(ms / zodMs) }),
          };
        }),
        row("pipeline-mesh", "cold import and an empty launch", "ms", freshMs(launching)),
        row("Node", "a process that does nothing", "ms", startMs()),
      ],
      notes: [
        "The shipped files, bundled by esbuild for browsers. The generated module has records, so it brings the Zod that people know, of which",
        `the core needs only the small form. Imports are the best of ${imports} fresh processes, without their start.`,
      ],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
    // What is packed has no maps, which those who work on it want.
    spawnSync(process.execPath, [join(root, "scripts/build.mjs")], { cwd: root });
  }
}
