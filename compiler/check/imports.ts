import { converterModules, type ParsedFile, type Sources } from "./sources.ts";

/** How the files of a project import each other. Holds as long as no file comes or goes and all say the same of themselves. */
export class ImportGraph {
  readonly #sources: Sources;
  readonly #roots: readonly string[];
  readonly #imported = new Map<string, readonly string[]>();
  readonly #reached = new Map<string, ReadonlySet<string>>();
  readonly #closures = new Map<string, ReadonlySet<string>>();
  #cycles: ReadonlyMap<string, readonly string[]> | undefined;
  readonly #families = new Map<string, ReadonlySet<string>>();
  #modules: readonly string[] | undefined;
  #bottomUp: readonly string[] | undefined;
  #declaring: ReadonlyMap<string, ReadonlySet<string>> | undefined;

  /** @param roots the files that programs start in */
  constructor(sources: Sources, roots: readonly string[]) {
    this.#sources = sources;
    this.#roots = roots.filter((root) => sources.get(root) !== undefined);
  }

  /** All files, in the order in which they are met. */
  get modules(): readonly string[] {
    this.#modules ??= [...new Set(this.#roots.flatMap((root) => [...this.closure(root)]))];
    return this.#modules;
  }

  /** A file and all that it imports, a level at a time, so that a long chain needs no deep stack. */
  reach(start: string): ReadonlySet<string> {
    const known = this.#reached.get(start);
    if (known !== undefined) return known;
    const found = new Set(this.#sources.get(start) === undefined ? [] : [start]);
    for (const module of found) for (const next of this.imported(module)) found.add(next);
    this.#reached.set(start, found);
    return found;
  }

  /** What a program that starts in a file is made of: what it reaches, and what `~>` may always use. */
  closure(root: string): ReadonlySet<string> {
    const known = this.#closures.get(root);
    if (known !== undefined) return known;
    const found = new Set([root, ...converterModules].flatMap((one) => [...this.reach(one)]));
    this.#closures.set(root, found);
    return found;
  }

  /** The files that import each other in a circle with one; most often that one alone. In the order in which they are met. */
  cycle(module: string): readonly string[] {
    this.#cycles ??= this.#findCycles();
    return this.#cycles.get(module) ?? [module];
  }

  /** Circles of more than one file, by Tarjan's algorithm, with a stack of its own. */
  #findCycles(): ReadonlyMap<string, readonly string[]> {
    const index = new Map<string, number>();
    const low = new Map<string, number>();
    const open: string[] = [];
    const isOpen = new Set<string>();
    const found = new Map<string, readonly string[]>();
    const place = new Map(this.modules.map((module, at) => [module, at]));
    const enter = (module: string): { readonly module: string; at: number } => {
      low.set(module, index.size);
      index.set(module, index.size);
      open.push(module);
      isOpen.add(module);
      return { module, at: 0 };
    };
    const lower = (module: string, to: number): void => void low.set(module, Math.min(low.get(module) ?? to, to));
    for (const start of this.modules) {
      const work = index.has(start) ? [] : [enter(start)];
      for (let top = work.at(-1); top !== undefined; top = work.at(-1)) {
        const { module } = top;
        const next = this.imported(module)[top.at];
        top.at += 1;
        if (next !== undefined) {
          if (!index.has(next)) work.push(enter(next));
          else if (isOpen.has(next)) lower(module, index.get(next) ?? 0);
          continue;
        }
        work.pop();
        const above = work.at(-1);
        if (above !== undefined) lower(above.module, low.get(module) ?? 0);
        if (low.get(module) !== index.get(module)) continue;
        const circle = open.splice(open.lastIndexOf(module));
        for (const one of circle) isOpen.delete(one);
        if (circle.length === 1) continue;
        circle.sort((one, other) => (place.get(one) ?? 0) - (place.get(other) ?? 0));
        for (const one of circle) found.set(one, circle);
      }
    }
    return found;
  }

  /** All files, each behind those that it imports, but for circles. */
  get bottomUp(): readonly string[] {
    return (this.#bottomUp ??= this.#findOrder());
  }

  #findOrder(): readonly string[] {
    const order = new Set<string>();
    const met = new Set<string>();
    for (const root of this.modules) {
      const stack = met.has(root) ? [] : [{ module: root, at: 0 }];
      met.add(root);
      for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
        const next = this.imported(top.module)[top.at];
        top.at += 1;
        if (next === undefined) {
          order.add(top.module);
          stack.pop();
        } else if (!met.has(next)) {
          met.add(next);
          stack.push({ module: next, at: 0 });
        }
      }
    }
    return [...order];
  }

  /** All files of all programs that a file is part of: first what it imports itself, then the others. */
  family(module: string): ReadonlySet<string> {
    const known = this.#families.get(module);
    if (known !== undefined) return known;
    const family = new Set(this.closure(module));
    for (const root of this.#roots) {
      const program = this.closure(root);
      if (program.has(module)) for (const one of program) family.add(one);
    }
    this.#families.set(module, family);
    return family;
  }

  /** The files that declare a name. */
  declaring(name: string): ReadonlySet<string> {
    this.#declaring ??= this.#index();
    return this.#declaring.get(name) ?? new Set();
  }

  imported(module: string): readonly string[] {
    const known = this.#imported.get(module);
    if (known !== undefined) return known;
    const file = this.#sources.get(module);
    const imported = file === undefined ? [] : this.#sources.imported(file);
    this.#imported.set(module, imported);
    return imported;
  }

  #index(): ReadonlyMap<string, ReadonlySet<string>> {
    const index = new Map<string, Set<string>>();
    for (const module of this.modules) {
      for (const name of new Set(declaredNames(this.#sources.get(module)))) {
        const known = index.get(name);
        if (known === undefined) index.set(name, new Set([module]));
        else known.add(module);
      }
    }
    return index;
  }
}

function declaredNames(file: ParsedFile | undefined): string[] {
  return (file?.items ?? []).flatMap((one) =>
    one.kind === "Scenario" || one.kind === "Import" ? [] : [one.name.text],
  );
}
