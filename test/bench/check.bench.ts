import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import type { memoryHost, Workspace } from "../../compiler/index.ts";
import { TypeSpecProject } from "./check-peers.ts";
import { meshPath, meshProgram, meshProject } from "./check-sources.ts";
import { median, rounded, type BenchRow } from "./hop-rounds.ts";
import { langiumParser } from "./parse-peers.ts";
import { typeSpecSource } from "./parse-sources.ts";

export const title = "Checking, warm: all of it, and again after an edit of one line";

const lines = 10_000;
const files = 100;

interface Compiler {
  readonly Workspace: typeof Workspace;
  readonly memoryHost: typeof memoryHost;
}

const standard = Object.fromEntries(
  ["audio", "speech"].map((name) => [
    `std/${name}`,
    readFileSync(new URL(`../../stdlib/${name}/${name}.mesh`, import.meta.url), "utf8"),
  ]),
);

/** The compiler as it ships: bundled, without what a loader of TypeScript adds to each function. */
async function shippedCompiler(): Promise<Compiler> {
  const folder = mkdtempSync(join(tmpdir(), "mesh-bench-"));
  const outfile = join(folder, "compiler.mjs");
  try {
    const entry = fileURLToPath(new URL("../../compiler/index.ts", import.meta.url));
    await build({ entryPoints: [entry], bundle: true, format: "esm", platform: "node", outfile, logLevel: "error" });
    return (await import(pathToFileURL(outfile).href)) as Compiler;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function workspaceOf({ Workspace, memoryHost }: Compiler, texts: Readonly<Record<string, string>>): Workspace {
  const workspace = new Workspace(memoryHost(texts, standard));
  for (const path of Object.keys(texts)) workspace.add(path);
  const [wrong] = workspace.diagnostics();
  if (wrong !== undefined) throw new Error(`Mesh: ${wrong.message}`);
  return workspace;
}

/** Milliseconds that somebody waits. */
async function msOf(work: () => unknown): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}

/** The contenders take turns, so that what else the machine does meets them alike. */
async function turns(
  works: Readonly<Record<string, () => unknown>>,
  { rounds, warmups }: { readonly rounds: number; readonly warmups: number },
): Promise<Record<string, number[]>> {
  const figures: Record<string, number[]> = Object.fromEntries(Object.keys(works).map((name) => [name, []]));
  for (let round = -warmups; round < rounds; round += 1) {
    for (const [name, work] of Object.entries(works)) {
      const ms = await msOf(work);
      if (round >= 0) figures[name]?.push(ms);
    }
  }
  return figures;
}

function row(
  what: { readonly case: string; readonly metric: string; readonly goal: string | null },
  ours: readonly number[],
  peerName: string | null,
  theirs: readonly number[],
): BenchRow {
  const ratio = median(ours.map((value, index) => value / (theirs[index] ?? Number.NaN)));
  return {
    ...what,
    unit: "ms",
    ours: rounded(median([...ours])),
    peer: peerName === null ? null : rounded(median([...theirs])),
    peerName,
    ratio: peerName === null ? null : rounded(ratio),
  };
}

async function full(compiler: Compiler): Promise<BenchRow[]> {
  const program = { "main.mesh": meshProgram(lines) };
  const project = meshProject(files);
  const langium = await langiumParser();
  const typeSpec = new TypeSpecProject({ "main.tsp": checkedTypeSpec(lines) }, "main.tsp");
  // The first twenty or so are slower, until all of the code has been compiled.
  for (let count = 0; count < 25; count += 1) workspaceOf(compiler, program);
  const found = await turns(
    {
      one: () => workspaceOf(compiler, program),
      many: () => workspaceOf(compiler, project),
      Langium: () => langium(program["main.mesh"]),
      TypeSpec: () => typeSpec.compile(false),
    },
    { rounds: 7, warmups: 2 },
  );
  const { one = [], many = [], Langium = [], TypeSpec = [] } = found;
  const best = [Math.min(...one)];
  const shown = "10,000 lines in one file";
  return [
    row({ case: shown, metric: "full check", goal: "< 150 ms" }, one, null, []),
    row({ case: shown, metric: "full check, the quickest round", goal: "< 150 ms" }, best, null, []),
    row({ case: shown, metric: "full check", goal: null }, one, "TypeSpec", TypeSpec),
    row({ case: shown, metric: "full check, beside a parse alone", goal: null }, one, "Langium", Langium),
    row({ case: "10,000 lines in 100 files", metric: "full check", goal: null }, many, null, []),
  ];
}

/** Edits of one line in one file after another; whoever leans on a file has a say in how long its export takes. */
async function again(compiler: Compiler): Promise<BenchRow[]> {
  const project = meshProject(files);
  const workspace = workspaceOf(compiler, project);
  workspace.prepare();
  const typeSpec = new TypeSpecProject(typeSpecProject(), "main.tsp");
  await typeSpec.compile(false);
  const body: number[] = [];
  const exported: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < 2; round += 1) {
    for (let number = 0; number < files; number += 1) {
      const path = meshPath(number);
      const text = project[path] ?? "";
      const inside = text.replace("threshold: 0.6", `threshold: 0.${round + 1}${number}`);
      const outside = inside.replace(`record Word${number} {`, `record Word${number} { more${round}: text = "a",`);
      const ofBody = await msOf(() => (workspace.update(path, inside), workspace.diagnostics()));
      const ofExport = await msOf(() => (workspace.update(path, outside), workspace.diagnostics()));
      if (round === 0) continue;
      body.push(ofBody);
      exported.push(ofExport);
      if (number % 33 !== 0) continue;
      typeSpec.update(`file${number}.tsp`, `${checkedTypeSpec(100, number)}\n// ${round}`);
      theirs.push(await msOf(() => typeSpec.compile(true)));
    }
  }
  const shown = "one line of 100 files";
  const slow = (values: readonly number[]): number[] => [
    values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.95)] ?? Number.NaN,
  ];
  return [
    row({ case: shown, metric: "body, median", goal: "< 10 ms" }, [median(body)], null, []),
    row({ case: shown, metric: "body, 95 of 100", goal: null }, slow(body), null, []),
    row({ case: shown, metric: "export, median", goal: "< 10 ms" }, [median(exported)], null, []),
    row({ case: shown, metric: "export, 95 of 100", goal: null }, slow(exported), null, []),
    row({ case: shown, metric: "export, median", goal: null }, [median(exported)], "TypeSpec", [median(theirs)]),
  ];
}

