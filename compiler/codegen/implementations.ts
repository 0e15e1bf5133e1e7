import type { FromSyntax, Span } from "../../grammar/syntax.ts";
import { joinPath } from "../check/load.ts";
import { isWasmPath } from "../check/wasm-shape.ts";
import { isStandard, type DeclarationSymbol, type FileInfo } from "../check/program.ts";
import { Reporter, replaceFix } from "../check/reporter.ts";
import { suggest } from "../diagnostics/suggest.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { HostError, type Host } from "../host/host.ts";

/** One `from` of a program: which file the code of a node is in. */
export interface Implementation {
  readonly symbol: DeclarationSymbol;
  /** As the program writes it. */
  readonly written: string;
  /** The same in the project. */
  readonly path: string;
  /** What stands in quotes. */
  readonly span: Span;
  readonly file: FileInfo;
}

/** The `from`s of all nodes that the file declares. */
export function implementationsOf(file: FileInfo): Implementation[] {
  if (isStandard(file.module)) return [];
  return [...file.declarations.values()].flatMap((symbol) => {
    if (symbol.syntax.kind !== "Node") return [];
    const from: FromSyntax | undefined = symbol.syntax.members.find((one) => one.kind === "From");
    const written = from?.path;
    const path = written === undefined ? undefined : joinPath(file.source.path, written.value);
    if (written === undefined || path === undefined) return [];
    return [{ symbol, written: written.value, path, span: written.span, file }];
  });
}

/**
 * Reports code that is not there: a file that does not exist, or one that plainly exports nothing of the node's name.
 * Looks at the text only, so that a check stays fast; whether the code fits is for `verify` to say.
 */
export function findImplementations(files: Iterable<FileInfo>, host: Host): Diagnostic[] {
  const reporter = new Reporter();
  const all = [...files];
  for (const one of all.flatMap(implementationsOf)) {
    const isCode = /\.[cm]?[jt]sx?$/.test(one.path);
    try {
      const text = host.readFile(one.path);
      if (text === undefined) reportMissingFile(one, host, reporter);
      else if (isCode) reportMissingExport(one, exportsOf(text), reporter);
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      // A module is no text, and that is all right; what is in it is looked at elsewhere.
      if (isCode) {
        reporter.report("MESH2020", one.file.source, one.span, `The code of \`${one.symbol.name}\` cannot be read.`, {
          notes: [error.message],
        });
      }
    }
  }
  return reporter.inOrder(all.map((file) => file.source));
}

function reportMissingFile(
  { symbol, written, path, span, file }: Implementation,
  host: Host,
  reporter: Reporter,
): void {
  const near = suggest(path.split("/").at(-1) ?? "", host.siblings(path));
  const instead = near === undefined ? undefined : written.replace(/[^/]*$/, near);
  reporter.report(
    "MESH2020",
    file.source,
    span,
    `The code of \`${symbol.name}\` should be in \`${path}\`, and there is no such file.`,
    {
      hint:
        instead === undefined && isWasmPath(path)
          ? "Build it there; docs/wasm.md tells what a module exports."
          : instead === undefined
            ? `Write it there, as \`export const ${symbol.name}: ${symbol.name}Node = { … }\`; \`meshc build\` writes the type.`
            : `Did you mean "${instead}"?`,
      fixes:
        instead === undefined
          ? []
          : [replaceFix(`Change to "${instead}"`, file.source, span, JSON.stringify(instead), false)],
    },
  );
}

/** @param names undefined where they cannot be told from the text */
export function reportMissingExport(
  { symbol, path, span, file }: Implementation,
  names: readonly string[] | undefined,
  reporter: Reporter,
): void {
  if (names === undefined || names.includes(symbol.name)) return;
  const near = suggest(symbol.name, names);
  reporter.report("MESH2021", file.source, span, `\`${path}\` exports nothing named \`${symbol.name}\`.`, {
    notes: names.length === 0 ? [] : [`It exports ${names.map((one) => `\`${one}\``).join(", ")}.`],
    hint:
      near === undefined
        ? `The code of a node is exported under the node's name: \`export const ${symbol.name}: ${symbol.name}Node = { … }\`.`
        : `Did you mean \`${near}\`? The code of a node is exported under the node's name.`,
  });
}

/** The names that a module exports, as far as its text tells; undefined where it passes others on or is CommonJS. */
export function exportsOf(text: string): string[] | undefined {
  const code = text.replace(/\/\*[^]*?\*\/|\/\/[^\n]*/g, "");
  if (/\bexport\s*\*|\bmodule\.exports\b|\bexports\s*[.[]|\bexport\s*=/.test(code)) return undefined;
  const names: string[] = [];
  const declared =
    /\bexport\s+(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?(?:const|let|var|class|enum|function\s*\*?)\s+([\w$]+)/g;
  for (const match of code.matchAll(declared)) names.push(match[1] ?? "");
  for (const [, list = ""] of code.matchAll(/\bexport\s*\{([^}]*)\}/g)) {
    for (const item of list.split(",")) {
      const [, name] = /(?:\bas\s+)?"?([\w$]+)"?\s*$/.exec(item.trim()) ?? [];
      if (name !== undefined && !/^type\s/.test(item.trim())) names.push(name);
    }
  }
  // `export const { A, B } = …` and its like cannot be told from the text.
  return /\bexport\s+(?:const|let|var)\s*[{[]/.test(code) ? undefined : [...new Set(names)];
}
