import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { HostError, type Host } from "../host/host.ts";
import { CheckedProgram } from "./checked-program.ts";
import { Checker } from "./checker.ts";
import { ImportGraph } from "./imports.ts";
import { Reporter } from "./reporter.ts";
import { checkNear, type Near } from "./near.ts";
import { Sources, type ParsedFile, type Resolved } from "./sources.ts";
import { Unit, type Project } from "./unit.ts";
import { View } from "./view.ts";

/**
 * The programs of a project, checked a file at a time. After a change only that is checked again which rests on what has
 * changed: the file itself, and files that rest on what others see of it. The result is always that of checking everything
 * anew.
 */
export class Workspace {
  readonly #roots = new Set<string>();
  #units: ReadonlyMap<string, Unit> = new Map();
  /** What the units were last found to be right for. */
  #project: Project | undefined;
  #sources: Sources;
  #graph: ImportGraph | undefined;
  /** Nothing has changed since everything was found to be as it should be. */
  #fresh = false;
  /** How often something has changed, and how often it had when the check began that is under way. */
  #changes = 0;
  #begunAt = 0;
  /** The check that is under way, a file at a time. */
  #checking: Generator<string | undefined, void, undefined> | undefined;
  #checked: readonly string[] = [];
  /** What is wrong in a file that is being checked for the first time, as far as that is known. */
  #soFar: { readonly parsed: ParsedFile; readonly diagnostics: () => readonly Diagnostic[] } | undefined;

  constructor(host: Host) {
    this.#sources = new Sources(host);
  }