/** The text that TypeSpec parses in the other bench speaks of HTTP; what its checker knows nothing of is left out. */
function checkedTypeSpec(count: number, number = 0): string {
  return `namespace File${number};\n${typeSpecSource(count)
    .replaceAll(/@(?:route|get|post|path|query|body)\b(?:\("[^"]*"\))? ?/g, "")
    .replaceAll("@maxLength(64) ", "")
    .replaceAll(/<Speech extends string = "opus">/g, "")
    .replaceAll("codec: Speech", "codec: string")}`;
}

function typeSpecProject(): Record<string, string> {
  const names = Array.from({ length: files }, (_, number) => `file${number}.tsp`);
  const texts = names.map((name, number): [string, string] => [name, checkedTypeSpec(100, number)]);
  return { ...Object.fromEntries(texts), "main.tsp": names.map((name) => `import "./${name}";`).join("\n") };
}

export async function run(): Promise<{ readonly rows: readonly BenchRow[]; readonly notes: readonly string[] }> {
  const compiler = await shippedCompiler();
  return {
    rows: [...(await full(compiler)), ...(await again(compiler))],
    notes: [
      `Mesh checks a program from its text, nothing kept. TypeSpec 1.11 compiles a text of its own with as many lines that`,
      `speaks of the same things, and then again with its old program. Langium 4.2 parses the same text and does no more.`,
      `After an edit: each of the ${files} files in turn, a tree in which each leans on another; an export has up to three that use it.`,
    ],
  };
}
