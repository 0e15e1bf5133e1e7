import { existsSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { findImplementations, implementationsOf } from "../codegen/implementations.ts";
import { findModuleProblems } from "../codegen/wasm-modules.ts";
import { isStandard } from "../check/program.ts";
import { version } from "../cli/version.ts";
import { compile, type CompileResult } from "../compile.ts";
import type { Target } from "../config.ts";
import { moduleGenerator, type ModuleGenerator, type ModuleSourceMap } from "../generate.ts";
import { HostError, type Host } from "../host/host.ts";
import { nodejsHost, projectRootOf } from "../host/nodejs.ts";
import { wantsDeclarations } from "./declarations.ts";
import { problemOf, type Problem } from "./problems.ts";
import { withWorkers } from "./workers.ts";

/** What a `.mesh` file is for a bundler. */
export interface LoadedProgram {
  /** JavaScript; undefined where there are errors. */
  readonly code: string | undefined;
  /** `sources` are absolute. */
  readonly map: ModuleSourceMap | undefined;
  readonly problems: readonly Problem[];
  /** Files that a change of would change any of this, absolute. */
  readonly read: readonly string[];
}

export interface LoadSettings {
  readonly target: Target;
  readonly warningsAsErrors: boolean;
  readonly declarations: boolean | undefined;
}

interface Compiled extends CompileResult {
  readonly root: string;
  readonly host: Host;
}

/** Turns `.mesh` files into modules in memory, and keeps what helps to do so again. */
export class Programs {
  #generator: Promise<ModuleGenerator> | undefined;
  /** Which programs read a file, by absolute path. */
  readonly #readers = new Map<string, Set<string>>();
  /** What the declarations of a program that were written last are made of. */
  readonly #declared = new Map<string, { readonly target: Target; readonly texts: string }>();

  /**
   * Never rejects for what the user has done: that is among the problems.
   * @param file a `.mesh` file, absolute
   */
  async load(file: string, settings: LoadSettings): Promise<LoadedProgram> {
    let compiled: Compiled;
    try {
      compiled = compileAt(file);
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      return { code: undefined, map: undefined, problems: [unreadable(file, error)], read: [file] };
    }
    const { root, host, program, checked, diagnostics } = compiled;
    const files = [...program.files.values()];
    const all = [
      ...diagnostics,
      ...findImplementations(files, host),
      ...files.flatMap((one) => findModuleProblems(checked, one, host)),
    ];
    const problems = all
      .filter((one) => one.severity !== "information")
      .map((one) => problemOf(one, root, settings.warningsAsErrors));
    const read = readBy(compiled);
    for (const one of read) this.#readersOf(one).add(file);
    if (problems.some((one) => one.severity === "error")) return { code: undefined, map: undefined, problems, read };
    this.#generator ??= moduleGenerator();
    const generator = await this.#generator;
    const { code, map } = generator.javascript(compiled, settings.target);
    problems.push(...this.#declare(file, compiled, generator, settings));
    const whole = await withWorkers(code, file, settings.target);
    for (const one of whole.read) this.#readersOf(one).add(file);
    return {
      code: whole.code,
      map: { ...map, sources: map.sources.map((one) => resolve(root, one)) },
      problems,
      read: [...new Set([...read, ...whole.read])],
    };
  }

  /** Programs that have read a file, absolute. */
  readersOf(file: string): ReadonlySet<string> {
    return this.#readers.get(file) ?? new Set();
  }

  #readersOf(file: string): Set<string> {
    const known = this.#readers.get(file) ?? new Set<string>();
    this.#readers.set(file, known);
    return known;
  }

  /** Writes the types of a program and of all that it imports, for what is imported for its types only is never loaded. */
  #declare(file: string, compiled: Compiled, generator: ModuleGenerator, settings: LoadSettings): Problem[] {
    if (!wantsDeclarations(file, settings.declarations)) return [];
    const others = readBy(compiled).filter(
      (one) => one.endsWith(".mesh") && one !== file && wantsDeclarations(one, settings.declarations),
    );
    const problems: Problem[] = [];
    for (const one of [file, ...others]) {
      try {
        const result = one === file ? compiled : compileAt(one);
        this.#writeDeclarations(one, result, generator, settings.target);
      } catch (error) {
        if (!(error instanceof HostError)) throw error;
        problems.push({ ...unreadable(one, error), severity: "warning" });
      }
    }
    return problems;
  }

  #writeDeclarations(file: string, compiled: Compiled, generator: ModuleGenerator, wanted: Target): void {
    const texts = JSON.stringify([...compiled.program.files.values()].map(({ source }) => source.text));
    const before = this.#declared.get(file);
    if (compiled.plan === undefined || before?.texts === texts) return;
    // A server that renders pages builds for both in turn, and there is one file.
    const target = before?.target ?? wanted;
    const path = join(dirname(relative(compiled.root, file)), `${basename(file, ".mesh")}.d.mesh.ts`);
    const text = generator.declarations(compiled, target);
    const shown = path.split(sep).join("/");
    if (compiled.host.readFile(shown) !== text) compiled.host.writeFile(shown, text);
    this.#declared.set(file, { target, texts });
  }
}

function compileAt(file: string): Compiled {
  const root = projectRootOf(file);
  const host = nodejsHost(root);
  const path = relative(root, file).split(sep).join("/");
  return { ...compile(path, host, { compilerVersion: version }), root, host };
}

function readBy({ program, root }: Compiled): string[] {
  const files = [...program.files.values()].filter(({ module }) => !isStandard(module));
  const code = files.flatMap(implementationsOf).map(({ path }) => path);
  return [...new Set([...files.map(({ source }) => source.path), ...code].map((path) => resolve(root, path)))];
}

function unreadable(file: string, { message }: HostError): Problem {
  return {
    severity: "error",
    message: existsSync(file) ? message : `There is no file ${file}.`,
    file,
    line: 1,
    column: 0,
    length: 1,
    lineText: "",
    notes: [],
    frame: "",
  };
}
