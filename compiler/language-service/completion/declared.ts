import type { NodeSyntax, PipelineSyntax, Span } from "../../../grammar/syntax.ts";
import type { NamedDeclaration } from "../../check/program.ts";
import { isStandard } from "../../check/program.ts";
import { relativeImport } from "../relative-import.ts";
import type { ParsedFile } from "../../check/sources.ts";
import { declarationText, documentationOf } from "../declaration-text.ts";
import type { Analysis } from "../files.ts";
import { meaningOf, type Declared } from "../names/meaning.ts";
import type { CompletionItem, ItemKind, TextEdit } from "./item.ts";

export type DeclarationKind = NamedDeclaration["kind"];

/**
 * Of what is in sight and may be named, and of what is not, so much is offered at once: nobody reads more of a list, and whoever means something
 * else types a letter of it.
 */
const mostNear = 100;
const mostFar = 50;

/** A declaration that may be named at a place, in sight or to be imported. */
export interface Candidate {
  readonly name: string;
  readonly declared: Declared;
  readonly isInSight: boolean;
}

/** How declarations are offered. */
interface Shown {
  /** With parentheses, and the parameters that have to be given. */
  readonly asCall?: boolean;
  /** Less is better. */
  rankOf?(candidate: Candidate): number;
}

/**
 * The declarations that may be named at a place. There may be many hundreds, so that only those are told of that what has been typed
 * may be the beginning of.
 */
export class Offer {
  readonly #analysis: Analysis;
  readonly #file: ParsedFile;
  readonly #at: number;
  readonly #typed: string;
  #isPart = false;

  /** @param word what stands of it at the place */
  constructor(analysis: Analysis, file: ParsedFile, word: Span) {
    this.#analysis = analysis;
    this.#file = file;
    this.#at = word.start;
    this.#typed = file.source.text.slice(word.start, word.end).toLowerCase();
  }

  /** Something has been left out. */
  get isPart(): boolean {
    return this.#isPart;
  }

  /** True where somebody may mean this; editors look for the letters in their order, with others between them. */
  fits(label: string): boolean {
    const letters = this.#typed;
    if (letters === "") return true;
    const among = label.toLowerCase();
    let at = 0;
    for (let index = 0; index < among.length && at < letters.length; index += 1) {
      if (among.charCodeAt(index) === letters.charCodeAt(at)) at += 1;
    }
    if (at < letters.length) this.#isPart = true;
    return at === letters.length;
  }