  /** The files that programs start in, in the order in which they were added. */
  get roots(): readonly string[] {
    return [...this.#roots];
  }

  /** The files that the last change made it check again, in the order in which that was done. */
  get checked(): readonly string[] {
    this.#refresh();
    return this.#checked;
  }

  /** All files of all programs, those of the standard library included, in the order in which they are met. */
  get files(): readonly string[] {
    return this.#imports.modules;
  }

  /**
   * Makes a file one that a program starts in. Diagnostics are those of all such files and of all that they import.
   * @throws {HostError} when it cannot be read
   */
  add(path: string): void {
    if (this.#sources.get(path) === undefined) {
      throw new HostError(this.#sources.reason(path) ?? `There is no file \`${path}\`.`);
    }
    if (this.#roots.has(path)) return;
    this.#roots.add(path);
    this.#graph = undefined;
    this.#stale();
  }

  /** Lets go of a file that programs started in; it may still be part of others. */
  remove(path: string): void {
    if (!this.#roots.delete(path)) return;
    this.#graph = undefined;
    this.#stale();
  }

  /**
   * Takes a text in place of what is on the disk, as an editor holds it.
   * @param text null when the file is gone, undefined to go back to what is on the disk
   */
  update(path: string, text: string | null | undefined): void {
    this.#change(this.#sources.holding(path, text));
  }

  /** Looks again at what is on the disk. @param paths those that may have changed; all when left out */
  reload(paths?: Iterable<string>): void {
    this.#change(this.#sources.reloaded(paths));
  }

  /** Works out ahead of the first change what it will be held against, which takes about a third of the time of a check. */
  prepare(): void {
    this.#refresh();
    const project = this.#project;
    if (project !== undefined) for (const unit of this.#units.values()) unit.prepare(project);
  }

  /**
   * Lets go of the work behind files that nobody looks into, a file at a time, where everything is as it should be: what it takes to tell
   * whether they are to be checked again is worked out, as by `prepare`.
   * @param open those that somebody looks into
   */
  *resting(open: ReadonlySet<string>): Generator<undefined, void, undefined> {
    const project = this.#fresh ? this.#project : undefined;
    if (project === undefined) return;
    for (const [module, unit] of this.#units) {
      if (open.has(module) || unit.checker === undefined) continue;
      unit.seal(project);
      yield;
      // What it rests on can only be told as long as nothing has changed.
      if (!this.#fresh) return;
    }
  }

  /**
   * What is wrong, in order of file and place.
   * @param path one file; all files of all programs when left out
   */
  diagnostics(path?: string): readonly Diagnostic[] {
    this.#refresh();
    const modules = path === undefined ? this.#imports.modules : [path];
    return this.#diagnosticsOf(modules);
  }

  /**
   * The program that starts in a file, with all that is known of it. It stays what it is when texts change.
   * @throws {HostError} when the file cannot be read
   */
  program(path: string): CheckedProgram {
    this.add(path);
    const closure = [...this.#imports.closure(path)];
    if (!this.#isReady(closure)) this.#refresh();
    return new CheckedProgram(this.#checkerOf(path, closure), this.#diagnosticsOf(closure));
  }

  /** A file as its text stands now, parsed and nothing more; undefined where there is none or it cannot be read. */
  parsed(path: string): ParsedFile | undefined {
    return this.#sources.get(path);
  }

  /** Where what a file imports leads. Nothing is checked for that. */
  resolve(from: ParsedFile, written: string): Resolved {
    return this.#sources.resolve(from, written);
  }

  /** Files and folders beside a path, those that are only held among them. */
  siblings(path: string): readonly string[] {
    return this.#sources.siblings(path);
  }

  /**
   * Checks some more, a few milliseconds at a time, for those who have to look up now and then. A change in between is taken
   * in with the next step.
   * @param open files that somebody looks into: as long as nothing is known of any file, those come first
   * @returns undefined once everything is as it should be; else the file of which more is known than before, where that is so
   */
  step(open?: ReadonlySet<string>): { readonly module: string | undefined } | undefined {
    return this.#next(open);
  }

  /**
   * What is known to be wrong in a file while everything is checked for the first time, and in which text of it; undefined as long as that is
   * nothing.
   */
  found(path: string): { readonly parsed: ParsedFile; readonly diagnostics: readonly Diagnostic[] } | undefined {
    const soFar = this.#soFar;
    if (soFar?.parsed.module === path) return { parsed: soFar.parsed, diagnostics: soFar.diagnostics() };
    return this.#units.get(path);
  }

  /**
   * What can be told of an edit of a file before everything is checked again, a step at a time; undefined where that is nothing. It is
   * about the text as it is now, whatever comes in between.
   */
  *near(path: string): Generator<undefined, Near | undefined, undefined> {
    const parsed = this.#sources.get(path);
    const unit = this.#units.get(path);
    if (parsed === undefined || unit === undefined) return undefined;
    return yield* checkNear(parsed, unit, this.#sources, this.#imports);
  }

  /**
   * The files that programs start in, each as soon as its program is checked: who asks for that program at once has it
   * before the others are.
   */
  *programs(): Generator<string> {
    const waiting = new Set(this.#roots);
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      const { module } = next;
      if (module === undefined) continue;
      // Files that import each other in a circle have to wait for the last of them.
      if (!waiting.has(module) || !this.#isReady(this.#imports.closure(module))) continue;
      waiting.delete(module);
      yield module;
    }
    yield* waiting;
  }

  /** Some files and all that they import have been checked. */
  #isReady(modules: Iterable<string>): boolean {
    if (this.#fresh || this.#project !== undefined) return this.#fresh;
    if (this.#begunAt !== this.#changes) return false;
    return [...modules].every((one) => this.#units.has(one) || this.#sources.get(one) === undefined);
  }

  /**
   * The same of one program, without what else is known of it.
   * @param path a file that programs start in
   */
  checkedProgram(path: string): { readonly files: readonly string[]; readonly diagnostics: readonly Diagnostic[] } {
    this.#refresh();
    const files = [...this.#imports.closure(path)];
    return { files, diagnostics: this.#diagnosticsOf(files) };
  }

  /** The work behind the unit of a file, or the same work on what other files have become. */
  #checkerOf(path: string, closure: readonly string[]): Checker {
    const known = this.#units.get(path)?.checker;
    const { view } = known ?? {};
    if (known !== undefined && closure.every((one) => view?.sources.get(one) === this.#sources.get(one))) return known;
    const reporter = new Reporter();
    const checker = new Checker(new View(path, this.#sources, this.#imports, reporter), reporter);
    checker.solve();
    return checker;
  }

  get #imports(): ImportGraph {
    return (this.#graph ??= new ImportGraph(this.#sources, this.roots));
  }

  #change(sources: Sources): void {
    if (!sources.isAlike(this.#sources)) this.#graph = undefined;
    this.#sources = sources;
    this.#stale();
  }

  /** What is checked for the first time goes on with the texts as they were: somebody who types would begin it again with each letter. */
  #stale(): void {
    this.#fresh = false;
    this.#changes += 1;
    if (this.#project !== undefined) this.#checking = undefined;
  }

  /** Checks what is not as it should be, until everything is. */
  #refresh(): void {
    while (this.#next() !== undefined);
  }

  /** Checks some more. @returns undefined once everything is as it should be; else the file of which more is known, where one is */
  #next(open?: ReadonlySet<string>): { readonly module: string | undefined } | undefined {
    while (!this.#fresh) {
      this.#checking ??= this.#check(open);
      const { value, done } = this.#checking.next();
      if (done !== true) return { module: value };
      this.#checking = undefined;
    }
    return undefined;
  }

  /** @returns the files, each when it has been checked, for the first time also when more is known of it before, and nothing in between */
  *#check(open: ReadonlySet<string> = new Set()): Generator<string | undefined, void, undefined> {
    const before = this.#project;
    this.#begunAt = this.#changes;
    const sources = this.#sources;
    const graph = this.#imports;
    const checked = new Map<string, Unit>();
    const project: Project = { sources, graph, unit: (module) => checked.get(module) ?? this.#units.get(module) };
    // Whoever has nothing yet may look at what is there while the rest is still being checked.
    const isFirst = before === undefined;
    const changed = new Set(graph.modules.filter((module) => before?.sources.get(module) !== sources.get(module)));
    if (isFirst) this.#units = checked;
    // What a file rests on is worked out when it is asked for, so that none has to wait for those that it imports.
    const order = isFirst
      ? graph.bottomUp.toSorted((a, b) => Number(open.has(b)) - Number(open.has(a)))
      : graph.bottomUp;
    // What is imported comes first. A file may also look at those that import it: then another round finds that out.
    for (let count = -1; checked.size > count;) {
      count = checked.size;
      for (const module of order) {
        const parsed = sources.get(module);
        if (parsed === undefined || checked.has(module)) continue;
        if (before !== undefined && this.#units.get(module)?.isCurrent(project, before, changed) === true) continue;
        const work = Unit.check(parsed, project);
        let step = work.next();
        for (; step.done !== true; step = work.next()) {
          if (step.value !== undefined && isFirst) this.#soFar = { parsed, diagnostics: step.value };
          yield step.value !== undefined && isFirst ? module : undefined;
        }
        this.#soFar = undefined;
        checked.set(module, step.value);
        changed.add(module);
        yield module;
      }
      if (isFirst) break;
    }
    const known = new Set(graph.modules);
    const kept = [...this.#units].filter(([module]) => known.has(module));
    this.#units = new Map([...kept, ...checked]);
    this.#project = projectOf(sources, graph, this.#units);
    this.#checked = [...checked.keys()];
    this.#fresh = this.#changes === this.#begunAt;
  }

  #diagnosticsOf(modules: readonly string[]): Diagnostic[] {
    const all = new Map(modules.map((module) => [module, [...(this.#units.get(module)?.diagnostics ?? [])]]));
    for (const module of modules) {
      for (const one of this.#units.get(module)?.elsewhere ?? []) {
        const there = all.get(one.place.source.path);
        if (there === undefined || there.some((other) => isSame(one, other))) continue;
        there.push(one);
        there.sort((a, b) => a.place.span.start - b.place.span.start);
      }
    }
    return [...all.values()].flat();
  }
}

/** Made where nothing else is in sight: what a project keeps in its closure must not be the project before it. */
function projectOf(sources: Sources, graph: ImportGraph, units: ReadonlyMap<string, Unit>): Project {
  return { sources, graph, unit: (module) => units.get(module) };
}

/** The same mistake, found from two sides. */
function isSame(a: Diagnostic, b: Diagnostic): boolean {
  return a.code === b.code && a.place.span.start === b.place.span.start && a.place.span.end === b.place.span.end;
}
