import type { Piece } from "../../grammar/index.ts";
import type { DeclarationSyntax, FileSyntax, ImportSyntax, Span } from "../../grammar/syntax.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { SourceFile } from "../source/source-file.ts";
import { Checker, type Part } from "./checker.ts";
import type { ImportGraph } from "./imports.ts";
import { codesOfAll } from "./rules/index.ts";
import { Reporter } from "./reporter.ts";
import type { ParsedFile, Sources } from "./sources.ts";
import type { Unit } from "./unit.ts";
import { View } from "./view.ts";

/** What is known of an edit before the file as a whole is checked again. */
export interface Near {
  /** The text that was checked as a whole last. */
  readonly before: ParsedFile;
  /** What is wrong in the declarations that are not what they were, each by itself. */
  readonly diagnostics: readonly Diagnostic[];
  /** True for what was known of the text before and is looked at anew here. */
  isStale(diagnostic: Diagnostic): boolean;
}

/** More is no edit by hand, and takes as long as everything. */
const mostChanged = 12;

/**
 * Checks the declarations of a file that have changed, with those that they name, a step at a time. What that means for others is left
 * out: it is known when everything has been checked.
 */
export function* checkNear(
  parsed: ParsedFile,
  unit: Unit,
  sources: Sources,
  graph: ImportGraph,
): Generator<undefined, Near | undefined, undefined> {
  const before = unit.parsed;
  const [now, was] = [parsed.pieces, before.pieces];
  if (now === undefined || was === undefined) return undefined;
  const [changed, gone] = differences({ pieces: now, source: parsed.source }, { pieces: was, source: before.source });
  if (changed.length === 0 && gone.length === 0) return { before, diagnostics: [], isStale: () => false };
  // Where something has gone and nothing has come, only what that means for others is to be told.
  if (changed.length === 0 || changed.length > mostChanged) return undefined;
  const own = new Set(changed.flatMap(({ item }) => item ?? []));
  const there = leanedOn(changed, now, parsed);
  const part: Part = { isWanted: ({ syntax }) => own.has(syntax), isNear: ({ syntax }) => there.has(syntax) };
  const reporter = new Reporter();
  const checker = new Checker(new View(parsed.module, sources.with(partly(parsed, own)), graph, reporter), reporter);
  yield;
  yield* checker.solving(part);
  yield* checker.judging(part);
  return {
    before,
    diagnostics: reporter
      .inOrder([parsed.source])
      .filter(({ code, place }) => isIn(place.span, changed) && !codesOfAll.has(code)),
    isStale: ({ code, place }) => place.source === before.source && isIn(place.span, gone) && !codesOfAll.has(code),
  };
}

function isIn({ start, end }: Span, pieces: readonly Piece[]): boolean {
  return pieces.some((one) => one.start <= start && end <= one.end);
}

interface Cut {
  readonly pieces: readonly Piece[];
  readonly source: SourceFile;
}

/** The pieces that only one of two texts has, of each of them. One that reads as before is the same, wherever it stands. */
function differences(a: Cut, b: Cut): readonly [Piece[], Piece[]] {
  const [ownOfA, ownOfB] = [missingIn(b, a), missingIn(a, b)];
  const textOf = ({ source }: Cut, { start, end }: Piece): string => source.text.slice(start, end);
  // An edit that was taken back has been read again, and says what it said.
  const textsOf = (cut: Cut, own: readonly Piece[]): Set<string> => new Set(own.map((one) => textOf(cut, one)));
  const [textsOfA, textsOfB] = [textsOf(a, ownOfA), textsOf(b, ownOfB)];
  return [ownOfA.filter((one) => !textsOfB.has(textOf(a, one))), ownOfB.filter((one) => !textsOfA.has(textOf(b, one)))];
}

function missingIn(others: Cut, { pieces }: Cut): Piece[] {
  const known = new Set(others.pieces.map((one) => one.read));
  return pieces.filter((one) => !known.has(one.read));
}

type Item = ImportSyntax | DeclarationSyntax;

/** Some pieces, what they name, and what that names in turn. */
function leanedOn(pieces: readonly Piece[], all: readonly Piece[], { source }: ParsedFile): ReadonlySet<Item> {
  const byName = new Map<string, Piece>();
  for (const one of all) {
    const { item } = one.read;
    if (item !== undefined && item.kind !== "Import" && item.kind !== "Scenario") byName.set(item.name.text, one);
  }
  const found = new Set(pieces);
  for (const { start, end } of found) {
    for (const [word] of source.text.slice(start, end).matchAll(/[A-Za-z_]\w*/g)) {
      const meant = byName.get(word);
      if (meant !== undefined) found.add(meant);
    }
  }
  return new Set([...found].flatMap(({ item }) => item ?? []));
}

/** The file without scenarios that have not changed: nobody names them, and rules look at each. */
function partly(parsed: ParsedFile, own: ReadonlySet<Item>): ParsedFile {
  const declarations = parsed.syntax.declarations.filter((one) => one.kind !== "Scenario" || own.has(one));
  const syntax: FileSyntax = { ...parsed.syntax, declarations };
  const { module, source, errors, problems, damage, surface, items, pieces } = parsed;
  const again = (text: string): ParsedFile => parsed.again(text);
  return { module, source, errors, problems, damage, surface, items, pieces, syntax, comments: [], tokens: [], again };
}
