import type { AnySyntaxNode, Span } from "../../grammar/syntax.ts";
import type { Cell, SolvedType } from "./cells.ts";
import type { Checker } from "./checker.ts";
import { summarised } from "./explain.ts";
import type { CheckedPipeline, PipelineSymbol } from "./graph.ts";
import type { DeclarationSymbol } from "./program.ts";
import { Latencies } from "./rules/latency.ts";
import type { ParsedFile } from "./sources.ts";

/** A declaration as it is known throughout a project. */
export type ExportId = `${string}#${string}`;

export function exportId(module: string, name: string): ExportId {
  return `${module}#${name}`;
}

/** What others see of one declaration: the same text as long as they find the same in it, wherever it stands. */
export interface Export {
  readonly text: string;
  /** The declarations that it names, and whose own exports it is made of. */
  readonly refers: readonly ExportId[];
}

/** Members of a pipeline that are its own business: what follows from them for others is in the summary. */
const inner: ReadonlySet<string> = new Set(["Let", "Remote", "Flow", "Budget"]);

/**
 * Which declarations of a file that is solved are wrong in themselves, by name: nothing follows from those, here or
 * elsewhere. To be asked before the file is judged.
 */
export function wrongIn({ view: { root }, reporter }: Checker): (name: string) => readonly unknown[] {
  const isWrong = new Set<string>();
  const isUnread = new Set<string>();
  for (const [name, { syntax }] of root.declarations) {
    if (reporter.hasErrorIn(root.source, syntax.span)) isWrong.add(name);
    if (reporter.isUnreadable(root.source, syntax.span)) isUnread.add(name);
  }
  return (name) => {
    const { syntax } = root.declarations.get(name) ?? {};
    if (syntax === undefined) return [];
    const { span } = syntax;
    // What could not be read may be what a name means: then every word of it counts.
    const unread =
      root.problems.some((one) => one.start <= span.end && one.end >= span.start) &&
      root.source.text.slice(span.start, span.end);
    return [isWrong.has(name), isUnread.has(name), root.damage.touches(syntax), unread];
  };
}

/** What others see of a file; of each declaration worked out when it is first asked for, of the texts as they were. */
export class Exports {
  /** Undefined once everything is worked out. */
  #work: ExportWork | undefined;
  readonly #known = new Map<string, Export>();

  constructor(checker: Checker, parsed: ParsedFile, wrong: ReturnType<typeof wrongIn>) {
    this.#work = new ExportWork(checker, parsed, wrong);
  }

  /** @returns undefined where the file declares no such name */
  get(name: string): Export | undefined {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const found = this.#work?.of(name);
    if (found !== undefined) this.#known.set(name, found);
    return found;
  }

  /** Works out all that is left, so that nothing else of the check has to be kept. */
  finish(): void {
    for (const name of this.#work?.names ?? []) this.get(name);
    this.#work = undefined;
  }
}

/** Works out what others see of a file that is checked. */
class ExportWork {
  readonly #checker: Checker;
  readonly #wrong: ReturnType<typeof wrongIn>;
  readonly #texts: PlainText;
  readonly #latencies: Latencies;

  constructor(checker: Checker, parsed: ParsedFile, wrong: ReturnType<typeof wrongIn>) {
    this.#checker = checker;
    this.#wrong = wrong;
    this.#texts = new PlainText(parsed);
    this.#latencies = new Latencies(checker.known);
  }

  get names(): Iterable<string> {
    return this.#checker.view.root.declarations.keys();
  }

