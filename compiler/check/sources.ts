import { parse as parseText, type Comment, type ParseResult, type Piece, type Token } from "../../grammar/index.ts";
import type { FileSyntax, Span } from "../../grammar/syntax.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { syntaxDiagnostic } from "../diagnostics/syntax-problem.ts";
import { HostError, type Host } from "../host/host.ts";
import { sourceFile, type SourceFile } from "../source/source-file.ts";
import { Damage } from "./damage.ts";
import { isRelative, joinPath } from "./paths.ts";
import { isStandard } from "./program.ts";

/** A file that has been read and parsed; the same object as long as its text is the same. */
export interface ParsedFile {
  /** How other files import it: its path, or `std/audio`. */
  readonly module: string;
  readonly source: SourceFile;
  readonly syntax: FileSyntax;
  readonly comments: readonly Comment[];
  /** Every token in order, comments aside; made when first asked for. */
  readonly tokens: readonly Token[];
  readonly errors: readonly Diagnostic[];
  /** Its imports and declarations by themselves; those that no edit has touched are the same ones. Undefined where that is not known. */
  readonly pieces: readonly Piece[] | undefined;
  /** Where the text could not be read. */
  readonly problems: readonly Span[];
  /** What that costs the rest of the file. */
  readonly damage: Damage;
  /** What it says of itself to those that look for files and names; the same text for the same answers. */
  readonly surface: string;
  /** Its imports and declarations, each kind in order; where they stood when they were read, which may have been elsewhere. */
  readonly items: ParseResult["items"];
  /** The same file with another text, of which only what differs is read. */
  again(text: string): ParsedFile;
}

/** Where an import leads: a file, or why there is none. */
export type Resolved =
  | { readonly kind: "file"; readonly module: string }
  | { readonly kind: "noModule" | "notRelative" | "outside" }
  /** `reason`: what the disk said, where it said something. */
  | { readonly kind: "notMesh" | "noFile"; readonly path: string; readonly reason?: string };

/** The modules whose converters `~>` may insert without an import: together they are `std/convert`. */
export const converterModules: readonly string[] = ["std/audio"];

type Held = ReadonlyMap<string, string | null>;
type Read = { readonly file: ParsedFile } | { readonly reason: string | undefined };

/**
 * The texts of a project, each parsed once, and how they import each other. It never changes, but that it reads what it
 * is first asked for; a change makes another one, which shares what is the same.
 */
export class Sources {
  readonly host: Host;
  readonly #read: Map<string, Read>;
  /** Texts that somebody holds, which hide what is on the disk; null where a file is taken away. */
  readonly #held: Held;

  constructor(host: Host, read?: ReadonlyMap<string, Read>, held?: Held) {
    this.host = host;
    this.#read = new Map(read);
    this.#held = held ?? new Map();
  }

  /** The file of a module; undefined where there is none or it cannot be read. */
  get(module: string): ParsedFile | undefined {
    const read = this.#of(module);
    return "file" in read ? read.file : undefined;
  }

  /** What the disk said to a file that is there and cannot be read. */
  reason(module: string): string | undefined {
    const read = this.#of(module);
    return "reason" in read ? read.reason : undefined;
  }

