import { LinkedFile } from "./load.ts";
import type { ImportGraph } from "./imports.ts";
import type { DeclarationSymbol, Program } from "./program.ts";
import type { Reporter } from "./reporter.ts";
import type { Sources } from "./sources.ts";

/**
 * What was looked at beyond the declarations that are imported, one after another: the peers of all programs that the
 * file is part of, what those run, what all files declare, whether they can be read, and where they use what this one declares.
 */
export type Consulted = "peers" | "runs" | "names" | "syntax" | "uses";

/** A project as one of its files sees it. Other files are bound when something in them is asked for. */
export class View {
  readonly root: LinkedFile;
  readonly consulted = new Set<Consulted>();
  readonly #graph: ImportGraph;
  readonly sources: Sources;
  readonly #reporter: Reporter;
  readonly #module: string;
  readonly #symbols = new Map<string, DeclarationSymbol>();
  readonly #files = new Map<string, LinkedFile>();

  /** @param root the module of a file that is there */
  constructor(root: string, sources: Sources, graph: ImportGraph, reporter: Reporter) {
    this.sources = sources;
    this.#graph = graph;
    this.#reporter = reporter;
    this.#module = root;
    const file = this.file(root);
    if (file === undefined) throw new RangeError(`there is no file ${root}`);
    this.root = file;
  }

  file(module: string): LinkedFile | undefined {
    const known = this.#files.get(module);
    if (known !== undefined) return known;
    const parsed = this.sources.get(module);
    if (parsed === undefined) return undefined;
    const file = new LinkedFile(parsed, {
      sources: this.sources,
      reporter: this.#reporter,
      file: (other) => this.file(other),
      keyOf: (name, of) => keyOf(name, of, this.#module, this.#graph),
    });
    this.#files.set(module, file);
    for (const symbol of file.declarations.values()) this.#symbols.set(symbol.key, symbol);
    return file;
  }

  /** A declaration of a file that is bound, by its key. */
  symbol(key: string): DeclarationSymbol | undefined {
    return this.#symbols.get(key);
  }

  /** The files that import each other in a circle with the root, the root among them. */
  get cycle(): readonly LinkedFile[] {
    return this.#filesOf(this.#graph.cycle(this.root.module));
  }

  /** The root and all that it imports, in the order in which they are met. */
  program(): Program {
    const files = this.#filesOf(this.#graph.closure(this.root.module));
    return { files: new Map(files.map((file) => [file.module, file])), root: this.root };
  }

  /** All files of all programs that the root is part of. */
  family(what: Consulted): readonly LinkedFile[] {
    this.consulted.add(what);
    return this.#filesOf(this.#graph.family(this.root.module));
  }

  #filesOf(modules: Iterable<string>): LinkedFile[] {
    return [...modules].flatMap((module) => this.file(module) ?? []);
  }
}

/**
 * What a declaration is called in the program that starts in a file: its name, with its module where a file that is met
 * before declares the same.
 */
export function keyOf(name: string, module: string, root: string, graph: ImportGraph): string {
  const all = graph.declaring(name);
  if (all.size <= 1 || module === root) return name;
  // Most often it is the file itself that declares the same.
  if (all.has(root)) return `${name} (${module})`;
  for (const one of graph.family(root)) if (all.has(one)) return one === module ? name : `${name} (${module})`;
  return name;
}
