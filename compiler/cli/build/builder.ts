import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { inputsDigest, isCurrent } from "../../codegen/assemble.ts";
import { draftOf } from "../../codegen/draft.ts";
import { findImplementations } from "../../codegen/implementations.ts";
import { loadMorph } from "../../codegen/morph.ts";
import { findModuleProblems } from "../../codegen/wasm-modules.ts";
import type { Target } from "../../config.ts";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import type { Host } from "../../host/host.ts";
import { nodejsHost } from "../../host/nodejs.ts";
import type { Plan } from "../../../runtime/interface/plan.ts";
import type { CompiledFile } from "../compile-file.ts";
import type { Io } from "../io.ts";
import { shownPath } from "../sources.ts";
import type { SourceFile } from "../../source/source-file.ts";
import { version } from "../version.ts";
import { OutputLayout, type OutputPaths } from "./layout.ts";
import { digest, isLibrary, type ModuleJob, type Printing } from "./printing.ts";
import { Verification } from "./verification.ts";
import { textOf } from "./write-all.ts";

export interface BuilderOptions {
  /** The folder to write to, absolute; undefined for beside each source. */
  readonly out: string | undefined;
  readonly target: Target;
  /** Programs with warnings are not written either. */
  readonly warningsAsErrors: boolean;
}

/** What became of one program. */
export interface BuiltProgram {
  /** Its file, absolute. */
  readonly file: string;
  readonly compiled: CompiledFile;
  /** Undefined for a program with errors, of which nothing was written. */
  readonly outputs: OutputPaths | undefined;
  /** All files of the program, absolute. */
  readonly files: readonly string[];
  /** Those that hold something else than before, absolute. */
  readonly written: readonly string[];
}

/** Turns sources into modules, plans and manifests, and keeps what helps to do so again. */
export class Builder {
  readonly #io: Io;
  readonly #options: BuilderOptions;
  readonly #printing: Printing;
  readonly #verification: Verification;
  readonly #hosts = new Map<string, Host>();
  /** Of sources, for many programs read the same ones. */
  readonly #digests = new WeakMap<SourceFile, string>();

  constructor(io: Io, printing: Printing, options: BuilderOptions) {
    this.#io = io;
    this.#printing = printing;
    this.#options = options;
    this.#verification = new Verification({ loadMorph, digest, shown: (path) => shownPath(path, io.cwd) });
  }

  /**
   * Writes what has changed of one program.
   * @throws {HostError} when a file cannot be written; the old files are whole then
   */
  async write(compiled: CompiledFile & { readonly file: string }, layout: OutputLayout): Promise<BuiltProgram> {
    const { file, plan, diagnostics } = compiled;
    const refused = this.#options.warningsAsErrors ? ["error", "warning"] : ["error"];
    if (plan === undefined || diagnostics.some((one) => refused.includes(one.severity))) {
      return { file, compiled, outputs: undefined, files: [], written: [] };
    }
    const outputs = layout.of(file);
    const written = await this.#printing.write({
      module: moduleJobOf({ compiled, plan, outputs, layout, target: this.#options.target, digestOf: this.#digestOf }),
      plan: JSON.stringify(plan),
      outputs,
      cwd: this.#io.cwd,
    });
    const data = isLibrary(plan) ? [] : [outputs.plan, outputs.manifest];
    return { file, compiled, outputs, files: [outputs.module, outputs.map, ...data], written };
  }

  readonly #digestOf = (source: SourceFile): string => {
    const known = this.#digests.get(source) ?? digest(source.text);
    this.#digests.set(source, known);
    return known;
  };

  #hostOf(root: string): Host {
    const known = this.#hosts.get(root) ?? nodejsHost(root);
    this.#hosts.set(root, known);
    return known;
  }

  /** Says what is wrong with the code of the nodes that a program declares, now that its module is written. */
  async verify({ compiled, outputs }: BuiltProgram): Promise<Diagnostic[]> {
    const host = this.#hostOf(compiled.project.root);
    const missing = findImplementations([compiled.program.root], host);
    if (outputs === undefined) return missing;
    const found = [...missing, ...findModuleProblems(compiled.checked, compiled.program.root, host)];
    return missing.length > 0 ? found : [...found, ...(await this.#verification.verify(compiled, outputs.module))];
  }
}

export interface ModuleWanted {
  readonly compiled: CompiledFile & { readonly file: string };
  readonly plan: Plan;
  readonly outputs: OutputPaths;
  readonly layout: OutputLayout;
  readonly target: Target;
  /** Of a source; left out, each is read for it. */
  readonly digestOf?: (source: SourceFile) => string;
}

/** What a module and its map are made from; nothing where they are what they should be. */
export function moduleJobOf(wanted: ModuleWanted): ModuleJob | undefined {
  const { compiled, plan, outputs, layout, target, digestOf = ({ text }) => digest(text) } = wanted;
  const imports = layout.importsOf(compiled.file, compiled.project);
  const source = imports.source(compiled.path);
  const inputs = inputsDigest(compiled.program, [version, target, imports.style, source], digest, digestOf);
  const before = textOf(outputs.module);
  if (before !== undefined && isCurrent(before, inputs, digest) && existsSync(outputs.map)) return undefined;
  const draft = draftOf({ checked: compiled.checked, plan, layout: imports, target });
  return {
    draft,
    header: { compiler: version, source, inputs },
    sources: new Map(draft.origins.map(({ file }) => [file, imports.source(file)])),
  };
}

/** Where all outputs go: below the folders that sources were found in, or that they stand in. @param files absolute */
export function layoutOf(files: Iterable<string>, roots: readonly string[], out: string | undefined): OutputLayout {
  return new OutputLayout(out, [...roots, ...[...files].map((file) => dirname(file))]);
}
