import { parse as parseText, type ParseResult } from "../../grammar/index.ts";
import type { ImportSyntax, NameSyntax, StringSyntax } from "../../grammar/syntax.ts";
import { HostError, type Host } from "../host/host.ts";
import { sourceFile } from "../source/source-file.ts";
import { suggest } from "../diagnostics/suggest.ts";
import { syntaxDiagnostic } from "../diagnostics/syntax-problem.ts";
import { Damage } from "./damage.ts";
import { isStandard, type DeclarationSymbol, type FileInfo, type Program } from "./program.ts";
import { replaceFix, type Reporter } from "./reporter.ts";

/** The modules whose converters `~>` may insert without an import: together they are `std/convert`. */
export const converterModules: readonly string[] = ["std/audio"];

/** Gives the tree of a text; a caller that checks many programs may keep the trees of those that they share. */
export type Parse = (text: string) => ParseResult;

/**
 * Reads and parses a file and all that it imports, and binds the names. Files may import each other: names are bound when
 * all have been read.
 * @throws {HostError} when the root file cannot be read
 */
export function loadProgram(path: string, host: Host, reporter: Reporter, parse: Parse = parseText): Program {
  const loader = new Loader(host, reporter, parse);
  const text = host.readFile(path);
  if (text === undefined) throw new HostError(`There is no file \`${path}\`.`);
  const root = loader.add(path, path, text);
  loader.readAll();
  for (const module of converterModules) loader.standard(module);
  loader.readAll();
  return { files: loader.files, root };
}

class Loader {
  readonly files = new Map<string, FileInfo>();
  readonly #host: Host;
  readonly #reporter: Reporter;
  readonly #parse: Parse;
  readonly #keys = new Set<string>();
  /** Files whose imports have not been followed yet. */
  readonly #waiting: FileInfo[] = [];

  constructor(host: Host, reporter: Reporter, parse: Parse) {
    this.#host = host;
    this.#reporter = reporter;
    this.#parse = parse;
  }

  standard(module: string): FileInfo | undefined {
    const known = this.files.get(module);
    if (known !== undefined) return known;
    const text = this.#host.readStandard(module);
    return text === undefined ? undefined : this.add(module, module, text);
  }

  add(module: string, path: string, text: string): FileInfo {
    const source = sourceFile(path, text);
    const parsed = this.#parse(text);
    for (const problem of parsed.errors) this.#reporter.add(syntaxDiagnostic(problem, source));
    const problems = parsed.errors.map((one) => one.span);
    const damage = new Damage(text, parsed.file, parsed.errors);
    this.#reporter.damaged(source, damage);
    const file: FileInfo = {
      source,
      module,
      syntax: parsed.file,
      declarations: new Map(),
      imports: new Map(),
      lost: new Set(),
      problems,
      damage,
    };
    this.files.set(module, file);
    this.#declare(file);
    this.#waiting.push(file);
    return file;
  }

  /** Follows the imports of all files, a file at a time, so that a long chain of them needs no deep stack. */
  readAll(): void {
    for (let file = this.#waiting.shift(); file !== undefined; file = this.#waiting.shift()) {
      for (const one of file.syntax.imports) this.#import(file, one);
    }
  }

