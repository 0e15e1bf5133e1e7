import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import type { createParser } from "../../grammar/index.ts";
import { median, rounded, type BenchRow, type Rounds } from "./hop-rounds.ts";
import { langiumParser, typeSpecParser, type Parse } from "./parse-peers.ts";
import { meshSource, typeSpecSource } from "./parse-sources.ts";

export const title = "Lexing and parsing to a tree, warm";

/** The parser as it ships: bundled, without what a loader of TypeScript adds to each function. */
async function meshParser(): Promise<Parse> {
  const folder = mkdtempSync(join(tmpdir(), "mesh-bench-"));
  const outfile = join(folder, "grammar.mjs");
  try {
    const entry = fileURLToPath(new URL("../../grammar/index.ts", import.meta.url));
    await build({ entryPoints: [entry], bundle: true, format: "esm", platform: "node", outfile, logLevel: "error" });
    const shipped = (await import(pathToFileURL(outfile).href)) as { createParser: typeof createParser };
    const parse = shipped.createParser();
    return (text) => {
      const { file, errors } = parse(text);
      if (errors[0] !== undefined) throw new Error(`Mesh: ${errors[0].message}`);
      return file;
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Contender {
  readonly name: string;
  readonly parse: Parse;
  readonly text: string;
}

interface Size {
  readonly shown: string;
  readonly lines: number;
  /** How often a text is parsed in one turn. */
  readonly runs: number;
  readonly rounds: number;
  readonly warmups: number;
}

const sizes: readonly Size[] = [
  { shown: "10,000 lines", lines: 10_000, runs: 1, rounds: 15, warmups: 8 },
  { shown: "100 lines", lines: 100, runs: 20, rounds: 15, warmups: 8 },
];

/** Nanoseconds for a parse. The contenders take turns, so that what else the machine does meets them alike. */
function measured(contenders: readonly Contender[], { runs, rounds, warmups }: Size): Rounds {
  const figures = new Map(contenders.map(({ name }) => [name, [] as number[]]));
  // The last tree of each stays alive, as that of an open file does, and no run can be left out as idle.
  const trees = new Map<string, unknown>();
  for (let round = -warmups; round < rounds; round += 1) {
    for (const { name, parse, text } of contenders) {
      const startMs = performance.now();
      for (let turn = 0; turn < runs; turn += 1) trees.set(name, parse(text));
      if (round >= 0) figures.get(name)?.push(((performance.now() - startMs) * 1e6) / runs);
    }
  }
  return figures;
}

function row(rounds: Rounds, size: Size, peer: string, goal: string | null): BenchRow {
  const own = rounds.get("Mesh") ?? [];
  const theirs = rounds.get(peer) ?? [];
  return {
    case: size.shown,
    metric: "parse",
    unit: "ms",
    ours: rounded(median(own) / 1e6),
    peer: rounded(median(theirs) / 1e6),
    peerName: peer,
    ratio: rounded(median(own.map((value, index) => value / (theirs[index] ?? Number.NaN)))),
    goal,
  };
}

function thousands(text: string): string {
  return `${Math.round(text.length / 1000)} thousand characters`;
}

export async function run(): Promise<{ readonly rows: readonly BenchRow[]; readonly notes: readonly string[] }> {
  const [mesh, langium, typeSpec] = [await meshParser(), await langiumParser(), typeSpecParser()];
  const rows = sizes.flatMap((size) => {
    const program = meshSource(size.lines);
    const contenders = [
      { name: "Mesh", parse: mesh, text: program },
      { name: "Langium", parse: langium, text: program },
      { name: "TypeSpec", parse: typeSpec, text: typeSpecSource(size.lines) },
    ];
    const rounds = measured(contenders, size);
    return [row(rounds, size, "Langium", "<= 0.333"), row(rounds, size, "TypeSpec", null)];
  });
  const { lines } = sizes[0]!;
  return {
    rows,
    notes: [
      `Mesh and Langium 4.2 read the same text (${thousands(meshSource(lines))} in ${lines} lines); Langium has a grammar`,
      `of the forms that it uses and neither links nor validates. TypeSpec 1.11 reads a text of its own with as many`,
      `lines (${thousands(typeSpecSource(lines))}). The ratio is ours / peer, the median over rounds in which they took turns.`,
    ],
  };
}
