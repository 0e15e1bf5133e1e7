import type { CheckedProgram } from "../check/checked-program.ts";
import { isStandard } from "../check/program.ts";
import { codesOfAll } from "../check/rules/index.ts";
import type { ParsedFile, Resolved } from "../check/sources.ts";
import { Workspace } from "../check/workspace.ts";
import { findImplementations, implementationsOf } from "../codegen/implementations.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { HostError, type Host } from "../host/host.ts";
import { carriedOver } from "./carried-over.ts";
import type { Analysis } from "./files.ts";
import type { Occurrence } from "./names/meaning.ts";
import { Names } from "./names/names.ts";
import { occurrencesIn } from "./names/occurrences.ts";

/** What is known of a file, and how sure that is. */
export interface FileDiagnostics {
  readonly diagnostics: readonly Diagnostic[];
  /** Of the text as the editor holds it; undefined for a file that is not open. */
  readonly version: number | undefined;
}

interface OpenFile {
  readonly version: number;
  readonly parsed: ParsedFile | undefined;
}

/**
 * The texts of one project while somebody works on them: those of the disk, with those that are open in an editor in their
 * place. It answers however broken they are. Nothing in it waits; `check` is taken a step at a time, so that whoever owns it can
 * look up between two files.
 */
export class LanguageService implements Analysis {
  readonly names: Names;
  readonly #host: Host;
  readonly #workspace: Workspace;
  readonly #open = new Map<string, OpenFile>();
  #standardModules: readonly string[] | undefined;
  /** The programs of open files as they were last checked. */
  readonly #checked = new Map<string, CheckedProgram>();
  /** By file, as long as no text has changed. */
  readonly #occurrences = new Map<string, readonly Occurrence[]>();
  /** The files that the project is made of, open or not. */
  #sources: ReadonlySet<string> = new Set();
  /** What the last check found, by file. */
  #found: ReadonlyMap<string, readonly Diagnostic[]> = new Map();

  constructor(host: Host) {
    this.#host = host;
    this.#workspace = new Workspace(host);
    this.names = new Names(this);
  }

