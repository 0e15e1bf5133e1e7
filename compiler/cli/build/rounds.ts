import { dirname, resolve } from "node:path";
import { statSync } from "node:fs";
import { implementationsOf } from "../../codegen/implementations.ts";
import { isStandard } from "../../check/program.ts";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { HostError } from "../../host/host.ts";
import { countOf, printDiagnostics, type CompiledFile } from "../compile-file.ts";
import { exitCode, type ExitCode } from "../exit-code.ts";
import type { Io } from "../io.ts";
import { report } from "../report.ts";
import { findSources, shownPath } from "../sources.ts";
import { Workspaces } from "../workspaces.ts";
import type { OutputLayout } from "./layout.ts";
import type { Printing } from "./printing.ts";
import { Builder, layoutOf, type BuiltProgram } from "./builder.ts";
import type { BuiltNow } from "./built-before.ts";
import { reachableFrom } from "./code-files.ts";
import type { BuildSettings } from "./settings.ts";

type Compiled = CompiledFile & { readonly file: string };

/** A program that is being written. */
interface Writing {
  readonly file: string;
  readonly builder: Builder;
  readonly program: Promise<BuiltProgram>;
}

/** Where the outputs of one of the settings go. */
interface BuilderLayout {
  readonly builder: Builder;
  readonly layout: OutputLayout;
}

/** What came of one round. */
export interface Round {
  readonly programs: number;
  /** Absolute paths of the files that hold something else than before. */
  readonly written: readonly string[];
  /** What was built, so that its code can be verified. */
  readonly built: readonly (readonly [Builder, BuiltProgram])[];
}

/** Builds programs, and again those that a change touches. */
export class Rounds {
  readonly #io: Io;
  readonly #settings: BuildSettings;
  readonly #builders: readonly { readonly builder: Builder; readonly out: string | undefined }[];
  readonly #programs = new Map<string, Compiled>();
  readonly #workspaces: Workspaces;
  /** All that are programs, absolute: in the order in which they are told of. */
  #files: readonly string[] = [];
  /** What has been told in this round: a file that two programs import is told about once. */
  #told = new Set<string>();
  #failed = false;
  #unreadable = false;
  /** Something was said of a program, be it a warning, which the next build has to say again. */
  #hasSpoken = false;

  readonly #printing: Printing;

