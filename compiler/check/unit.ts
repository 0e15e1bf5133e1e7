import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { Place, SourceFile } from "../source/source-file.ts";
import { Checker } from "./checker.ts";
import { Exports, exportId, wrongIn, type Export, type ExportId } from "./exports.ts";
import type { ImportGraph } from "./imports.ts";
import { Reporter } from "./reporter.ts";
import type { ParsedFile, Sources } from "./sources.ts";
import { keyOf, View } from "./view.ts";

/** What came of checking one file. */
export class Unit {
  readonly parsed: ParsedFile;
  /** What is wrong in the file, in order of place. */
  readonly diagnostics: readonly Diagnostic[];
  /** What is wrong in other files, and known here alone. */
  readonly elsewhere: readonly Diagnostic[];
  /** What others see of the file. */
  readonly exports: Exports;
  /** The work behind it, as long as somebody may look into it. */
  #checker: Checker | undefined;
  /** By the file that each is about. */
  #inputs: ReadonlyMap<string, readonly Input[]> | undefined;
  /** How files imported each other when it was last found to be as it should be. */
  #graph: ImportGraph;

  /**
   * Checks a file, a step at a time: in the same way whether everything is checked or only what has changed.
   * @returns what is wrong as far as it is known: when it is the first, and where names and formats are known and only the rules have not been asked
   */
  static *check(
    parsed: ParsedFile,
    { sources, graph }: Pick<Project, "sources" | "graph">,
  ): Generator<(() => readonly Diagnostic[]) | undefined, Unit, undefined> {
    const reporter = new Reporter();
    const checker = new Checker(new View(parsed.module, sources, graph, reporter), reporter);
    const known = (): readonly Diagnostic[] => reporter.inOrder([parsed.source]);
    let isFirst = true;
    for (const _ of checker.solving()) {
      const isNews = isFirst && reporter.hasMoreThanSyntax(parsed.source);
      if (isNews) isFirst = false;
      yield isNews ? known : undefined;
    }
    const wrong = wrongIn(checker);
    yield known;
    yield* checker.judging();
    return new Unit(parsed, checker, graph, wrong);
  }

  private constructor(parsed: ParsedFile, checker: Checker, graph: ImportGraph, wrong: ReturnType<typeof wrongIn>) {
    this.parsed = parsed;
    this.#checker = checker;
    this.exports = new Exports(checker, parsed, wrong);
    this.diagnostics = checker.reporter.inOrder([parsed.source]);
    this.elsewhere = checker.elsewhere.inOrder(checker.elsewhere.sources());
    this.#graph = graph;
  }

  get checker(): Checker | undefined {
    return this.#checker;
  }

  /** Works out what it rests on, while that is as it was when the file was checked. */
  prepare(project: Project): void {
    if (this.#inputs !== undefined || this.#checker === undefined) return;
    this.#inputs = new InputFinder(this, this.#checker, project).find();
  }

  /** Lets go of the work behind it, once all that others ask of it is worked out: most of what a file takes in memory. */
  seal(project: Project): void {
    this.prepare(project);
    this.exports.finish();
    this.#checker = undefined;
  }

  /**
   * True when nothing has changed that the result rests on.
   * @param before what it was last found to be right for
   * @param changed the files that are not what they were then, or have been checked again since
   */
  isCurrent(project: Project, before: Project, changed: ReadonlySet<string>): boolean {
    this.prepare(before);
    const { module } = this.parsed;
    if (this.parsed !== project.sources.get(module)) return false;
    const inputs = this.#inputs ?? new Map<string, readonly Input[]>();
    const isAsItWas = (one: Input): boolean => one.now(project) === one.was;
    if (this.#graph === project.graph) {
      for (const one of changed) {
        if (inputs.get(one)?.every((input) => input.structural || isAsItWas(input)) === false) return false;
      }
      return true;
    }
    for (const about of inputs.values()) if (!about.every(isAsItWas)) return false;
    this.#graph = project.graph;
    return true;
  }
}

/** One thing that a result rests on, with what it was. */
interface Input {
  readonly was: unknown;
  /** It follows from which files there are and what they say of themselves on their surface. */
  readonly structural: boolean;
  /** What it is now. */
  now(project: Project): unknown;
}

/** What units are checked with. */
export interface Project {
  readonly sources: Sources;
  readonly graph: ImportGraph;
  /** The unit of a file as it was last checked. */
  unit(module: string): Unit | undefined;
}

/**
 * What a result may rest on. Each is made where nothing else is in sight: what an input keeps must not be the project that it was found
 * in.
 */
const now = {
  text:
    (module: string) =>
    ({ sources }: Project): unknown =>
      sources.get(module),
  surface:
    (module: string) =>
    ({ sources }: Project): unknown =>
      sources.get(module)?.surface,
  hasProblems:
    (module: string) =>
    ({ sources }: Project): unknown =>
      (sources.get(module)?.problems.length ?? 0) > 0,
  peers:
    (module: string) =>
    ({ sources }: Project): unknown =>
      peersOf(sources.get(module)).join(" "),
  exported:
    (module: string, name: string) =>
    ({ unit }: Project): unknown =>
      unit(module)?.exports.get(name)?.text,
  /** What an export of a file is called in the program that starts in another. */
  key:
    (module: string, name: string, root: string) =>
    ({ graph }: Project): unknown =>
      keyOf(name, module, root, graph),
  cycle:
    (module: string) =>
    ({ graph }: Project): unknown =>
      graph.cycle(module).join(" "),
  family:
    (module: string) =>
    ({ graph }: Project): unknown =>
      [...graph.family(module)].join(" "),
  resolved:
    (from: ParsedFile, written: string) =>
    ({ sources }: Project): unknown => {
      const resolved = sources.resolve(from, written);
      const near = resolved.kind === "noFile" || resolved.kind === "notMesh" ? sources.siblings(resolved.path) : [];
      return JSON.stringify([resolved, near]);
    },
};

/** Finds what the result of a check rests on, beside the text of the file itself. */
class InputFinder {
  readonly #unit: Unit;
  readonly #checker: Checker;
  readonly #project: Project;
  readonly #module: string;
  readonly #inputs = new Map<string, Input[]>();

