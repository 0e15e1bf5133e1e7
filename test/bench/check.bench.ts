import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { files, type CheckAnswer, type CheckTask, type ContenderName } from "./check-tasks.ts";
import { median, percentile, rounded, type BenchRow } from "./hop-rounds.ts";

export const title = "Checking, warm: all of it, and again after an edit of one line";

/** A contender in a process of its own. */
class Contender {
  readonly #process: ChildProcess;

  constructor(name: ContenderName, compilerPath: string) {
    const worker = fileURLToPath(new URL("check-worker.ts", import.meta.url));
    this.#process = fork(worker, [name, compilerPath], { execArgv: ["--import", "tsx"] });
  }

  /** Its next message. @throws {Error} when it ends instead */
  async #next(): Promise<unknown> {
    const gone = new AbortController();
    try {
      const { signal } = gone;
      const left = once(this.#process, "exit", { signal }).then(([code]) => {
        throw new Error(`a contender ended with code ${code}`);
      });
      const [message] = (await Promise.race([once(this.#process, "message", { signal }), left])) as [unknown];
      return message;
    } finally {
      gone.abort();
    }
  }

  async ready(): Promise<void> {
    await this.#next();
  }

  /** Milliseconds that it takes. */
  async ms(task: CheckTask): Promise<number> {
    this.#process.send(task);
    const answer = (await this.#next()) as CheckAnswer;
    if ("error" in answer) throw new Error(answer.error);
    return answer.ms;
  }

  end(): void {
    this.#process.disconnect();
    this.#process.kill();
  }
}

type Contenders = Readonly<Record<ContenderName, Contender>>;

/** The contenders take turns, so that what else the machine does meets them alike. */
async function full({ mesh, langium, typespec }: Contenders): Promise<BenchRow[]> {
  const found = { one: [] as number[], many: [] as number[], langium: [] as number[], typespec: [] as number[] };
  // The first twenty or so are slower, until all of the code has been compiled.
  for (let count = 0; count < 25; count += 1) await mesh.ms({ project: "one" });
  for (let round = -2; round < 9; round += 1) {
    const taken = {
      one: await mesh.ms({ project: "one" }),
      many: await mesh.ms({ project: "many" }),
      langium: await langium.ms({ project: "one" }),
      typespec: await typespec.ms({ project: "one" }),
    };
    if (round < 0) continue;
    for (const key of ["one", "many", "langium", "typespec"] as const) found[key].push(taken[key]);
  }
  const { one, many } = found;
  const shown = "10,000 lines in one file";
  return [
    alone({ case: shown, metric: "full check, median", goal: "< 150" }, median(one)),
    alone({ case: shown, metric: "full check, the quickest round", goal: null }, Math.min(...one)),
    beside({ case: shown, metric: "full check" }, one, "TypeSpec", found.typespec),
    beside({ case: shown, metric: "full check, beside a parse alone" }, one, "Langium", found.langium),
    alone({ case: "10,000 lines in 100 files", metric: "full check, median", goal: null }, median(many)),
  ];
}

/** Edits of one line in one file after another; whoever leans on a file has a say in how long its export takes. */
async function again({ mesh, typespec }: Contenders): Promise<BenchRow[]> {
  const body: number[] = [];
  const exported: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    for (let number = 0; number < files; number += 1) {
      const ofBody = await mesh.ms({ project: "many", edit: { number, round, what: "body" } });
      const ofExport = await mesh.ms({ project: "many", edit: { number, round, what: "export" } });
      if (round === 0) continue;
      body.push(ofBody);
      exported.push(ofExport);
      if (number % 50 !== 0) continue;
      theirs.push(await typespec.ms({ project: "many", edit: { number, round, what: "body" } }));
    }
  }
  const shown = "one line of 100 files";
  return [
    alone({ case: shown, metric: "body, median", goal: "< 10" }, median(body)),
    alone({ case: shown, metric: "body, 95 of 100", goal: null }, percentile(body, 0.95)),
    alone({ case: shown, metric: "export, median", goal: "< 10" }, median(exported)),
    alone({ case: shown, metric: "export, 95 of 100", goal: null }, percentile(exported, 0.95)),
    beside({ case: shown, metric: "export, median" }, [median(exported)], "TypeSpec", [median(theirs)]),
  ];
}

type Shown = Pick<BenchRow, "case" | "metric">;

function alone(what: Shown & Pick<BenchRow, "goal">, ours: number): BenchRow {
  return { ...what, unit: "ms", ours: rounded(ours), peer: null, peerName: null, ratio: null };
}

function beside(what: Shown, ours: readonly number[], peerName: string, theirs: readonly number[]): BenchRow {
  const ratio = median(ours.map((value, index) => value / (theirs[index] ?? Number.NaN)));
  const figures = { ours: rounded(median(ours)), peer: rounded(median(theirs)), ratio: rounded(ratio) };
  return { ...what, unit: "ms", ...figures, peerName, goal: null };
}

export async function run(): Promise<{ readonly rows: readonly BenchRow[]; readonly notes: readonly string[] }> {
  const folder = mkdtempSync(join(tmpdir(), "mesh-bench-"));
  const outfile = join(folder, "compiler.mjs");
  const entry = fileURLToPath(new URL("../../compiler/index.ts", import.meta.url));
  await build({ entryPoints: [entry], bundle: true, format: "esm", platform: "node", outfile, logLevel: "error" });
  const of = (name: ContenderName): Contender => new Contender(name, pathToFileURL(outfile).href);
  const contenders: Contenders = { mesh: of("mesh"), langium: of("langium"), typespec: of("typespec") };
  try {
    await Promise.all(Object.values(contenders).map((one) => one.ready()));
    return {
      rows: [...(await full(contenders)), ...(await again(contenders))],
      notes: [
        `Each has a process of its own, and they take turns. Mesh checks a program from its text, nothing kept. TypeSpec 1.11`,
        `compiles a text of its own with as many lines that speaks of the same things, and then again with its old program.`,
        `Langium 4.2 parses the same text and does no more. After an edit: each of the ${files} files in turn, a tree in which`,
        `each leans on another; an export has up to three that use it.`,
      ],
    };
  } finally {
    for (const one of Object.values(contenders)) one.end();
    rmSync(folder, { recursive: true, force: true });
  }
}