  /** The files that are open, in the order in which they were opened. */
  get open(): readonly string[] {
    return [...this.#open.keys()];
  }

  get modules(): readonly string[] {
    return this.#workspace.files;
  }

  get standardModules(): readonly string[] {
    // They come with the compiler, and stay what they are as long as it runs.
    return (this.#standardModules ??= this.#host.standardModules());
  }

  parsed(path: string): ParsedFile | undefined {
    return this.#workspace.parsed(path);
  }

  resolve(from: ParsedFile, written: string): Resolved {
    return this.#workspace.resolve(from, written);
  }

  siblings(path: string): readonly string[] {
    return this.#workspace.siblings(path);
  }

  occurrences(path: string): readonly Occurrence[] {
    const known = this.#occurrences.get(path);
    if (known !== undefined) return known;
    const file = this.parsed(path);
    const found = file === undefined ? [] : occurrencesIn(file, this.names);
    const inOrder = [...found].toSorted((a, b) => a.span.start - b.span.start);
    this.#occurrences.set(path, inOrder);
    return inOrder;
  }

  program(path: string): CheckedProgram | undefined {
    if (isStandard(path) || this.parsed(path) === undefined) return undefined;
    try {
      return this.#workspace.program(path);
    } catch (error) {
      if (error instanceof HostError) return undefined;
      throw error;
    }
  }

  /** The same as it was when everything was last checked: what needs no more than a guess need not wait. */
  lastProgram(path: string): CheckedProgram | undefined {
    return this.#checked.get(path) ?? this.program(path);
  }

  /** Tells which files the project is made of. What cannot be read is left out, and said by who looked for it. */
  setSources(paths: Iterable<string>): void {
    for (const _ of this.takingSources(paths));
  }

  /** The same a file at a time, for each is read and parsed. */
  *takingSources(paths: Iterable<string>): Generator<undefined, void, undefined> {
    this.#occurrences.clear();
    this.#sources = new Set(paths);
    for (const root of this.#workspace.roots) {
      if (!this.#sources.has(root) && !this.#open.has(root)) this.#workspace.remove(root);
    }
    for (const path of this.#sources) {
      this.#workspace.parsed(path);
      yield;
    }
    for (const path of this.#sources) this.#add(path);
    this.#occurrences.clear();
  }

  /**
   * Takes the text of an editor, when it opens a file and each time that it has changed. It is parsed at once, and nothing is
   * checked.
   */
  hold(path: string, text: string, version: number): void {
    if (isStandard(path)) return;
    this.#occurrences.clear();
    this.#workspace.update(path, text);
    this.#add(path);
    this.#open.set(path, { version, parsed: this.parsed(path) });
  }

  /** The editor has let go of a file: what is on the disk counts again. */
  release(path: string): void {
    if (!this.#open.delete(path)) return;
    this.#occurrences.clear();
    this.#workspace.update(path, undefined);
    if (!this.#sources.has(path)) this.#workspace.remove(path);
  }

  versionOf(path: string): number | undefined {
    return this.#open.get(path)?.version;
  }

  /** Looks again at what is on the disk. @param paths those that may have changed; all when left out */
  reload(paths?: Iterable<string>): void {
    this.#occurrences.clear();
    this.#workspace.reload(paths);
  }

  /**
   * What can be told of a file at once: its problems of syntax, and what was known before, where the text is still the same.
   */
  atOnce(path: string): FileDiagnostics {
    const parsed = this.parsed(path);
    const version = this.versionOf(path);
    if (parsed === undefined) return { diagnostics: [], version };
    const before = this.#found.get(path) ?? [];
    const [first] = before;
    const was = first?.place.source;
    const checked = before.filter((one) => !one.code.startsWith("MESH1"));
    const kept = was === undefined || was === parsed.source ? checked : carriedOver(checked, was, parsed.source);
    const diagnostics = [...parsed.errors, ...kept].toSorted((a, b) => a.place.span.start - b.place.span.start);
    return { diagnostics, version };
  }

  /**
   * The same with what the declarations that have been edited say by themselves: soon known, and true but for what follows from
   * how they get on with others. Undefined where there is nothing to be told before everything has been checked. A step at a time, as of
   * the text that is there at the first.
   */
  *near(path: string): Generator<undefined, FileDiagnostics | undefined, undefined> {
    const parsed = this.parsed(path);
    const version = this.versionOf(path);
    const near = yield* this.#workspace.near(path);
    if (parsed === undefined || near === undefined) return undefined;
    const known = this.#found.get(path) ?? ownOf(this.#workspace.found(path)?.diagnostics ?? []);
    const kept = known.filter((one) => !near.isStale(one));
    const moved = near.before === parsed ? kept : carriedOver(kept, near.before.source, parsed.source);
    const diagnostics = [...near.diagnostics, ...moved].toSorted((a, b) => a.place.span.start - b.place.span.start);
    return { diagnostics, version };
  }

  /**
   * Checks what is not as it should be, a few milliseconds at a time; a change between two steps is taken in.
   * @returns the files, each when more is known of it, and nothing in between
   */
  *check(): Generator<string | undefined, void, undefined> {
    const open = new Set(this.#open.keys());
    for (let next = this.#workspace.step(open); next !== undefined; next = this.#workspace.step(open))
      yield next.module;
  }

  /**
   * What is known of a file while all are checked for the first time: the first name that is wrong, its names and formats, then all but what
   * hangs on other files. Undefined as long as that is nothing. A step at a time, for a text that has changed since is held against what is known of it.
   */
  *early(path: string): Generator<undefined, FileDiagnostics | undefined, undefined> {
    const found = this.#workspace.found(path);
    if (found === undefined) return undefined;
    if (found.parsed !== this.parsed(path)) return yield* this.near(path);
    return { diagnostics: ownOf(found.diagnostics), version: this.versionOf(path) };
  }

  /** Lets go of what is known of files that are not open, beyond what is told of them, a step at a time. */
  *resting(): Generator<undefined, void, undefined> {
    yield* this.#workspace.resting(new Set(this.#open.keys()));
  }

  /** What is wrong in each file, the standard library aside, once everything has been checked. */
  diagnostics(): ReadonlyMap<string, FileDiagnostics> {
    const paths = this.modules.filter((path) => !isStandard(path));
    const found = new Map<string, Diagnostic[]>(paths.map((path) => [path, []]));
    for (const one of this.#workspace.diagnostics()) found.get(one.place.source.path)?.push(one);
    this.#found = found;
    this.#checked.clear();
    for (const path of this.#open.keys()) {
      const program = this.program(path);
      if (program !== undefined) this.#checked.set(path, program);
    }
    return new Map(paths.map((path) => [path, this.#diagnosticsOf(path)]));
  }

  /** What can be said of the code that a file declares without reading more than its text. */
  code(path: string): { readonly isThere: boolean; readonly problems: readonly Diagnostic[] } {
    const root = isStandard(path) ? undefined : this.lastProgram(path)?.program.root;
    if (root === undefined || implementationsOf(root).length === 0) return { isThere: false, problems: [] };
    const problems = findImplementations([root], this.#host);
    return { isThere: problems.length === 0, problems };
  }

  #diagnosticsOf(path: string): FileDiagnostics {
    return { diagnostics: this.#found.get(path) ?? [], version: this.versionOf(path) };
  }

  #add(path: string): void {
    try {
      this.#workspace.add(path);
    } catch (error) {
      // It may have gone since somebody looked.
      if (!(error instanceof HostError)) throw error;
    }
  }
}

/** Without what hangs on other files. */
function ownOf(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  return diagnostics.filter(({ code }) => !codesOfAll.has(code));
}
