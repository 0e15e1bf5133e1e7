import type { NodeSyntax, PipelineSyntax } from "../../../grammar/syntax.ts";
import type { NamedDeclaration } from "../../check/program.ts";
import { isStandard } from "../../check/program.ts";
import { relativeImport } from "../relative-import.ts";
import type { ParsedFile } from "../../check/sources.ts";
import { declarationText, documentationOf } from "../declaration-text.ts";
import type { Analysis } from "../files.ts";
import { meaningOf, type Declared } from "../names/meaning.ts";
import type { CompletionItem, ItemKind } from "./item.ts";

export type DeclarationKind = NamedDeclaration["kind"];

/** Of what is not in sight so much is offered at once: whoever means something else types a letter of it. */
const mostFar = 100;

/** A declaration that may be named at a place, in sight or to be imported. */
export interface Candidate {
  readonly name: string;
  readonly declared: Declared;
  readonly isInSight: boolean;
}

/**
 * The declarations that may be named at a place. There may be many hundreds, so that only those are told of that what has been typed
 * may be the beginning of.
 */
export class Offer {
  readonly #analysis: Analysis;
  readonly #file: ParsedFile;
  readonly #typed: string;
  #isPart = false;

  /** @param typed what stands of the word at the place */
  constructor(analysis: Analysis, file: ParsedFile, typed: string) {
    this.#analysis = analysis;
    this.#file = file;
    this.#typed = typed;
  }

  /** Something has been left out. */
  get isPart(): boolean {
    return this.#isPart;
  }

  /** True where somebody may mean this; editors look for the letters in their order, with others between them. */
  fits(label: string): boolean {
    const [letters, among] = [this.#typed.toLowerCase(), label.toLowerCase()];
    let at = 0;
    for (let index = 0; index < among.length && at < letters.length; index += 1) {
      if (among.charCodeAt(index) === letters.charCodeAt(at)) at += 1;
    }
    if (at < letters.length) this.#isPart = true;
    return at === letters.length;
  }

  /** Those of some kinds that fit: first those in sight, then some of other files, the standard library before all. */
  declared(kinds: readonly DeclarationKind[]): Candidate[] {
    const found = this.all(kinds).filter(({ name }) => this.fits(name));
    const far = found.findIndex((one) => !one.isInSight);
    const most = far < 0 ? found.length : far + mostFar;
    this.#isPart ||= found.length > most;
    return found.slice(0, most);
  }

  /** The same whatever has been typed. */
  all(kinds: readonly DeclarationKind[]): Candidate[] {
    const { names, standardModules, modules } = this.#analysis;
    const found: Candidate[] = [];
    const taken = new Set<string>();
    const add = (name: string, declared: Declared, isInSight: boolean): void => {
      taken.add(name);
      if (kinds.includes(declared.syntax.kind)) found.push({ name, declared, isInSight });
    };
    for (const [name, { declared }] of names.inSight(this.#file)) add(name, declared, true);
    for (const module of new Set([...standardModules, ...modules])) {
      const other = module === this.#file.module ? undefined : this.#analysis.parsed(module);
      if (other === undefined) continue;
      for (const [name, syntax] of names.declarationsOf(other)) {
        if (kinds.includes(syntax.kind) && !taken.has(name)) add(name, { module, syntax }, false);
      }
    }
    return found;
  }

  /** @param asCall with parentheses, and the parameters that have to be given */
  item(candidate: Candidate, options: { readonly asCall: boolean; readonly rank?: number }): CompletionItem {
    const { name, declared, isInSight } = candidate;
    const { module, syntax } = declared;
    const analysis = this.#analysis;
    const called = options.asCall && (syntax.kind === "Node" || syntax.kind === "Pipeline") ? syntax : undefined;
    const kind = syntax.kind.toLowerCase() as ItemKind;
    return {
      label: name,
      kind,
      rank: (options.rank ?? 1) + (isInSight ? 0 : 10),
      detail: isInSight ? kind : `import from "${importPath(this.#file, module)}"`,
      declared: { module, name: syntax.name.text },
      // There may be hundreds, of which somebody looks at a few.
      get documentation() {
        return documentationOfDeclared(analysis, declared);
      },
      ...(called !== undefined && { snippet: `${name}(${givenParameters(analysis, { module, syntax: called })})` }),
      ...(!isInSight && { edits: [this.importing(candidate)] }),
    };
  }

  /** Brings a declaration of another file into sight. */
  importing({ name, declared }: Candidate): NonNullable<CompletionItem["edits"]>[number] {
    return importEdit(this.#file, name, importPath(this.#file, declared.module));
  }
}

/** What is said of a declaration beside a list; undefined where there is none of that name. */
export function documentationOfItem(
  analysis: Analysis,
  { module, name }: { readonly module: string; readonly name: string },
): string | undefined {
  const declared = analysis.names.exported(module, name);
  return declared && documentationOfDeclared(analysis, declared);
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
export function importEdit(
  file: ParsedFile,
  name: string,
  from: string,
): { readonly start: number; readonly end: number; readonly newText: string } {
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
