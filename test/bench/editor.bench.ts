// What somebody waits for who types in a file of 5,000 lines in a project of 100 files, through the server as it ships and over its
// streams; beside TypeSpec's language server, over files that say as much.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { EditorClient } from "./editor-client.ts";
import { fileCount, lineCount, writeMesh, writeTypeSpec, type EditedProject, type Typed } from "./editor-sources.ts";
import { median, percentile, rounded, type BenchRow } from "./hop-rounds.ts";

export const title = `An editor: a file of ${lineCount} lines in a project of ${fileCount} files, through the language server`;

const root = fileURLToPath(new URL("../../", import.meta.url));
const isLong = process.argv.includes("--long");

interface Contender {
  readonly args: readonly string[];
  readonly write: (folder: string) => EditedProject;
  readonly starts: number;
  /** Before those that count: code is compiled as it runs. */
  readonly warmups: number;
  readonly keystrokes: number;
  /** Between two keystrokes, as between those of a quick typist. */
  readonly pauseMs: number;
}

const ours: Contender = {
  args: [join(root, "dist/meshc.js"), "lsp", "--stdio"],
  write: writeMesh,
  starts: isLong ? 10 : 5,
  warmups: 10,
  keystrokes: isLong ? 200 : 30,
  pauseMs: 30,
};

/** It waits for half a second until nothing more is typed, so few rounds have to do. */
const theirs: Contender = {
  args: [join(root, "node_modules/@typespec/compiler/cmd/tsp-server.js"), "--stdio"],
  write: writeTypeSpec,
  starts: 1,
  warmups: 0,
  keystrokes: isLong ? 20 : 1,
  pauseMs: 30,
};

interface Measured {
  /** Milliseconds from the start of the process to diagnostics of the file that is open. */
  readonly start: number[];
  readonly syntax: number[];
  readonly body: number[];
  readonly exported: number[];
  readonly completion: number[];
  readonly memoryMb: number | undefined;
}

async function measure(contender: Contender, folder: string): Promise<Measured> {
  const project = contender.write(folder);
  const start: number[] = [];
  for (let count = 0; count < contender.starts; count += 1) {
    await using client = new EditorClient(contender.args, folder, project.languageId);
    start.push(await startOf(client, project));
  }
  await using client = new EditorClient(contender.args, folder, project.languageId);
  await startOf(client, project);
  const session = new TypingSession(client, contender);
  const { broken, unknown, exported, begun } = project.typed;
  return {
    start,
    syntax: await session.diagnosed(broken),
    body: await session.diagnosed(unknown),
    exported: await session.diagnosed(exported),
    completion: await session.completed(begun, begun.offered),
    memoryMb: client.residentMb(),
  };
}

/** With something wrong in the file, so that there is something to tell. */
async function startOf(client: EditorClient, { main, typed: { unknown } }: EditedProject): Promise<number> {
  await client.greet();
  client.open(main);
  const at = client.text.indexOf(unknown.behind) + unknown.behind.length;
  client.type(at, at, unknown.text);
  await client.diagnosed((diagnostics) => diagnostics.length > 0);
  const { upMs } = client;
  const right = client.diagnosed((diagnostics) => diagnostics.length === 0);
  client.type(at, at + unknown.text.length, "");
  await right;
  return upMs;
}

/** Types at one place after another, all over the file, and takes it back each time. */
class TypingSession {
  readonly #client: EditorClient;
  readonly #contender: Contender;

  constructor(client: EditorClient, contender: Contender) {
    this.#client = client;
    this.#contender = contender;
  }

  /** Milliseconds from a keystroke to diagnostics that tell of it. */
  diagnosed(typed: Typed): Promise<number[]> {
    return this.#each(typed, () => this.#client.diagnosed((diagnostics) => diagnostics.length > 0));
  }

