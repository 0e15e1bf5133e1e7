import type { ImportSyntax, NameSyntax, StringSyntax } from "../../grammar/syntax.ts";
import { suggest } from "../diagnostics/suggest.ts";
import type { DeclarationSymbol, FileInfo, ImportBinding } from "./program.ts";
import { referencesIn } from "./references.ts";
import { replaceFix, type Reporter } from "./reporter.ts";
import type { ParsedFile, Resolved, Sources } from "./sources.ts";

export { isRelative, joinPath } from "./paths.ts";

/** What the names of a file are bound with. */
export interface LinkTools {
  readonly sources: Sources;
  readonly reporter: Reporter;
  /** A file of the program; that of each file that an import leads to. */
  file(module: string): LinkedFile | undefined;
  /** What a declaration is called in the program. */
  keyOf(name: string, module: string): string;
}

/**
 * A file with its names: what it declares is bound when it is made, what it imports when that is first asked for, so that
 * files may import each other.
 */
export class LinkedFile implements FileInfo {
  readonly source: FileInfo["source"];
  readonly module: string;
  readonly syntax: FileInfo["syntax"];
  readonly problems: FileInfo["problems"];
  readonly damage: FileInfo["damage"];
  readonly declarations = new Map<string, DeclarationSymbol>();
  readonly #parsed: ParsedFile;
  readonly #tools: LinkTools;
  readonly #lost = new Set<string>();
  #imports: Map<string, ImportBinding> | undefined;
  #references: ReturnType<typeof referencesIn> | undefined;

  constructor(parsed: ParsedFile, tools: LinkTools) {
    this.source = parsed.source;
    this.module = parsed.module;
    this.syntax = parsed.syntax;
    this.problems = parsed.problems;
    this.damage = parsed.damage;
    this.#parsed = parsed;
    this.#tools = tools;
    for (const problem of parsed.errors) tools.reporter.add(problem);
    tools.reporter.damaged(this.source, this.damage);
    this.#declare();
  }

  get imports(): ReadonlyMap<string, ImportBinding> {
    return this.#linked();
  }

  get lost(): ReadonlySet<string> {
    this.#linked();
    return this.#lost;
  }

  references(name: string): readonly NameSyntax[] {
    this.#references ??= referencesIn(this.syntax);
    return this.#references.get(name) ?? [];
  }

