// What somebody waits for who types in a file of 5,000 lines in a project of 100 files, through the server as it ships and over its
// streams; beside TypeSpec's language server, over files that say as much.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Diagnostic } from "vscode-languageserver/node";
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
  /** Its first start ever is not like the others. */
  readonly keepsCode: boolean;
  /** Before those that count: code is compiled as it runs. */
  readonly warmups: number;
  readonly keystrokes: number;
  /** Between two keystrokes, as between those of a quick typist. */
  readonly pauseMs: number;
}

const ours: Contender = {
  args: [join(root, "dist/meshc.js"), "lsp", "--stdio"],
  write: writeMesh,
  starts: isLong ? 10 : 4,
  keepsCode: true,
  warmups: 10,
  keystrokes: isLong ? 200 : 30,
  pauseMs: 30,
};

/** It waits for half a second until nothing more is typed, so few rounds have to do. */
const theirs: Contender = {
  args: [join(root, "node_modules/@typespec/compiler/cmd/tsp-server.js"), "--stdio"],
  write: writeTypeSpec,
  starts: 1,
  keepsCode: false,
  warmups: 0,
  keystrokes: isLong ? 20 : 1,
  pauseMs: 30,
};

interface Measured {
  /** Milliseconds from the start of the process to diagnostics of the file that is open: the first start ever, and others. */
  readonly first: number;
  readonly start: { readonly syntax: number[]; readonly body: number[] };
  readonly syntax: number[];
  readonly body: number[];
  readonly exported: number[];
  /** In another file. */
  readonly others: number[];
  readonly completion: number[];
  readonly wholeList: number[];
  readonly memoryMb: number | undefined;
}

async function measure(contender: Contender, folder: string): Promise<Measured> {
  const project = contender.write(folder);
  const { broken, unknown, exported, renamed, begun, open } = project.typed;
  const started = (): EditorClient => new EditorClient(contender.args, folder, project.languageId, `${folder}-caches`);
  const startWith = async (typed: Typed): Promise<number> => {
    await using client = started();
    return await openedWith(client, project, typed);
  };
  const ever = contender.keepsCode ? await startWith(unknown) : undefined;
  const start: Measured["start"] = { syntax: [], body: [] };
  for (let count = 0; count < contender.starts; count += 1) {
    start.syntax.push(await startWith(broken));
    start.body.push(await startWith(unknown));
  }
  await using client = started();
  await openedWith(client, project, unknown);
  const session = new TypingSession(client, contender);
  const figures = {
    syntax: await session.diagnosed(broken),
    body: await session.diagnosed(unknown),
    exported: await session.diagnosed(exported),
    completion: await session.completed(begun),
    wholeList: await session.completed(open),
  };
  const others = renamed === undefined ? figures.exported : await session.diagnosedElsewhere(renamed);
  return { first: ever ?? median(start.body), start, ...figures, others, memoryMb: client.residentMb() };
}

/** Opens the file with something wrong in its middle, and rights that once it has been told. @returns milliseconds until then */
async function openedWith(client: EditorClient, { main }: EditedProject, typed: Typed): Promise<number> {
  await client.greet();
  const text = client.read(main);
  const places = placesOf(text, typed.behind);
  const place = places[places.length >> 1] ?? 0;
  client.open(main, `${text.slice(0, place)}${typed.text}${text.slice(place)}`);
  await client.diagnosed(tells(typed));
  const { upMs } = client;
  const right = client.diagnosed(tellsNothing(typed));
  client.type(place, place + typed.text.length, "");
  await right;
  return upMs;
}

type Fits = (diagnostics: readonly Diagnostic[]) => boolean;

function tells({ code = /^/ }: Typed): Fits {
  return (diagnostics) => diagnostics.some((one) => code.test(String(one.code)));
}

function tellsNothing(typed: Typed): Fits {
  return (diagnostics) => !tells(typed)(diagnostics);
}

/** Somebody who types something wrong here and there, and takes it back when it has been told. */
class TypingSession {
  readonly #client: EditorClient;
  readonly #contender: Contender;

  constructor(client: EditorClient, contender: Contender) {
    this.#client = client;
    this.#contender = contender;
  }

  diagnosed(typed: Typed): Promise<number[]> {
    const { warmups, keystrokes } = this.#contender;
    return this.#each(typed, { warmups, keystrokes }, () => this.#client.diagnosed(tells(typed)));
  }

  /** The same in a file that is not open: it is looked at when nothing more is typed, so that each takes its time. */
  diagnosedElsewhere({ usedIn, ...typed }: Typed & { readonly usedIn: string }): Promise<number[]> {
    const count = { warmups: 2, keystrokes: this.#contender.keystrokes / 5 };
    return this.#each(typed, count, () => this.#client.diagnosed(tells(typed), usedIn), usedIn);
  }

  completed({ offered, ...typed }: Typed & { readonly offered: string }): Promise<number[]> {
    const { warmups, keystrokes } = this.#contender;
    return this.#each(typed, { warmups, keystrokes }, async (offset) => {
      const startMs = performance.now();
      const labels = await this.#client.completion(offset);
      if (!labels.includes(offered)) throw new Error(`${offered} is not offered`);
      return performance.now() - startMs;
    });
  }

  async #each(
    typed: Typed,
    { warmups, keystrokes }: Pick<Contender, "warmups" | "keystrokes">,
    measure: (offset: number) => Promise<number>,
    name?: string,
  ): Promise<number[]> {
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
      await pause(this.#contender.pauseMs);
      const right = client.diagnosed(tellsNothing(typed), name);
      client.type(start, start + typed.text.length, eaten);
      await right;
      await pause(this.#contender.pauseMs);
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
  const p95 = (metric: string, goal: string | null, pick: (of: Measured) => readonly number[]): BenchRow[] => {
    const what = { case: "keystroke", metric };
    const [own, other] = [pick(mesh), pick(typeSpec)];
    return [
      row({ ...what, metric: `${metric}, 95 of 100`, goal }, percentile(own, 0.95), percentile(other, 0.95)),
      row({ ...what, metric: `${metric}, median`, goal: null }, median(own), median(other)),
    ];
  };
  const start = "start of the server";
  return [
    ...p95("to a problem of syntax", "< 16", (of) => of.syntax),
    ...p95("to a wrong name in a pipeline", "< 50", (of) => of.body),
    ...p95("to a wrong name that others see", "< 50", (of) => of.exported),
    ...p95("to what it means for another file", null, (of) => of.others),
    ...p95("to what may be meant by two letters", "< 30", (of) => of.completion),
    ...p95("to all that may be meant", "< 30", (of) => of.wholeList),
    row(
      { case: start, metric: "to a problem of syntax in the open file", goal: "< 300" },
      median(mesh.start.syntax),
      median(typeSpec.start.syntax),
    ),
    row(
      { case: start, metric: "to a wrong name in it", goal: "< 300" },
      median(mesh.start.body),
      median(typeSpec.start.body),
    ),
    row({ case: start, metric: "the same for the first time ever", goal: null }, mesh.first, typeSpec.first),
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
        `what its user waits for, as are the 120 ms of quiet before ours looks at other files; a start is that of a process, with the text`,
        `in it wrong. Memory is what the process holds at the end (resident set).`,
      ],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