  #declare(file: FileInfo): void {
    for (const syntax of file.syntax.declarations) {
      if (syntax.kind === "Scenario" || syntax.name.text === "") continue;
      const name = syntax.name.text;
      const earlier = file.declarations.get(name);
      if (earlier !== undefined) {
        this.#twice(file, syntax.name, earlier.syntax.name, `\`${name}\` is declared twice in this file.`);
        // Which of the two is meant where it is used, nobody knows.
        file.lost.add(name);
        continue;
      }
      const key = this.#keys.has(name) ? `${name} (${file.module})` : name;
      this.#keys.add(key);
      file.declarations.set(name, { name, syntax, file, key });
    }
  }

  #twice(file: FileInfo, name: NameSyntax, earlier: NameSyntax, message: string): void {
    this.#reporter.report("MESH2003", file.source, name.span, message, {
      label: "declared again here",
      related: [{ place: { source: file.source, span: earlier.span }, message: "first declared here" }],
      hint: "Give one of them another name.",
    });
  }

  #import(file: FileInfo, syntax: ImportSyntax): void {
    const { from } = syntax;
    const target = from && this.#resolve(file, from);
    for (const item of syntax.names) {
      const local = item.alias ?? item.name;
      if (item.name.text === "" || local.text === "") continue;
      if (from === undefined || target === undefined) {
        file.lost.add(local.text);
        continue;
      }
      const symbol = target.declarations.get(item.name.text);
      if (symbol === undefined) {
        file.lost.add(local.text);
        this.#noSuchDeclaration(file, from, item.name, target);
        continue;
      }
      const clash = file.declarations.get(local.text)?.syntax.name ?? file.imports.get(local.text)?.syntax.name;
      if (clash === undefined) {
        file.imports.set(local.text, { symbol, syntax: item, used: false });
        continue;
      }
      file.lost.add(local.text);
      this.#clash(file, item.name, local, clash, symbol);
    }
  }

  #clash(file: FileInfo, name: NameSyntax, local: NameSyntax, clash: NameSyntax, symbol: DeclarationSymbol): void {
    const itself = symbol.file === file;
    this.#reporter.report("MESH2003", file.source, local.span, `\`${local.text}\` is already a name in this file.`, {
      related: [{ place: { source: file.source, span: clash.span }, message: "the other one" }],
      hint: itself
        ? "This file imports itself; what it declares is in sight without that."
        : `Import it under another name: \`${name.text} as Other${name.text}\`.`,
    });
  }

  #noSuchDeclaration(file: FileInfo, from: StringSyntax, name: NameSyntax, target: FileInfo): void {
    const known = [...target.declarations.keys()];
    // What the file itself has imported stands there as text only; its own imports may not have been followed yet.
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
    if (near !== undefined && !file.declarations.has(near) && !file.imports.has(near)) file.lost.add(near);
    // A file that cannot be read as a whole may well declare it.
    if (target.problems.length > 0 && near === undefined) return;
    this.#reporter.report(
      "MESH2005",
      file.source,
      name.span,
      `\`${from.value}\` declares nothing named \`${name.text}\`.`,
      {
        hint,
        fixes: near === undefined ? [] : [replaceFix(`Change to \`${near}\``, file.source, name.span, near, false)],
      },
    );
  }

  #resolve(file: FileInfo, from: StringSyntax): FileInfo | undefined {
    const complain = (message: string, hint: string | undefined, near?: string): undefined => {
      this.#reporter.report("MESH2004", file.source, from.span, message, {
        hint,
        fixes:
          near === undefined
            ? []
            : [replaceFix(`Change to "${near}"`, file.source, from.span, JSON.stringify(near), false)],
      });
      return undefined;
    };
    if (isStandard(from.value)) {
      const found = this.standard(from.value);
      if (found !== undefined) return found;
      const near = suggest(from.value, this.#host.standardModules());
      return complain(
        `The standard library has no module \`${from.value}\`.`,
        near === undefined ? listed("There are", this.#host.standardModules()) : `Did you mean \`${near}\`?`,
        near,
      );
    }
    if (!isRelative(from.value)) {
      return complain(
        `\`${from.value}\` is neither a file nor a module of the standard library.`,
        'Files are imported by a path that starts with "./" or "../", the standard library as "std/…".',
      );
    }
    const path = joinPath(isStandard(file.module) ? "" : file.source.path, from.value);
    if (path === undefined) {
      return complain(`\`${from.value}\` lies outside the project.`, "Only files inside the project can be imported.");
    }
    const known = this.files.get(path);
    if (known !== undefined) return known;
    if (!path.endsWith(".mesh")) return this.#noMeshFile(path, from.value, complain);
    return this.#readFile(path, from.value, complain);
  }

  #readFile(path: string, written: string, complain: Complain): FileInfo | undefined {
    try {
      const text = this.#host.readFile(path);
      if (text !== undefined) return this.add(path, path, text);
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      return complain(error.message, "Only files inside the project can be imported.");
    }
    const nearName = suggest(path.split("/").at(-1) ?? "", this.#host.siblings(path));
    const near = nearName === undefined ? undefined : written.replace(/[^/]*$/, nearName);
    return complain(
      `There is no file \`${path}\`.`,
      near === undefined ? "The path is relative to the file that imports." : `Did you mean \`${near}\`?`,
      near,
    );
  }

  #noMeshFile(path: string, written: string, complain: Complain): undefined {
    const [file = ""] = path.split("/").slice(-1);
    const near = this.#host.siblings(path).includes(`${file}.mesh`) ? `${written}.mesh` : undefined;
    complain(
      `\`${path}\` is no \`.mesh\` file.`,
      near === undefined ? "Code belongs behind the `from` of a node." : `Did you mean \`${near}\`?`,
      near,
    );
  }
}

type Complain = (message: string, hint: string | undefined, near?: string) => undefined;

/** A path as imports and `from` write it. */
export function isRelative(path: string): boolean {
  return (path.startsWith("./") || path.startsWith("../")) && !/[\\\0]/.test(path);
}

/** Joins a relative path to the folder of a file; undefined when it leaves the root. */
export function joinPath(file: string, relative: string): string | undefined {
  const parts = file.split("/").slice(0, -1);
  for (const part of relative.split("/")) {
    if (part === "." || part === "") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join("/");
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