  /** Those of some kinds that fit: the best of those in sight, and some of other files, the standard library before all. */
  items(kinds: readonly DeclarationKind[], { asCall = false, rankOf = () => 1 }: Shown = {}): CompletionItem[] {
    let near = this.#inSight(kinds)
      .filter(({ name }) => this.fits(name))
      .map((one) => ({ one, rank: rankOf(one), distance: this.#distanceOf(one) }));
    if (near.length > mostNear) {
      near = near.toSorted((a, b) => a.rank - b.rank || a.distance - b.distance).slice(0, mostNear);
      this.#isPart = true;
    }
    const far = this.#some(this.#far(kinds)).map((one) => ({ one, rank: rankOf(one) }));
    return [...near, ...far].map(({ one, rank }) => this.#item(one, { asCall, rank, isImported: !one.isInSight }));
  }

  /** What an import may bring into sight. @param module of this one alone */
  importable(kinds: readonly DeclarationKind[], module: string | undefined): CompletionItem[] {
    const found = this.#some(this.#far(kinds, module), module === undefined ? mostFar : Infinity);
    return found.map((one) => this.#item(one, { asCall: false, rank: 1, isImported: false }));
  }

  /** All of a kind, whatever has been typed. */
  all(kind: DeclarationKind): Candidate[] {
    return [...this.#inSight([kind]), ...this.#far([kind])];
  }

  #inSight(kinds: readonly DeclarationKind[]): Candidate[] {
    const found: Candidate[] = [];
    for (const [name, { declared }] of this.#analysis.names.inSight(this.#file)) {
      if (kinds.includes(declared.syntax.kind)) found.push({ name, declared, isInSight: true });
    }
    return found;
  }

  /** What has been imported was meant to be used; of what the file declares that comes first which stands near. */
  #distanceOf({ declared: { module, syntax } }: Candidate): number {
    return module === this.#file.module ? Math.abs(syntax.span.start - this.#at) : 0;
  }

  /** What other files declare, one at a time: somebody may need no more than some. @param only of this module alone */
  *#far(kinds: readonly DeclarationKind[], only?: string): Generator<Candidate, void, undefined> {
    const { names, standardModules, modules } = this.#analysis;
    const taken = new Set(Array.from(names.inSight(this.#file), ([name]) => name));
    for (const module of only === undefined ? new Set([...standardModules, ...modules]) : [only]) {
      const other = module === this.#file.module ? undefined : this.#analysis.parsed(module);
      if (other === undefined) continue;
      for (const [name, syntax] of names.declarationsOf(other)) {
        if (!kinds.includes(syntax.kind) || taken.has(name)) continue;
        taken.add(name);
        yield { name, declared: { module, syntax }, isInSight: false };
      }
    }
  }

  /** The first that fit. */
  #some(all: Iterable<Candidate>, most = mostFar): Candidate[] {
    const found: Candidate[] = [];
    for (const one of all) {
      if (!this.fits(one.name)) continue;
      if (found.length === most) {
        this.#isPart = true;
        break;
      }
      found.push(one);
    }
    return found;
  }

  /** @param isImported it is brought into sight where it is taken */
  #item(
    candidate: Candidate,
    { asCall, rank, isImported }: { readonly asCall: boolean; readonly rank: number; readonly isImported: boolean },
  ): CompletionItem {
    const { name, declared, isInSight } = candidate;
    const { module, syntax } = declared;
    const analysis = this.#analysis;
    const called = asCall && (syntax.kind === "Node" || syntax.kind === "Pipeline") ? syntax : undefined;
    const kind = syntax.kind.toLowerCase() as ItemKind;
    return {
      label: name,
      kind,
      rank: rank + (isInSight ? 0 : 10),
      detail: isInSight ? kind : `import from "${importPath(this.#file, module)}"`,
      declared: { module, name: syntax.name.text, isImported },
      // There may be hundreds, of which somebody looks at a few.
      get documentation() {
        return documentationOfDeclared(analysis, declared);
      },
      ...(called !== undefined && { snippet: `${name}(${givenParameters(analysis, { module, syntax: called })})` }),
      ...(isImported && { edits: this.importing(candidate) }),
    };
  }

  /** Brings a declaration of another file into sight. */
  importing({ name, declared }: Candidate): NonNullable<CompletionItem["edits"]> {
    const file = this.#file;
    return () => [importEdit(file, name, importPath(file, declared.module))];
  }
}

/** What is told of an item when somebody looks at it; undefined where there is no such declaration any more. */
export function resolveItem(
  analysis: Analysis,
  file: ParsedFile,
  { module, name, isImported }: NonNullable<CompletionItem["declared"]>,
): { readonly documentation: string; readonly edits: readonly TextEdit[] } | undefined {
  const declared = analysis.names.exported(module, name);
  if (declared === undefined) return undefined;
  const isMissing = isImported && analysis.names.find(file, name) === undefined;
  return {
    documentation: documentationOfDeclared(analysis, declared),
    edits: isMissing ? [importEdit(file, name, importPath(file, module))] : [],
  };
}

function documentationOfDeclared(analysis: Analysis, declared: Declared): string {
  const there = analysis.parsed(declared.module);
  const text = there === undefined ? "" : `\`\`\`mesh\n${declarationText(there, declared.syntax)}\n\`\`\``;
  const docs = documentationOf(meaningOf(declared));
  return docs === undefined ? text : `${text}\n\n${docs}`;
}

/** The parameters without a default, to be filled in. */
function givenParameters(analysis: Analysis, { module, syntax }: Declared<NodeSyntax | PipelineSyntax>): string {
  const text = analysis.parsed(module)?.source.text ?? "";
  return syntax.parameters
    .filter((one) => one.name.text !== "" && one.defaultValue === undefined && one.type?.kind !== "OptionalType")
    .map(({ name, span }, index) => {
      const type = text
        .slice(name.span.end, span.end)
        .replace(/^\s*:\s*/, "")
        .replaceAll(/\s+/g, " ")
        .trim();
      return `${name.text}: \${${index + 1}:${type.replaceAll(/[$}\\]/g, "")}}`;
    })
    .join(", ");
}

export function importPath(file: ParsedFile, module: string): string {
  return isStandard(module) ? module : relativeImport(file.source.path, module);
}

/** Adds a name to the import of its module, or a line for it behind the other imports. */
export function importEdit(file: ParsedFile, name: string, from: string): TextEdit {
  const { imports } = file.syntax;
  const same = imports.find((one) => one.from?.value === from && one.names.length > 0);
  const last = same?.names.at(-1);
  if (last !== undefined) return { start: last.span.end, end: last.span.end, newText: `, ${name}` };
  const line = `import { ${name} } from "${from}"`;
  const behind = imports.at(-1);
  if (behind !== undefined) return { start: behind.span.end, end: behind.span.end, newText: `\n${line}` };
  // In front of everything but what a file says of itself at its top.
  const [first] = file.syntax.declarations;
  return { start: 0, end: 0, newText: first === undefined && file.source.text === "" ? `${line}\n` : `${line}\n\n` };
}
