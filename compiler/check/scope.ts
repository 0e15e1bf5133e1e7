import { isMissing, type NameSyntax } from "../../grammar/syntax.ts";
import { suggest } from "../diagnostics/suggest.ts";
import { kindWords, type DeclarationSymbol, type FileInfo, type NamedDeclaration } from "./program.ts";
import { listed } from "./load.ts";
import { replaceFix, type Reporter } from "./reporter.ts";

/** A kind of declaration to the symbol of it. */
type SymbolOf<K extends NamedDeclaration["kind"]> = DeclarationSymbol<Extract<NamedDeclaration, { kind: K }>>;

/** Looks up names at the top level of files, and says what is wrong where there is none. */
export class Scope {
  readonly #files: () => Iterable<FileInfo>;
  readonly #reporter: Reporter;
  /** Names that nothing was found for, by file. */
  readonly #missed = new Map<FileInfo, string[]>();

  /** @param files where a name may be declared that is not in sight */
  constructor(files: () => Iterable<FileInfo>, reporter: Reporter) {
    this.#files = files;
    this.#reporter = reporter;
  }

  /** The declaration that a name means in a file, without a word when there is none. */
  find(file: FileInfo, name: string): DeclarationSymbol | undefined {
    const imported = file.imports.get(name);
    if (imported !== undefined) imported.used = true;
    return file.declarations.get(name) ?? imported?.symbol;
  }

  /** True when the declaration of a name is wrong or cannot be read, which has been said there. */
  isLost(file: FileInfo, name: string): boolean {
    if (file.lost.has(name)) return true;
    if (file.declarations.has(name) || file.imports.has(name)) return false;
    return file.damage.mayDeclare(name);
  }

  /**
   * The declaration that a name means, of one of the given kinds.
   * @param wanted what the place asks for, as in "a node or pipeline"
   */
  resolve<K extends NamedDeclaration["kind"]>(
    file: FileInfo,
    name: NameSyntax,
    kinds: readonly K[],
    wanted: string,
    others: readonly string[] = [],
  ): SymbolOf<K> | undefined {
    if (isMissing(name)) return undefined;
    const found = this.find(file, name.text);
    if (this.isLost(file, name.text)) return undefined;
    if (found === undefined) {
      this.#unknown(file, name, kinds, wanted, others);
      return undefined;
    }
    if (!(kinds as readonly string[]).includes(found.syntax.kind)) {
      this.#reporter.report(
        "MESH2007",
        file.source,
        name.span,
        `\`${name.text}\` is ${kindWords[found.syntax.kind]}; ${wanted} is needed here.`,
        {
          related: [{ place: { source: found.file.source, span: found.syntax.name.span }, message: "declared here" }],
          hint: listed("In sight are", this.names(file, kinds)),
        },
      );
      return undefined;
    }
    return found as SymbolOf<K>;
  }

  /** True when a name that was not found may be this one, misspelt. */
  isMissed(file: FileInfo, name: string): boolean {
    return (this.#missed.get(file) ?? []).some((one) => suggest(one, [name]) !== undefined);
  }

  /** Names in sight of a file that are of one of the given kinds. */
  names(file: FileInfo, kinds: readonly string[]): string[] {
    const names: string[] = [];
    for (const [name, symbol] of file.declarations) if (kinds.includes(symbol.syntax.kind)) names.push(name);
    for (const [name, binding] of file.imports) if (kinds.includes(binding.symbol.syntax.kind)) names.push(name);
    return names;
  }

  #unknown(
    file: FileInfo,
    name: NameSyntax,
    kinds: readonly string[],
    wanted: string,
    others: readonly string[],
  ): void {
    this.#missed.set(file, [...(this.#missed.get(file) ?? []), name.text]);
    const known = [...this.names(file, kinds), ...others];
    const near = suggest(name.text, known);
    if (near === undefined && file.damage.hasNameless) return;
    const elsewhere = this.#declaredElsewhere(file, name.text, kinds);
    const hint =
      near !== undefined
        ? `Did you mean \`${near}\`?`
        : elsewhere !== undefined
          ? `Import it: \`import { ${name.text} } from "${elsewhere}"\`.`
          : listed("In sight are", known);
    this.#reporter.report(
      "MESH2001",
      file.source,
      name.span,
      `Nothing named \`${name.text}\` is in sight; ${wanted} is needed here.`,
      {
        hint,
        fixes: near === undefined ? [] : [replaceFix(`Change to \`${near}\``, file.source, name.span, near, false)],
        cause: `nothing named ${name.text} in ${file.module}`,
      },
    );
  }

  #declaredElsewhere(file: FileInfo, name: string, kinds: readonly string[]): string | undefined {
    for (const other of this.#files()) {
      const symbol = other.declarations.get(name);
      if (other !== file && symbol !== undefined && kinds.includes(symbol.syntax.kind)) return other.module;
    }
    return undefined;
  }
}