  of(name: string): Export | undefined {
    const symbol = this.#checker.view.root.declarations.get(name);
    if (symbol === undefined) return undefined;
    const text = declaredText(symbol, this.#texts);
    const { names, refers } = namesIn(text, symbol);
    const isPipeline = symbol.syntax.kind === "Pipeline";
    const inside = isPipeline ? summaryOf(symbol as PipelineSymbol, this.#checker, this.#latencies) : undefined;
    return { text: JSON.stringify([text, names, this.#wrong(name), inside]), refers };
  }
}

/** The text of a declaration, without comments and layout and without what only concerns itself. */
function declaredText({ syntax }: DeclarationSymbol, texts: PlainText): string {
  const { span } = syntax;
  if (syntax.kind !== "Pipeline") return texts.of(span);
  const [first] = syntax.members;
  const shown: readonly AnySyntaxNode[] = syntax.members.filter((one) => !inner.has(one.kind));
  return [{ start: span.start, end: first?.span.start ?? span.end }, ...shown.map((one) => one.span)]
    .map((one) => texts.of(one))
    .join("\n");
}

/** Whatever a text names, and what those names mean where it stands. */
function namesIn(text: string, { file }: DeclarationSymbol): { readonly names: string[]; readonly refers: ExportId[] } {
  const names: string[] = [];
  const refers: ExportId[] = [];
  for (const name of new Set(text.match(/[A-Za-z_]\w*/g))) {
    const meant = file.declarations.get(name) ?? file.imports.get(name)?.symbol;
    if (file.lost.has(name)) names.push(`${name}?`);
    if (meant === undefined) continue;
    const id = exportId(meant.file.module, meant.name);
    names.push(`${name}=${id}`);
    refers.push(id);
  }
  return { names, refers };
}

/** What a pipeline comes to: its solved ports, and what it asks of whoever runs it or puts it in. */
function summaryOf(symbol: PipelineSymbol, checker: Checker, latencies: Latencies): unknown {
  const checked = checker.pipeline(symbol);
  const { own } = checked.graph;
  const cells = new Map<Cell, number>();
  return [
    typesOf(own.inputs, cells),
    typesOf(own.outputs, cells),
    [...own.paramCells].map(([name, cell]) => [name, cellOf(cell, cells), whyOf(cell)]),
    [...checked.params.values()].map(({ name, type, defaultValue }) => [name, type, defaultValue]),
    [...checked.passes].map(([input, outputs]) => [input, [...outputs]]),
    checked.size,
    checker.depth(symbol),
    requirementsOf(checked, checker),
    latenciesOf(checked, latencies),
  ];
}

function typesOf(types: ReadonlyMap<string, SolvedType>, cells: Map<Cell, number>): unknown {
  return [...types].map(([name, type]) => [
    name,
    type.kind === "media" ? [type.media, [...type.dims].map(([dim, cell]) => [dim, cellOf(cell, cells)])] : type,
  ]);
}

/** Cells that are one have the same number. */
function cellOf(cell: Cell, cells: Map<Cell, number>): unknown {
  const known = cells.get(cell.root);
  if (known !== undefined) return known;
  cells.set(cell.root, cells.size);
  return [cell.dimension, cell.media, cell.values, whyOf(cell)];
}

function whyOf(cell: Cell): unknown {
  return summarised(cell).map(({ who, values, place, inserted, way = [] }) => [
    who,
    values,
    place.source.path,
    way.map(({ text, place: at }) => [text, at.source.path]),
    inserted && [inserted.bond.text, inserted.why(1).map(({ message, place: at }) => [message, at.source.path])],
  ]);
}

function requirementsOf({ symbol, graph }: CheckedPipeline, checker: Checker): unknown {
  const open = new Map([...graph.signature.params.keys()].map((name) => [name, { param: name }]));
  return checker.requirements
    .of(symbol, open)
    .map(({ condition, path, place }) => [condition, path, place.source.path]);
}

function latenciesOf(checked: CheckedPipeline, latencies: Latencies): unknown {
  const { inputs, outputs } = checked.graph.signature;
  return [...inputs.keys()].map((input) =>
    [...outputs.keys()].map((output) => latencies.through(checked, input, output)),
  );
}

/** Slices of a text without comments, with a line break or a space where there was layout. */
class PlainText {
  readonly #parsed: ParsedFile;

  constructor(parsed: ParsedFile) {
    this.#parsed = parsed;
  }

  of({ start, end }: Span): string {
    const { source, comments } = this.#parsed;
    const pieces: string[] = [];
    let at = start;
    for (let index = this.#firstBehind(start); index < comments.length; index += 1) {
      const comment = comments[index];
      if (comment === undefined || comment.span.start >= end) break;
      pieces.push(source.text.slice(at, comment.span.start));
      at = Math.min(end, comment.span.end);
    }
    pieces.push(source.text.slice(at, end));
    return pieces
      .join(" ")
      .replaceAll(/"(?:\\.|[^"\\\n])*"|\s+/g, (found) =>
        found.startsWith('"') ? found : found.includes("\n") ? "\n" : " ",
      )
      .trim();
  }

  /** The index of the first comment that ends behind an offset. */
  #firstBehind(offset: number): number {
    const { comments } = this.#parsed;
    let low = 0;
    let high = comments.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((comments[middle]?.span.end ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
