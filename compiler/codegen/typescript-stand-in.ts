export type Exports = Record<PropertyKey, unknown>;

/**
 * Stands for TypeScript in the ts-morph that modules are printed with, which takes enumerations of it and nothing else: to load
 * its nine megabytes takes longer than to print a hundred modules. Should something else be asked for, it is loaded after all.
 * @param known exports that are texts, numbers, or tables of such, by name
 * @param load the real one, of the same version
 */
export function typescriptStandIn(known: Exports, load: () => Exports): object {
  let loaded: Exports | undefined;
  const real = (): Exports => (loaded ??= load());
  return new Proxy<Exports>(
    {},
    {
      get(_, key) {
        if (Object.hasOwn(known, key)) return known[key];
        // What ts-morph makes ahead.
        const make = (...given: unknown[]): Exports => (real()[key] as (...args: unknown[]) => Exports)(...given);
        if (key === "createLanguageService") return (...given: unknown[]) => later(() => make(...given));
        if (key === "createScanner")
          return (...given: unknown[]) => new EndScanner(known["SyntaxKind"] as TokenKinds, () => make(...given));
        return real()[key];
      },
      // A module that has a default is taken as it is; of any other all exports are copied, one by one.
      has: (_, key) => key === "default" || key in real(),
    },
  );
}

/** An object that is made when something of it is used. */
function later(make: () => Exports): object {
  let made: Exports | undefined;
  return new Proxy<Exports>(
    {},
    {
      get(_, key) {
        made ??= make();
        const value = made[key];
        return typeof value === "function" ? (value.bind(made) as unknown) : value;
      },
    },
  );
}

/** What ts-morph uses of a scanner: it looks for the end of the last token, to put a comma there. */
interface Scanner {
  setText(text: string | undefined): void;
  scan(): number;
  reScanTemplateToken(isTagged: boolean): number;
  getTokenFullStart(): number;
}

type TokenKinds = Readonly<Record<"Identifier" | "EndOfFileToken", number>>;

/** Without comments and templates the last token ends where the white space does, which takes no scanner to find. */
class EndScanner implements Scanner {
  readonly #kinds: TokenKinds;
  readonly #make: () => Exports;
  #made: Scanner | undefined;
  #scanner: Scanner | undefined;
  #end = 0;
  #isScanned = false;

  constructor(kinds: TokenKinds, make: () => Exports) {
    this.#kinds = kinds;
    this.#make = make;
  }

  setText(text: string | undefined): void {
    this.#scanner?.setText(undefined);
    this.#scanner = undefined;
    this.#isScanned = false;
    this.#end = text?.trimEnd().length ?? 0;
    if (text === undefined || !/[/`]/.test(text)) return;
    this.#scanner = this.#made ??= this.#make() as unknown as Scanner;
    this.#scanner.setText(text);
  }

  scan(): number {
    if (this.#scanner !== undefined) return this.#scanner.scan();
    const isAtEnd = this.#isScanned || this.#end === 0;
    this.#isScanned = true;
    return isAtEnd ? this.#kinds.EndOfFileToken : this.#kinds.Identifier;
  }

  reScanTemplateToken(isTagged: boolean): number {
    return this.#scanner?.reScanTemplateToken(isTagged) ?? this.#kinds.EndOfFileToken;
  }

  getTokenFullStart(): number {
    return this.#scanner?.getTokenFullStart() ?? this.#end;
  }
}