  /** Milliseconds from a keystroke to the list of what may be meant, asked for at once. */
  completed(typed: Typed, offered: string): Promise<number[]> {
    return this.#each(typed, async (offset) => {
      const startMs = performance.now();
      const labels = await this.#client.completion(offset);
      if (!labels.includes(offered)) throw new Error(`${offered} is not offered`);
      return performance.now() - startMs;
    });
  }

  async #each(typed: Typed, measure: (offset: number) => Promise<number>): Promise<number[]> {
    const { warmups, keystrokes, pauseMs } = this.#contender;
    const client = this.#client;
    const found: number[] = [];
    const places = placesOf(client.text, typed.behind);
    for (let round = -warmups; round < keystrokes; round += 1) {
      // A step that is prime to most counts goes all over the file.
      const place = places[(Math.abs(round) * 37) % places.length] ?? 0;
      const start = place - (typed.eats ?? 0);
      const eaten = client.text.slice(start, place);
      client.type(start, place, typed.text);
      const ms = await measure(start + typed.text.length);
      if (round >= 0) found.push(ms);
      await pause(pauseMs);
      const right = client.diagnosed((diagnostics) => diagnostics.length === 0);
      client.type(start, start + typed.text.length, eaten);
      await right;
      await pause(pauseMs);
    }
    return found;
  }
}

function placesOf(text: string, behind: string): number[] {
  const found: number[] = [];
  for (let at = text.indexOf(behind); at >= 0; at = text.indexOf(behind, at + 1)) found.push(at + behind.length);
  if (found.length === 0) throw new Error(`${behind} stands nowhere`);
  return found;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms));
}

function rowsOf(mesh: Measured, typeSpec: Measured): BenchRow[] {
  const p95 = (what: Shown, pick: (of: Measured) => readonly number[]): BenchRow[] => {
    const [own, other] = [pick(mesh), pick(typeSpec)];
    return [
      row({ ...what, metric: `${what.metric}, 95 of 100` }, percentile(own, 0.95), percentile(other, 0.95)),
      row({ ...what, metric: `${what.metric}, median`, goal: null }, median(own), median(other)),
    ];
  };
  const start: Shown = { case: "start of the server", metric: "to diagnostics of the open file", goal: "< 300" };
  return [
    ...p95({ case: "keystroke", metric: "to a problem of syntax", goal: "< 16" }, (of) => of.syntax),
    ...p95({ case: "keystroke", metric: "to a wrong name in a pipeline", goal: "< 50" }, (of) => of.body),
    ...p95({ case: "keystroke", metric: "to a wrong name that others see", goal: "< 50" }, (of) => of.exported),
    ...p95({ case: "keystroke", metric: "to what may be meant", goal: "< 30" }, (of) => of.completion),
    row(start, median(mesh.start), median(typeSpec.start)),
    row(
      { case: "after the session", metric: "memory", goal: "< 200", unit: "MB" },
      mesh.memoryMb ?? Number.NaN,
      typeSpec.memoryMb ?? Number.NaN,
    ),
  ];
}

type Shown = Pick<BenchRow, "case" | "metric" | "goal"> & Partial<Pick<BenchRow, "unit">>;

function row(what: Shown, own: number, other: number): BenchRow {
  const figures = { ours: rounded(own), peer: rounded(other), ratio: rounded(own / other) };
  return { unit: "ms", ...what, ...figures, peerName: "TypeSpec" };
}

export async function run(): Promise<{ readonly rows: readonly BenchRow[]; readonly notes: readonly string[] }> {
  const folder = mkdtempSync(join(tmpdir(), "mesh-bench-"));
  try {
    const mesh = await measure(ours, join(folder, "mesh"));
    const typeSpec = await measure(theirs, join(folder, "typespec"));
    return {
      rows: rowsOf(mesh, typeSpec),
      notes: [
        `Each server as it ships, over its standard streams. A wrong word is typed somewhere in the long file and taken back, with`,
        `${ours.pauseMs} ms between two keystrokes. TypeSpec 1.11 waits for half a second or more until nothing is typed, which is part of`,
        `what its user waits for. Memory is what the process holds at the end (resident set).`,
      ],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