  constructor(settings: BuildSettings, printing: Printing, io: Io) {
    this.#printing = printing;
    this.#io = io;
    this.#settings = settings;
    this.#workspaces = new Workspaces(io);
    const { warningsAsErrors } = settings;
    this.#builders = settings.outputs.map((output) => ({
      builder: new Builder(io, printing, { ...output, warningsAsErrors }),
      out: output.out,
    }));
  }

  /** How the last round went. */
  get exitCode(): ExitCode {
    if (this.#unreadable) return exitCode.environment;
    return this.#failed ? exitCode.programErrors : exitCode.fine;
  }

  /** Loads what writing needs, so that the first change that is watched for does not wait for it. */
  async prepare(): Promise<void> {
    await this.#printing.prepare();
  }

  /**
   * Finds the sources and writes what has changed.
   * @param touched only programs that read one of these files; all of them where it is left out
   * @throws {CommandError} when a source does not exist; {HostError} when a file cannot be written
   */
  async build(touched?: ReadonlySet<string>): Promise<Round> {
    this.#told = new Set();
    this.#failed = false;
    this.#unreadable = false;
    this.#hasSpoken = false;
    const compiled: Compiled[] = [];
    const writing: Writing[] = [];
    // All programs are known once the first is compiled.
    let layouts: readonly BuilderLayout[] | undefined;
    for (const one of this.#compile(findSources(this.#settings.sources, this.#io.cwd), touched)) {
      compiled.push(one);
      layouts ??= this.#layouts();
      for (const { builder, layout } of layouts) {
        const program = builder.write(one, layout);
        // What goes wrong is told below, in order.
        program.catch(ignore);
        writing.push({ file: one.file, builder, program });
      }
    }
    const order = new Map(this.#files.map((file, index) => [file, index]));
    const inOrder = <T extends { readonly file: string }>(list: readonly T[]): T[] =>
      list.toSorted((one, other) => (order.get(one.file) ?? 0) - (order.get(other.file) ?? 0));
    for (const one of inOrder(compiled)) this.#tell(one, one.diagnostics);
    const { written, built } = await this.#written(inOrder(writing));
    return { programs: new Set(built.map(([, { file }]) => file)).size, written, built };
  }

  /** Waits for what is being written, and tells it. */
  async #written(writing: readonly Writing[]): Promise<Pick<Round, "written" | "built">> {
    // Where one cannot be written, the others are still written whole before anything ends.
    await Promise.allSettled(writing.map(({ program }) => program));
    const written: string[] = [];
    const built: [Builder, BuiltProgram][] = [];
    const said = new Set<string>();
    for (const { builder, program } of writing) {
      const one = await program;
      if (one.outputs === undefined) {
        if (!said.has(one.file)) this.#sayRefused({ ...one.compiled, file: one.file });
        said.add(one.file);
        continue;
      }
      for (const path of one.written) this.#io.out.write(`wrote ${shownPath(path, this.#io.cwd)}\n`);
      written.push(...one.written);
      built.push([builder, one]);
    }
    return { written, built };
  }

  /** Where the outputs of each of the settings go, now that all programs are known. */
  #layouts(): BuilderLayout[] {
    const roots = rootsOf(this.#settings.sources, this.#io.cwd);
    return this.#builders.map(({ builder, out }) => ({ builder, layout: layoutOf(this.#files, roots, out) }));
  }

  /**
   * Says what is wrong with the code of the nodes of what was built.
   * @param goesOn asked before each program, for TypeScript takes its time with each
   * @returns what has not been verified, because something else was to be done
   */
  async verify(built: Round["built"], goesOn: () => Promise<boolean> = always): Promise<Round["built"]> {
    for (const [index, [builder, program]] of built.entries()) {
      if (!(await goesOn())) return built.slice(index);
      this.#tell(program.compiled, await builder.verify(program));
    }
    return [];
  }

  /** What a whole build has read and written; undefined where there was anything to say of it. */
  withoutFault({ built }: Round): BuiltNow | undefined {
    if (this.#failed || this.#unreadable || this.#hasSpoken) return undefined;
    const sources = new Set<string>();
    const texts = new Map<string, string>();
    const code = new Set<string>();
    for (const { project, program } of this.#programs.values()) {
      for (const one of program.files.values()) {
        const path = isStandard(one.module) ? one.module : resolve(project.root, one.source.path);
        sources.add(path);
        if (!isStandard(one.module)) texts.set(path, one.source.text);
      }
      for (const { path } of implementationsOf(program.root)) code.add(resolve(project.root, path));
    }
    const outputs = built.flatMap(([, { files }]) => files);
    return { programs: this.#programs.size, sources: [...sources], texts, code: [...code], outputs };
  }

  /** Every file that a change of would make another round worth it, absolute. */
  read(): Set<string> {
    const files = new Set<string>();
    for (const { project, program, file } of this.#programs.values()) {
      files.add(file);
      for (const one of program.files.values()) {
        if (!isStandard(one.module)) files.add(resolve(project.root, one.source.path));
      }
      for (const { path } of implementationsOf(program.root)) {
        for (const code of reachableFrom(resolve(project.root, path)).keys()) files.add(code);
      }
    }
    return files;
  }

  /**
   * Compiles what has changed of files and of all `.mesh` files of their projects that they import, each as a program of
   * its own: the module of one imports the modules of the others. What is compiled can be written while the rest is checked.
   */
  *#compile(files: readonly string[], touched: ReadonlySet<string> | undefined): Generator<Compiled> {
    const workspaces = this.#workspaces;
    workspaces.renew(files, touched);
    const programs = new Set(files.filter((file) => this.#reads(file)));
    for (const file of workspaces.files()) if (this.#reads(file)) programs.add(file);
    this.#files = [...programs];
    // What is not imported any more is a program no more.
    for (const file of this.#programs.keys()) if (!programs.has(file)) this.#programs.delete(file);
    for (const file of workspaces.programs()) {
      const known = this.#programs.get(file);
      // What is wrong in a file may come of another one that it does not import.
      const isFresh = touched === undefined || known === undefined || isTouched(known, touched);
      if (!isFresh && !workspaces.checked().includes(file)) continue;
      const compiled = { ...workspaces.compile(file), file };
      this.#programs.set(file, compiled);
      yield compiled;
    }
  }

  /** Takes a file as a program; the others are still worth building where it cannot be read. */
  #reads(file: string): boolean {
    try {
      this.#workspaces.add(file);
      return true;
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      report(error, this.#io);
      this.#unreadable = true;
      return false;
    }
  }

  #tell({ project }: CompiledFile, diagnostics: readonly Diagnostic[]): void {
    const fresh = diagnostics.filter((one) => {
      const { source, span } = one.place;
      const key = JSON.stringify([project.root, source.path, span.start, one.code, one.message]);
      return !this.#told.has(key) && this.#told.add(key);
    });
    if (diagnostics.length > 0) this.#hasSpoken = true;
    printDiagnostics(fresh, project, this.#io.err);
    const refused = this.#settings.warningsAsErrors ? ["error", "warning"] : ["error"];
    if (diagnostics.some((one) => refused.includes(one.severity))) this.#failed = true;
  }

  #sayRefused({ file, diagnostics }: Compiled): void {
    const count = countOf(diagnostics.map((one) => one.severity));
    this.#io.err.write(`${shownPath(file, this.#io.cwd)}: ${count}, nothing written\n`);
  }
}

const ignore = (): void => undefined;

const always = (): Promise<boolean> => Promise.resolve(true);

/** The folders that sources are searched in; a file stands for the folder around it. */
export function rootsOf(given: readonly string[], cwd: string): string[] {
  return (given.length === 0 ? ["."] : given).map((path) => {
    const full = resolve(cwd, path);
    return statSync(full).isDirectory() ? full : dirname(full);
  });
}

function isTouched({ program, project, file }: Compiled, touched: ReadonlySet<string>): boolean {
  if (touched.has(file)) return true;
  const read = [...program.files.values()].map((one) => resolve(project.root, one.source.path));
  const code = implementationsOf(program.root).map(({ path }) => resolve(project.root, path));
  return (
    read.some((one) => touched.has(one)) ||
    code.some((one) => [...reachableFrom(one).keys()].some((path) => touched.has(path)))
  );
}