  constructor(unit: Unit, checker: Checker, project: Project) {
    this.#unit = unit;
    this.#checker = checker;
    this.#project = project;
    this.#module = unit.parsed.module;
  }

  find(): ReadonlyMap<string, readonly Input[]> {
    const { consulted } = this.#checker.view;
    const { graph } = this.#project;
    const module = this.#module;
    this.#imports();
    for (const id of this.#reached(this.#imported())) this.#export(id);
    for (const one of converterTexts(graph, module)) this.#text(one);
    const cycle = graph.cycle(module);
    this.#add(module, now.cycle(module), true);
    // Files that import each other in a circle are checked together.
    if (cycle.length > 1) for (const one of cycle) this.#text(one);
    if (consulted.size > 0) this.#family();
    this.#places();
    return this.#inputs;
  }

  /** @param about the file whose change may change it; for what is structural, any */
  #add(about: string, now: Input["now"], structural = false): void {
    const input: Input = { was: now(this.#project), now, structural };
    const known = this.#inputs.get(about);
    if (known === undefined) this.#inputs.set(about, [input]);
    else known.push(input);
  }

  #text(module: string): void {
    this.#add(module, now.text(module));
  }

  #surface(module: string): void {
    this.#add(module, now.surface(module), true);
    // What could not be read may declare or use whatever is missing.
    this.#add(module, now.hasProblems(module));
  }

  /** An export of another file, and what it is called here. */
  #export(id: ExportId): void {
    const [module = "", name = ""] = id.split("#");
    this.#add(module, now.exported(module, name));
    this.#add(module, now.key(module, name, this.#module), true);
  }

  /** Where the imports lead, and what stands where they lead to nothing. */
  #imports(): void {
    const { parsed } = this.#unit;
    const { lost } = this.#checker.view.root;
    for (const { from, names } of parsed.syntax.imports) {
      if (from === undefined) continue;
      this.#add(this.#module, now.resolved(parsed, from.value), true);
      const resolved = this.#project.sources.resolve(parsed, from.value);
      if (resolved.kind !== "file") continue;
      if (names.some((one) => lost.has((one.alias ?? one.name).text))) this.#surface(resolved.module);
    }
  }

  #imported(): ExportId[] {
    const { imports } = this.#checker.view.root;
    return [...imports.values()].map(({ symbol }) => exportId(symbol.file.module, symbol.name));
  }

  /** Some exports and all that they are made of, but for those of the file itself. */
  #reached(from: readonly ExportId[]): ReadonlySet<ExportId> {
    const found = new Set(from);
    for (const id of found) {
      const [module = "", name = ""] = id.split("#");
      for (const next of this.#exportOf(module, name)?.refers ?? []) found.add(next);
    }
    for (const id of found) if (id.startsWith(`${this.#module}#`)) found.delete(id);
    return found;
  }

  #exportOf(module: string, name: string): Export | undefined {
    const unit = module === this.#module ? this.#unit : this.#project.unit(module);
    return unit?.exports.get(name);
  }

  /** What was looked at in all programs that the file is part of. */
  #family(): void {
    const { consulted } = this.#checker.view;
    const { graph, sources } = this.#project;
    const module = this.#module;
    const family = [...graph.family(module)];
    this.#add(module, now.family(module), true);
    if (consulted.has("names") || consulted.has("uses")) for (const one of family) this.#surface(one);
    if (consulted.has("uses")) {
      for (const one of family) if (one !== module && graph.imported(one).includes(module)) this.#text(one);
    }
    if (consulted.has("syntax")) {
      for (const one of family) this.#add(one, now.hasProblems(one));
    }
    if (!consulted.has("peers")) return;
    const peers = family.flatMap((one) => peersOf(sources.get(one)).map((name) => exportId(one, name)));
    for (const one of family) this.#add(one, now.peers(one), true);
    for (const id of consulted.has("runs") ? this.#reached(peers) : peers) this.#export(id);
  }

  /** What is told here of places in other files is only true of them as they are. */
  #places(): void {
    const found = new Set<SourceFile>();
    for (const one of [...this.#unit.diagnostics, ...this.#unit.elsewhere]) {
      for (const { source } of placesOf(one)) if (source !== this.#unit.parsed.source) found.add(source);
    }
    for (const { path } of found) this.#text(path);
  }
}

function converterTexts(graph: ImportGraph, module: string): string[] {
  return [...graph.closure(module)].filter((one) => one.startsWith("std/"));
}

function peersOf(parsed: ParsedFile | undefined): string[] {
  return (parsed?.items ?? []).flatMap((one) => (one.kind === "Peer" ? [one.name.text] : []));
}

function placesOf({ place, related, fixes }: Diagnostic): Place[] {
  return [place, ...related.map((one) => one.place), ...fixes.flatMap((fix) => fix.edits.map((edit) => edit.place))];
}
