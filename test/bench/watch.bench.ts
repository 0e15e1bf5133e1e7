// How long it takes from a changed file to the module that `meshc build --watch` writes of it, in a project of ten
// programs; beside `tsc --watch` (TypeScript 6, in JavaScript as `meshc` is), which writes JavaScript of ten modules that
// declare as much.
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

export const title = "meshc build --watch: from a changed file to the written module, in a project of 10 files";

const root = fileURLToPath(new URL("../../", import.meta.url));
const fileCount = 10;
const rounds = 8;
/** Between two changes: the code of the nodes is verified then, which holds up what comes meanwhile. */
const pauseMs = 1_000;
/** Nothing takes as long as this, but a watch that has missed a change. */
const limitMs = 30_000;

interface Row {
  readonly case: string;
  readonly metric: string;
  readonly unit: string;
  readonly ours: number;
  readonly peer: number | null;
  readonly peerName: string | null;
  readonly ratio: number | null;
  readonly goal: string | null;
}

/** A record that all others import, and programs with a node, a remote and a parameter each. */
function sources(): Map<string, string> {
  const files = new Map([
    ["shared.mesh", shared(0)],
    ["work.ts", "export const Work = { open: () => ({}) };\n"],
  ]);
  for (let index = 1; index < fileCount; index += 1) files.set(`p${index}.mesh`, program(index, 0));
  return files;
}

function shared(round: number): string {
  return `/// Round ${round}.\nrecord Item {\n  text: text\n  size: int in 0.. = ${round}\n}\n`;
}

function program(index: number, round: number): string {
  return `import { Item } from "./shared.mesh"

node Work(size: int in 0..1000 = ${round}) {
  in  Item
  out Item
  from "./work.ts"
}

interface Worker {
  in  a: Item
  out b: Item
}

pipeline P${index}(size: int in 0..1000 = ${round}) {
  in  a: Item
  out b: Item

  remote far: Worker {
    at   "webrtc://far.example.com/Work"
    else Near()
  }

  a -> Work(size: size) -> far -> b
}

pipeline Near: Worker {
  in  a: Item
  out b: Item
  a -> Work() -> b
}
`;
}

/** The same as a module in TypeScript. */
function module(index: number, round: number): string {
  return `import type { Item } from "./shared.js";

export interface Worker {
  work(item: Item): Promise<Item>;
}

export interface Work${index}Options {
  readonly size?: number;
  readonly far?: Worker;
}

export const size${index} = ${round};

const near: Worker = { work: (item) => Promise.resolve({ ...item, size: item.size + 1 }) };

export async function launchP${index}(options: Work${index}Options = {}): Promise<Worker> {
  const { size = size${index}, far = near } = options;
  return { work: async (item) => await far.work({ ...item, size }) };
}
`;
}

/** Resolves with the time at which a file holds a text, looked at every half millisecond. */
async function holds(file: string, text: string): Promise<number> {
  const startMs = performance.now();
  let changed = -1;
  while (performance.now() - startMs < limitMs) {
    const { mtimeMs } = statSync(file, { throwIfNoEntry: false }) ?? { mtimeMs: -1 };
    if (mtimeMs !== changed) {
      changed = mtimeMs;
      if (mtimeMs !== -1 && readFileSync(file, "utf8").includes(text)) return performance.now();
    }
    await pause(0.5);
  }
  throw new Error(`${file} does not hold ${text} after ${limitMs} ms`);
}

function started(args: readonly string[], cwd: string, ready: RegExp): Promise<ChildProcess> {
  const child = spawn(process.execPath, args, { cwd, stdio: ["ignore", "pipe", "inherit"] });
  return new Promise((resolve, reject) => {
    let heard = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      heard += String(chunk);
      if (ready.test(heard)) resolve(child);
    });
    child.once("exit", (code) => reject(new Error(`it ended with ${code}: ${heard}`)));
  });
}

/** Milliseconds of each round, in order of size. */
async function measured(
  change: (round: number) => void,
  written: (round: number) => Promise<number>,
): Promise<number[]> {
  const times: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const startMs = performance.now();
    change(round);
    times.push((await written(round)) - startMs);
    await pause(pauseMs);
  }
  return times.toSorted((a, b) => a - b);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const rounded = (ms: number | undefined): number => Math.round((ms ?? Number.NaN) * 10) / 10;
const median = (times: readonly number[]): number => rounded(times[Math.floor(times.length / 2)]);

export async function run(): Promise<{ readonly rows: readonly Row[]; readonly notes: readonly string[] }> {
  const folder = mkdtempSync(join(tmpdir(), "mesh-watch-"));
  let ours: ChildProcess | undefined;
  let peer: ChildProcess | undefined;
  try {
    const mesh = join(folder, "mesh");
    mkdirSync(mesh);
    writeFileSync(join(mesh, "package.json"), "{}");
    for (const [name, text] of sources()) writeFileSync(join(mesh, name), text);
    ours = await started([join(root, "dist/meshc.js"), "build", "--watch"], mesh, /waiting for changes/);
    // At first everything is verified.
    await pause(3 * pauseMs);
    const one = await measured(
      (round) => writeFileSync(join(mesh, "p4.mesh"), program(4, round)),
      (round) => holds(join(mesh, "p4.mesh.ts"), `default: { literal: ${round} }`),
    );
    const all = await measured(
      (round) => writeFileSync(join(mesh, "shared.mesh"), shared(round)),
      async (round) => {
        let lastMs = await holds(join(mesh, "shared.mesh.ts"), `Round ${round}.`);
        for (let index = 1; index < fileCount; index += 1) {
          lastMs = Math.max(lastMs, await holds(join(mesh, `p${index}.plan.json`), `"default": ${round}`));
        }
        return lastMs;
      },
    );
    ours.kill();

    const typescript = join(folder, "typescript");
    mkdirSync(typescript);
    const compilerOptions = { target: "es2022", module: "nodenext", strict: true, skipLibCheck: true, types: [] };
    writeFileSync(join(typescript, "tsconfig.json"), JSON.stringify({ compilerOptions }));
    writeFileSync(join(typescript, "package.json"), `{ "type": "module" }`);
    writeFileSync(join(typescript, "shared.ts"), "export interface Item {\n  text: string;\n  size: number;\n}\n");
    for (let index = 1; index < fileCount; index += 1)
      writeFileSync(join(typescript, `p${index}.ts`), module(index, 0));
    const tsc = join(root, "node_modules/typescript-6/bin/tsc");
    peer = await started([tsc, "--watch", "--preserveWatchOutput"], typescript, /Watching for file changes/);
    const other = await measured(
      (round) => writeFileSync(join(typescript, "p4.ts"), module(4, round)),
      (round) => holds(join(typescript, "p4.js"), `size4 = ${round};`),
    );
    peer.kill();

    return {
      rows: [
        row("one program of ten", "median", median(one), median(other), "< 100 ms"),
        row("one program of ten", "slowest", rounded(one.at(-1)), rounded(other.at(-1)), null),
        row("what nine programs import", "median, all ten written", median(all), null, null),
      ],
      notes: [`${rounds} changes each, a second apart; waiting for what else an editor writes is included.`],
    };
  } finally {
    ours?.kill("SIGKILL");
    peer?.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}

function row(name: string, metric: string, ours: number, peer: number | null, goal: string | null): Row {
  const ratio = peer === null ? null : Math.round((ours / peer) * 100) / 100;
  return { case: name, metric, unit: "ms", ours, peer, peerName: peer === null ? null : "tsc --watch", ratio, goal };
}
