import type { Span } from "../../grammar/syntax.ts";
import { kindWords, isStandard } from "../check/program.ts";
import { alikePorts } from "./conformance.ts";
import type { Analysis, FileEdit } from "./files.ts";
import { isUnnamedPort, type Meaning, type Occurrence } from "./names/meaning.ts";
import { occurrenceAt, occurrencesOf } from "./names/lookup.ts";

/** What may be renamed, or why not; the reason is a sentence for the user. */
export type RenameTarget = { readonly span: Span; readonly name: string } | { readonly refused: string };

export type Renamed = { readonly edits: readonly FileEdit[] } | { readonly refused: string };

/** No name of anything. */
const reserved: ReadonlySet<string> = new Set(["true", "false", "map"]);

/** Begin a step of their own, so that nothing in a flow has such a name. */
const stepWords: ReadonlySet<string> = new Set(["any", "first", "route", "flush"]);

/** @returns undefined where nothing stands that has a name */
export function prepareRename(analysis: Analysis, path: string, offset: number): RenameTarget | undefined {
  const found = occurrenceAt(analysis, path, offset);
  if (found === undefined) return undefined;
  const refused = refusalOf(found);
  if (refused !== undefined) return { refused };
  return { span: found.span, name: textAt(analysis, path, found.span) };
}

/** The edits that give what is named at an offset another name everywhere; undefined where nothing is named there. */
export function rename(analysis: Analysis, path: string, offset: number, newName: string): Renamed | undefined {
  const found = occurrenceAt(analysis, path, offset);
  if (found === undefined) return undefined;
  const { meaning } = found;
  const refused = refusalOf(found) ?? wrongName(meaning, newName);
  if (refused !== undefined) return { refused };
  if (found.alias) return renameAlias(analysis, path, meaning, newName);
  const meanings = meaning.kind === "port" ? alikePorts(analysis, meaning) : [meaning];
  const places = meanings.flatMap((one) => occurrencesOf(analysis, one)).filter(({ occurrence }) => !occurrence.alias);
  const taken = takenIn(analysis, meanings, new Set(places.map((one) => one.path)), newName);
  if (taken !== undefined) return { refused: taken };
  if (places.some((one) => isStandard(one.path))) return { refused: standardRefusal };
  return { edits: places.map((one) => editOf(one.path, one.occurrence, newName)) };
}

const standardRefusal = "What the standard library declares keeps its name.";

function refusalOf({ meaning, alias }: Occurrence): string | undefined {
  if (alias) return undefined;
  if (isStandard(meaning.module)) return standardRefusal;
  if (isUnnamedPort(meaning)) {
    return `This port has no name of its own; write \`${meaning.name} name: …\` to give it one.`;
  }
  return undefined;
}

function wrongName({ kind }: Meaning, name: string): string | undefined {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    return `\`${name}\` is no name: letters, digits and _ make one, and it begins with no digit.`;
  }
  if (reserved.has(name)) return `\`${name}\` is a word of the language, which nothing can be called.`;
  if (stepWords.has(name) && (kind === "let" || kind === "remote" || kind === "port")) {
    return `\`${name}\` begins a step of its own; nothing in a pipeline can be called that.`;
  }
  return undefined;
}

/** Why a name cannot be had: something else has it where it would come to stand. */
function takenIn(
  analysis: Analysis,
  meanings: readonly Meaning[],
  paths: ReadonlySet<string>,
  name: string,
): string | undefined {
  const { names } = analysis;
  for (const meaning of meanings) {
    if (meaning.syntax !== meaning.owner) {
      const other = names.member({ module: meaning.module, syntax: meaning.owner }, name);
      if (other !== undefined && other.id !== meaning.id) {
        return `\`${meaning.owner.name.text}\` has a ${other.kind} named \`${name}\` already.`;
      }
      continue;
    }
    for (const path of paths) {
      const file = names.file(path);
      const other = file && names.find(file, name)?.declared;
      if (other !== undefined) return `\`${name}\` is ${kindWords[other.syntax.kind]} in ${path} already.`;
    }
  }
  return undefined;
}

/** The name that an import gives belongs to one file. */
function renameAlias(analysis: Analysis, path: string, { id }: Meaning, newName: string): Renamed {
  const file = analysis.parsed(path);
  const other = file && analysis.names.find(file, newName)?.declared;
  if (other !== undefined) return { refused: `\`${newName}\` is ${kindWords[other.syntax.kind]} in ${path} already.` };
  const places = analysis.occurrences(path).filter((one) => one.alias && one.meaning.id === id);
  return { edits: places.map((one) => editOf(path, one, newName)) };
}

function editOf(path: string, { span }: Occurrence, newText: string): FileEdit {
  return { path, start: span.start, end: span.end, newText };
}

function textAt(analysis: Analysis, path: string, { start, end }: Span): string {
  return analysis.parsed(path)?.source.text.slice(start, end) ?? "";
}
