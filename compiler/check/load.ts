import { parse } from "../../grammar/index.ts";
import type { ImportSyntax } from "../../grammar/syntax.ts";
import { HostError, type Host } from "../host/host.ts";
import { sourceFile } from "../source/source-file.ts";
import { suggest } from "../diagnostics/suggest.ts";
import { syntaxDiagnostic } from "../diagnostics/syntax-problem.ts";
import { isStandard, type FileInfo, type Program } from "./program.ts";
import { replaceFix, type Reporter } from "./reporter.ts";

/** The modules whose converters `~>` may insert without an import: together they are `std/convert`. */
export const converterModules: readonly string[] = ["std/audio"];

/**
 * Reads and parses a file and all that it imports, and binds the names.
 * @throws {HostError} when the root file cannot be read
 */
export function loadProgram(path: string, host: Host, reporter: Reporter): Program {
  const loader = new Loader(host, reporter);
  const text = host.readFile(path);
  if (text === undefined) throw new HostError(`There is no file \`${path}\`.`);
  const root = loader.add(path, path, text);
  for (const module of converterModules) loader.standard(module);
  return { files: loader.files, root };
}

class Loader {
  readonly files = new Map<string, FileInfo>();
  readonly #host: Host;
  readonly #reporter: Reporter;
  readonly #keys = new Set<string>();

  constructor(host: Host, reporter: Reporter) {
    this.#host = host;
    this.#reporter = reporter;
  }

  standard(module: string): FileInfo | undefined {
    const known = this.files.get(module);
    if (known !== undefined) return known;
    const text = this.#host.readStandard(module);
    return text === undefined ? undefined : this.add(module, module, text);
  }

  add(module: string, path: string, text: string): FileInfo {
    const source = sourceFile(path, text);
    const parsed = parse(text);
    for (const problem of parsed.errors) this.#reporter.add(syntaxDiagnostic(problem, source));
    const file: FileInfo = { source, module, syntax: parsed.file, declarations: new Map(), imports: new Map() };
    this.files.set(module, file);
    this.#declare(file);
    for (const one of parsed.file.imports) this.#import(file, one);
    return file;
  }

  #declare(file: FileInfo): void {
    for (const syntax of file.syntax.declarations) {
      if (syntax.kind === "Scenario" || syntax.name.text === "") continue;
      const name = syntax.name.text;
      const earlier = file.declarations.get(name);
      if (earlier !== undefined) {
        this.#reporter.report(
          "MESH2003",
          file.source,
          syntax.name.span,
          `\`${name}\` is declared twice in this file.`,
          {
            label: "declared again here",
            related: [
              { place: { source: file.source, span: earlier.syntax.name.span }, message: "first declared here" },
            ],
            hint: "Give one of them another name.",
          },
        );
        continue;
      }
      const key = this.#keys.has(name) ? `${name} (${file.module})` : name;
      this.#keys.add(key);
      file.declarations.set(name, { name, syntax, file, key });
    }
  }

  #import(file: FileInfo, syntax: ImportSyntax): void {
    if (syntax.from === undefined) return;
    const target = this.#resolve(file, syntax);
    if (target === undefined) return;
    for (const item of syntax.names) {
      if (item.name.text === "") continue;
      const local = item.alias ?? item.name;
      const symbol = target.declarations.get(item.name.text);
      if (symbol === undefined) {
        const near = suggest(item.name.text, [...target.declarations.keys()]);
        this.#reporter.report(
          "MESH2005",
          file.source,
          item.name.span,
          `\`${syntax.from.value}\` declares nothing named \`${item.name.text}\`.`,
          {
            hint:
              near === undefined ? listed("It declares", [...target.declarations.keys()]) : `Did you mean \`${near}\`?`,
            fixes:
              near === undefined ? [] : [replaceFix(`Change to \`${near}\``, file.source, item.name.span, near, false)],
          },
        );
        continue;
      }
      const clash = file.declarations.get(local.text)?.syntax.name ?? file.imports.get(local.text)?.syntax.name;
      if (clash !== undefined) {
        this.#reporter.report(
          "MESH2003",
          file.source,
          local.span,
          `\`${local.text}\` is already a name in this file.`,
          {
            related: [{ place: { source: file.source, span: clash.span }, message: "the other one" }],
            hint: `Import it under another name: \`${item.name.text} as Other${item.name.text}\`.`,
          },
        );
        continue;
      }
      file.imports.set(local.text, { symbol, syntax: item, used: false });
    }
  }

  #resolve(file: FileInfo, syntax: ImportSyntax): FileInfo | undefined {
    const from = syntax.from;
    if (from === undefined) return undefined;
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
    if (!from.value.startsWith("./") && !from.value.startsWith("../")) {
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
    try {
      const text = this.#host.readFile(path);
      if (text !== undefined) return this.add(path, path, text);
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      return complain(error.message, undefined);
    }
    const nearName = suggest(path.split("/").at(-1) ?? "", this.#host.siblings(path));
    const near = nearName === undefined ? undefined : from.value.replace(/[^/]*$/, nearName);
    return complain(
      `There is no file \`${path}\`.`,
      near === undefined ? "The path is relative to the file that imports." : `Did you mean \`${near}\`?`,
      near,
    );
  }
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
