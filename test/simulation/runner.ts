import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";
import { scenarioOf, type Scenario } from "./scenario.ts";

/** Looked at so often without a word, a process has come to no end with a life. It may be that the machine is busy, or that all here was stopped. */
const looks = 12;
const lookEveryMs = 5_000;

export interface LifeLine {
  readonly seed: number;
  /** What does not hold that always has to; empty when all is well. */
  readonly broken: readonly string[];
  readonly events: number;
  /** Virtual milliseconds. */
  readonly ms: number;
  readonly frames: number;
}

export interface Lives {
  /** Runs so many lives, from a seed on. @param onLife is told of each, in no order @param faults as `main.ts` has it */
  run(init: {
    readonly first: number;
    readonly count: number;
    readonly jobs: number;
    readonly faults?: string | undefined;
    /** @returns false when that is enough */
    readonly onLife: (line: LifeLine) => boolean | void;
  }): Promise<void>;
  /** As few of its faults as make a seed fail, by their indexes; undefined when that takes too long. */
  shrink(seed: number): Promise<readonly number[] | undefined>;
  close(): void;
}

/**
 * Puts the simulation into one file, which runs several times as fast as by way of a test runner, and in which `import()` takes no turn
 * of the event loop.
 * @param plugins change what is put in
 */
export async function prepareLives(plugins: readonly Plugin[] = []): Promise<Lives> {
  const folder = mkdtempSync(join(tmpdir(), "mesh-simulation-"));
  const outfile = join(folder, "main.mjs");
  await build({
    entryPoints: [fileURLToPath(new URL("main.ts", import.meta.url))],
    bundle: true,
    platform: "node",
    format: "esm",
    outfile,
    sourcemap: "inline",
    sourcesContent: false,
    logLevel: "error",
    plugins: [...plugins],
    // For what is in packages as CommonJS.
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
  });
  const children = new Set<ChildProcess>();
  const start = (args: readonly string[]): ChildProcess => {
    const child = spawn(
      process.execPath,
      [
        "--enable-source-maps",
        "--min-semi-space-size=16",
        "--max-semi-space-size=16",
        "--single-threaded-gc",
        outfile,
        ...args,
      ],
      {
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    children.add(child);
    child.once("exit", () => children.delete(child));
    return child;
  };
  return {
    async run({ first, count, jobs, faults, onLife }) {
      let enough = false;
      const each = async (job: number): Promise<void> => {
        for (let next = first + job; next < first + count && !enough;) {
          const left = Math.ceil((first + count - next) / jobs);
          const rest = faults === undefined ? [] : [faults];
          const child = start([String(next), String(jobs), String(left), ...rest]);
          for await (const line of linesOf(child)) {
            next += jobs;
            if (onLife(JSON.parse(line) as LifeLine) === false) enough = true;
            if (enough) break;
          }
          const why = await endOf(child);
          // It goes on behind the life that it has not come back from.
          if (!enough && next < first + count) {
            onLife({ seed: next, broken: [why], events: 0, ms: 0, frames: 0 });
            next += jobs;
          }
        }
      };
      await Promise.all(Array.from({ length: Math.min(jobs, count) }, (_, job) => each(job)));
    },
    async shrink(seed) {
      const child = start([String(seed), "shrink"]);
      for await (const line of linesOf(child)) return (JSON.parse(line) as { kept: readonly number[] }).kept;
      return undefined;
    },
    close() {
      for (const child of children) child.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The lines of its output, until it ends or is silent for too long; it is ended then. */
async function* linesOf(child: ChildProcess): AsyncGenerator<string> {
  let silent = 0;
  const timer = setInterval(() => {
    silent += 1;
    if (silent > looks) child.kill("SIGKILL");
  }, lookEveryMs);
  try {
    for await (const line of createInterface({ input: child.stdout as NonNullable<ChildProcess["stdout"]> })) {
      silent = 0;
      yield line;
    }
  } finally {
    clearInterval(timer);
    if (child.exitCode === null) child.kill("SIGKILL");
  }
}

async function endOf(child: ChildProcess): Promise<string> {
  if (child.exitCode === null && child.signalCode === null) await new Promise((resolve) => child.once("exit", resolve));
  return child.signalCode === "SIGKILL"
    ? `it never came back: no end within ${(looks * lookEveryMs) / 1_000} s`
    : `its process ended with ${child.exitCode ?? child.signalCode}`;
}

/** What one needs to know of a seed that fails. @param kept indexes of the faults that are enough */
export function report({ seed, broken }: LifeLine, kept: readonly number[] | undefined): string {
  const scenario = scenarioOf(seed);
  const shown = kept ?? scenario.faults.map((_, index) => index);
  const few = kept !== undefined && kept.length < scenario.faults.length;
  return [
    `seed ${seed}:`,
    ...broken.map((what) => `  ${what}`),
    `  in ${settingOf(scenario)}`,
    `  faults${few ? ` (these of ${scenario.faults.length} are enough)` : ""}:`,
    ...shown.map((index) => `    ${index}: ${JSON.stringify(scenario.faults[index])}`),
    `  again: npm run simulate -- --runs 1 --seed ${seed}${few ? ` --faults ${shown.join(",")}` : ""}`,
  ].join("\n");
}

function settingOf({ services, workers, clients, queueFrames, watcher, thief }: Scenario): string {
  return JSON.stringify({ services, workers, clients, queueFrames, watcher, thief });
}
