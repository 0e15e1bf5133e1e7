import type { NamedDeclaration } from "../../check/program.ts";
import type { ParsedFile, Resolved } from "../../check/sources.ts";
import { isNamed, membersOf, type Declared, type Meaning } from "./meaning.ts";

/** The texts that names stand in. */
export interface Texts {
  parsed(path: string): ParsedFile | undefined;
  resolve(from: ParsedFile, written: string): Resolved;
}

/** A name at the top level of a file. */
export interface InSight {
  readonly declared: Declared;
  /** It has another name where it is declared. */
  readonly alias: boolean;
}

/** What the names of files mean, found out from texts alone, so that it is known however broken the rest is. */
export class Names {
  readonly #files: Texts;
  readonly #declarations = new WeakMap<ParsedFile, ReadonlyMap<string, NamedDeclaration>>();
  readonly #members = new WeakMap<NamedDeclaration, ReadonlyMap<string, Meaning>>();

  constructor(files: Texts) {
    this.#files = files;
  }

  file(module: string): ParsedFile | undefined {
    return this.#files.parsed(module);
  }

  /** What a file declares, by name; the first of two. */
  declarationsOf(file: ParsedFile): ReadonlyMap<string, NamedDeclaration> {
    const known = this.#declarations.get(file);
    if (known !== undefined) return known;
    const found = new Map<string, NamedDeclaration>();
    for (const one of file.syntax.declarations)
      if (isNamed(one) && !found.has(one.name.text)) found.set(one.name.text, one);
    this.#declarations.set(file, found);
    return found;
  }

  /** A declaration of another file. */
  exported(module: string, name: string): Declared | undefined {
    const file = this.#files.parsed(module);
    const syntax = file && this.declarationsOf(file).get(name);
    return syntax && { module, syntax };
  }

  /** What a name means at the top level of a file. */
  find(file: ParsedFile, name: string): InSight | undefined {
    if (name === "") return undefined;
    const own = this.declarationsOf(file).get(name);
    if (own !== undefined) return { declared: { module: file.module, syntax: own }, alias: false };
    for (const { names, from } of file.syntax.imports) {
      const item = names.find((one) => (one.alias ?? one.name).text === name);
      if (item === undefined || from === undefined) continue;
      const resolved = this.#files.resolve(file, from.value);
      const declared = resolved.kind === "file" ? this.exported(resolved.module, item.name.text) : undefined;
      if (declared !== undefined) return { declared, alias: item.alias !== undefined };
    }
    return undefined;
  }

  /** Everything in sight at the top level of a file, by the name it has there. */
  *inSight(file: ParsedFile): Generator<[string, InSight], void, undefined> {
    for (const [name, syntax] of this.declarationsOf(file)) {
      yield [name, { declared: { module: file.module, syntax }, alias: false }];
    }
    for (const { names } of file.syntax.imports) {
      for (const item of names) {
        const { text } = item.alias ?? item.name;
        const found = this.find(file, text);
        if (found !== undefined) yield [text, found];
      }
    }
  }

  member(declared: Declared, name: string): Meaning | undefined {
    const known = this.#members.get(declared.syntax);
    if (known !== undefined) return known.get(name);
    const found = new Map<string, Meaning>();
    for (const one of membersOf(declared)) if (!found.has(one.name)) found.set(one.name, one);
    this.#members.set(declared.syntax, found);
    return found.get(name);
  }

  members(declared: Declared): readonly Meaning[] {
    this.member(declared, "");
    return [...(this.#members.get(declared.syntax)?.values() ?? [])];
  }
}