  /** The same with a text in place of what is on the disk; null takes the file away, undefined gives it back to the disk. */
  holding(path: string, text: string | null | undefined): Sources {
    const held = new Map(this.#held);
    if (text === undefined) held.delete(path);
    else held.set(path, text);
    const next = new Sources(this.host, this.#read, held);
    next.#again(path);
    return next;
  }

  /** The same with another reading of one of the files. */
  with(file: ParsedFile): Sources {
    const next = new Sources(this.host, this.#read, this.#held);
    next.#read.set(file.module, { file });
    return next;
  }

  /** The same with what is on the disk now. @param paths those that may have changed; all when left out */
  reloaded(paths?: Iterable<string>): Sources {
    const next = new Sources(this.host, this.#read, this.#held);
    for (const path of paths ?? this.#read.keys()) {
      if (!this.#held.has(path) && this.#read.has(path)) next.#again(path);
    }
    return next;
  }

  /** True when the files are the same ones and say the same of themselves, so that names and imports lead where they led. */
  isAlike(before: Sources): boolean {
    for (const [module, now] of this.#read) {
      const was = before.#read.get(module);
      if (now === was) continue;
      // What nobody has asked for before may be anything: to look now would be to read it for nothing else.
      if (was === undefined || !("file" in now) || !("file" in was)) return false;
      if (now.file.surface !== was.file.surface) return false;
    }
    return true;
  }

  /** Files and folders beside a path, for suggestions. */
  siblings(path: string): readonly string[] {
    const folder = path.split("/").slice(0, -1).join("/");
    const prefix = folder === "" ? "" : `${folder}/`;
    const names = new Set(this.host.siblings(path));
    for (const [held, text] of this.#held) {
      if (!held.startsWith(prefix)) continue;
      const [name = "", ...deeper] = held.slice(prefix.length).split("/");
      if (text !== null) names.add(name);
      else if (deeper.length === 0) names.delete(name);
    }
    return [...names].toSorted();
  }

  /** Where an import of a file leads. */
  resolve(from: ParsedFile, written: string): Resolved {
    if (isStandard(written)) {
      return this.get(written) === undefined ? { kind: "noModule" } : { kind: "file", module: written };
    }
    if (!isRelative(written)) return { kind: "notRelative" };
    const path = joinPath(isStandard(from.module) ? "" : from.source.path, written);
    if (path === undefined) return { kind: "outside" };
    // A module of this name is one already where the root of the program itself has another ending.
    if (!path.endsWith(".mesh") && !this.#read.has(path)) return { kind: "notMesh", path };
    if (this.get(path) !== undefined) return { kind: "file", module: path };
    const reason = this.reason(path);
    return { kind: "noFile", path, ...(reason !== undefined && { reason }) };
  }

  /** The modules that a file imports, each once, in order of text. */
  imported(file: ParsedFile): string[] {
    const found = file.items.flatMap((one) => {
      const resolved = one.kind === "Import" && one.from !== undefined ? this.resolve(file, one.from.value) : undefined;
      return resolved?.kind === "file" ? [resolved.module] : [];
    });
    return [...new Set(found)];
  }

  #of(module: string): Read {
    const known = this.#read.get(module);
    if (known !== undefined) return known;
    const read = this.#load(module);
    this.#read.set(module, read);
    return read;
  }

  #again(module: string): void {
    const before = this.#read.get(module);
    const after = this.#load(module, before);
    const none = before !== undefined && "reason" in before && "reason" in after && before.reason === after.reason;
    this.#read.set(module, none ? before : after);
  }

  #load(module: string, before?: Read): Read {
    let text: string | undefined;
    try {
      const held = this.#held.get(module);
      text =
        held === undefined
          ? isStandard(module)
            ? this.host.readStandard(module)
            : this.host.readFile(module)
          : (held ?? undefined);
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      return { reason: error.message };
    }
    if (text === undefined) return { reason: undefined };
    if (before !== undefined && "file" in before && before.file.source.text === text) return before;
    if (before !== undefined && "file" in before) return { file: before.file.again(text) };
    return { file: new Parsed(module, text, parseText(text)) };
  }
}

class Parsed implements ParsedFile {
  readonly module: string;
  readonly source: SourceFile;
  readonly errors: readonly Diagnostic[];
  readonly problems: readonly Span[];
  readonly damage: Damage;
  readonly surface: string;
  readonly #result: ParseResult;

  constructor(module: string, text: string, result: ParseResult) {
    const { errors } = result;
    this.module = module;
    this.source = sourceFile(module, text);
    this.errors = errors.map((problem) => syntaxDiagnostic(problem, this.source));
    this.problems = errors.map((one) => one.span);
    this.damage = new Damage(text, () => result.file, errors);
    this.surface = surfaceOf(result);
    this.#result = result;
  }

  get syntax(): FileSyntax {
    return this.#result.file;
  }

  get comments(): readonly Comment[] {
    return this.#result.comments;
  }

  get tokens(): readonly Token[] {
    return this.#result.tokens;
  }

  get items(): ParseResult["items"] {
    return this.#result.items;
  }

  get pieces(): readonly Piece[] | undefined {
    return this.#result.pieces;
  }

  again(text: string): ParsedFile {
    return new Parsed(this.module, text, this.#result.again(text));
  }
}

function surfaceOf({ items }: ParseResult): string {
  const names: unknown[] = [];
  const from: unknown[] = [];
  for (const one of items) {
    if (one.kind === "Import") {
      from.push([one.from?.value, one.names.map((name) => (name.alias ?? name.name).text)]);
    } else names.push(one.kind === "Scenario" ? [] : [one.kind, one.name.text]);
  }
  return JSON.stringify([names, from]);
}