  #linked(): ReadonlyMap<string, ImportBinding> {
    if (this.#imports === undefined) {
      this.#imports = new Map();
      for (const one of this.syntax.imports) this.#import(one, this.#imports);
    }
    return this.#imports;
  }

  #declare(): void {
    for (const syntax of this.syntax.declarations) {
      if (syntax.kind === "Scenario" || syntax.name.text === "") continue;
      const name = syntax.name.text;
      const earlier = this.declarations.get(name);
      if (earlier !== undefined) {
        this.#twice(syntax.name, earlier.syntax.name, `\`${name}\` is declared twice in this file.`);
        // Which of the two is meant where it is used, nobody knows.
        this.#lost.add(name);
        continue;
      }
      this.declarations.set(name, { name, syntax, file: this, key: this.#tools.keyOf(name, this.module) });
    }
  }

  #twice(name: NameSyntax, earlier: NameSyntax, message: string): void {
    this.#tools.reporter.report("MESH2003", this.source, name.span, message, {
      label: "declared again here",
      related: [{ place: { source: this.source, span: earlier.span }, message: "first declared here" }],
      hint: "Give one of them another name.",
    });
  }

  #import(syntax: ImportSyntax, into: Map<string, ImportBinding>): void {
    const { from } = syntax;
    const target = from && this.#target(from);
    for (const item of syntax.names) {
      const local = item.alias ?? item.name;
      if (item.name.text === "" || local.text === "") continue;
      if (from === undefined || target === undefined) {
        this.#lost.add(local.text);
        continue;
      }
      const symbol = target.declarations.get(item.name.text);
      if (symbol === undefined) {
        this.#lost.add(local.text);
        this.#noSuchDeclaration(from, item.name, target, into);
        continue;
      }
      const clash = this.declarations.get(local.text)?.syntax.name ?? into.get(local.text)?.syntax.name;
      if (clash === undefined) {
        into.set(local.text, { symbol, syntax: item, used: false });
        continue;
      }
      this.#lost.add(local.text);
      this.#clash(item.name, local, clash, symbol);
    }
  }

  #clash(name: NameSyntax, local: NameSyntax, clash: NameSyntax, symbol: DeclarationSymbol): void {
    const itself = symbol.file === this;
    this.#tools.reporter.report(
      "MESH2003",
      this.source,
      local.span,
      `\`${local.text}\` is already a name in this file.`,
      {
        related: [{ place: { source: this.source, span: clash.span }, message: "the other one" }],
        hint: itself
          ? "This file imports itself; what it declares is in sight without that."
          : `Import it under another name: \`${name.text} as Other${name.text}\`.`,
      },
    );
  }

  #noSuchDeclaration(
    from: StringSyntax,
    name: NameSyntax,
    target: FileInfo,
    into: ReadonlyMap<string, ImportBinding>,
  ): void {
    const known = [...target.declarations.keys()];
    // What the file itself has imported stands there as text only.
    const origin = target.syntax.imports.find((one) =>
      one.names.some((item) => (item.alias ?? item.name).text === name.text),
    );
    const near = suggest(name.text, known);
    const hint =
      origin?.from !== undefined
        ? `It imports that from "${origin.from.value}"; import it from there.`
        : near === undefined
          ? (listed("It declares", known) ?? "It declares nothing.")
          : `Did you mean \`${near}\`?`;
    // Where it is used it may be spelt as it should be.
    if (near !== undefined && !this.declarations.has(near) && !into.has(near)) this.#lost.add(near);
    // A file that cannot be read as a whole may well declare it.
    if (target.problems.length > 0 && near === undefined) return;
    const message = `\`${from.value}\` declares nothing named \`${name.text}\`.`;
    this.#tools.reporter.report("MESH2005", this.source, name.span, message, {
      hint,
      fixes: near === undefined ? [] : [replaceFix(`Change to \`${near}\``, this.source, name.span, near, false)],
    });
  }

  #target(from: StringSyntax): LinkedFile | undefined {
    const resolved = this.#tools.sources.resolve(this.#parsed, from.value);
    if (resolved.kind === "file") return this.#tools.file(resolved.module);
    const { message, hint, near } = this.#whyNot(resolved, from.value);
    this.#tools.reporter.report("MESH2004", this.source, from.span, message, {
      hint,
      fixes:
        near === undefined
          ? []
          : [replaceFix(`Change to "${near}"`, this.source, from.span, JSON.stringify(near), false)],
    });
    return undefined;
  }

  #whyNot(
    resolved: Exclude<Resolved, { kind: "file" }>,
    written: string,
  ): { readonly message: string; readonly hint: string | undefined; readonly near?: string | undefined } {
    const { sources } = this.#tools;
    switch (resolved.kind) {
      case "noModule": {
        const near = suggest(written, sources.host.standardModules());
        return {
          message: `The standard library has no module \`${written}\`.`,
          hint: near === undefined ? listed("There are", sources.host.standardModules()) : `Did you mean \`${near}\`?`,
          near,
        };
      }
      case "notRelative":
        return {
          message: `\`${written}\` is neither a file nor a module of the standard library.`,
          hint: 'Files are imported by a path that starts with "./" or "../", the standard library as "std/…".',
        };
      case "outside":
        return {
          message: `\`${written}\` lies outside the project.`,
          hint: "Only files inside the project can be imported.",
        };
      case "notMesh": {
        const [file = ""] = resolved.path.split("/").slice(-1);
        const near = sources.siblings(resolved.path).includes(`${file}.mesh`) ? `${written}.mesh` : undefined;
        return {
          message: `\`${resolved.path}\` is no \`.mesh\` file.`,
          hint: near === undefined ? "Code belongs behind the `from` of a node." : `Did you mean \`${near}\`?`,
          near,
        };
      }
      case "noFile": {
        if (resolved.reason !== undefined) {
          return { message: resolved.reason, hint: "Only files inside the project can be imported." };
        }
        const nearName = suggest(resolved.path.split("/").at(-1) ?? "", sources.siblings(resolved.path));
        const near = nearName === undefined ? undefined : written.replace(/[^/]*$/, nearName);
        return {
          message: `There is no file \`${resolved.path}\`.`,
          hint: near === undefined ? "The path is relative to the file that imports." : `Did you mean \`${near}\`?`,
          near,
        };
      }
      default:
        return resolved satisfies never;
    }
  }
}

/** `There are a, b and c.` with at most eight of them. */
export function listed(lead: string, names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined;
  const shown = names.slice(0, 8).map((name) => `\`${name}\``);
  const rest = names.length - shown.length;
  if (rest > 0) return `${lead} ${shown.join(", ")} and ${rest} more.`;
  const last = shown.pop();
  return shown.length === 0 ? `${lead} ${last}.` : `${lead} ${shown.join(", ")} and ${last}.`;
}
