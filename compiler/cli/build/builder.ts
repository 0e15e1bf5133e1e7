import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { basename, dirname } from "node:path";
import { assemble, inputsDigest, isCurrent } from "../../codegen/assemble.ts";
import { findImplementations } from "../../codegen/implementations.ts";
import { manifestOf } from "../../codegen/manifest.ts";
import type { ModuleWriter } from "../../codegen/module.ts";
import { loadMorph } from "../../codegen/morph.ts";
import { findModuleProblems } from "../../codegen/wasm-modules.ts";
import type { Target } from "../../config.ts";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { nodejsHost } from "../../host/nodejs.ts";
import type { Plan } from "../../../runtime/interface/plan.ts";
import type { CompiledFile } from "../compile-file.ts";
import type { Io } from "../io.ts";
import { shownPath } from "../sources.ts";
import { version } from "../version.ts";
import { OutputLayout, type OutputPaths } from "./layout.ts";
import { Verification } from "./verification.ts";
import { textOf, writeAll, type WantedFile } from "./write-all.ts";

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
  readonly #verification: Verification;
  #writer: Promise<ModuleWriter> | undefined;

  constructor(io: Io, options: BuilderOptions) {
    this.#io = io;
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
    const data = dataFiles(plan, outputs);
    const wanted = [...(await this.#module(compiled, plan, outputs, layout)), ...data];
    const written = writeAll(wanted, (path) => shownPath(path, this.#io.cwd));
    return { file, compiled, outputs, files: [outputs.module, outputs.map, ...data.map(({ path }) => path)], written };
  }

  /** Says what is wrong with the code of the nodes that a program declares, now that its module is written. */
  async verify({ compiled, outputs }: BuiltProgram): Promise<Diagnostic[]> {
    const host = nodejsHost(compiled.project.root);
    const missing = findImplementations([compiled.program.root], host);
    if (outputs === undefined) return missing;
    const found = [...missing, ...findModuleProblems(compiled.checked, compiled.program.root, host)];
    return missing.length > 0 ? found : [...found, ...(await this.#verification.verify(compiled, outputs.module))];
  }

  /** Loads what writing needs, so that the first change that is watched for does not wait for it. */
  async prepare(): Promise<void> {
    await this.#loadWriter();
  }

  /** The module and its map; nothing where they are what they should be. */
  async #module(
    compiled: CompiledFile & { readonly file: string },
    plan: Plan,
    outputs: OutputPaths,
    layout: OutputLayout,
  ): Promise<WantedFile[]> {
    const { target } = this.#options;
    const imports = layout.importsOf(compiled.file, compiled.project);
    const source = imports.source(compiled.path);
    const inputs = inputsDigest(compiled.program, [version, target, imports.style, source], digest);
    const before = textOf(outputs.module);
    if (before !== undefined && isCurrent(before, inputs, digest) && existsSync(outputs.map)) return [];
    const writer = await this.#loadWriter();
    const marked = writer.write({ checked: compiled.checked, plan, layout: imports, target });
    const header = { compiler: version, source, inputs };
    const { text, map } = assemble(marked, basename(outputs.module), header, digest, (path) => imports.source(path));
    return [
      { path: outputs.module, text },
      { path: outputs.map, text: map },
    ];
  }

  #loadWriter(): Promise<ModuleWriter> {
    this.#writer ??= Promise.all([import("../../codegen/module.ts"), loadMorph()]).then(
      ([{ ModuleWriter: Writer }, morph]) => new Writer(morph),
    );
    return this.#writer;
  }
}

/** Where all outputs go: below the folders that sources were found in, or that they stand in. */
export function layoutOf(
  programs: readonly { readonly file: string }[],
  roots: readonly string[],
  out: string | undefined,
): OutputLayout {
  return new OutputLayout(out, [...roots, ...programs.map(({ file }) => dirname(file))]);
}

/** A program without pipelines is a library: it has nothing to run, and so no plan and no manifest. */
function dataFiles(plan: Plan, outputs: OutputPaths): WantedFile[] {
  if (Object.keys(plan.pipelines).length === 0) return [];
  return [
    { path: outputs.plan, text: `${JSON.stringify(plan, undefined, 2)}\n` },
    { path: outputs.manifest, text: `${JSON.stringify(manifestOf(plan), undefined, 2)}\n` },
  ];
}

/** Half of a SHA-256: enough to tell texts apart, short enough to read. */
function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}
