import { dirname, resolve } from "node:path";
import { performance } from "node:perf_hooks";
import { MeshError } from "../../../runtime/interface/errors.ts";
import type { Plan } from "../../../runtime/interface/plan.ts";
import { isStandard } from "../../check/program.ts";
import { implementationsOf } from "../../codegen/implementations.ts";
import { hasErrors } from "../../diagnostics/diagnostic.ts";
import { reachableFrom } from "../build/code-files.ts";
import { compileFile, type CompiledFile, type Project } from "../compile-file.ts";
import { CommandError } from "../exit-code.ts";
import type { Io } from "../io.ts";
import { report } from "../report.ts";
import { openInput, type InputFile } from "../run/input-file.ts";
import { moduleProblems } from "../run/module-problems.ts";
import { loadNodes, type Registry } from "../run/registry.ts";
import { portType } from "../run/session-run.ts";
import { shownPath } from "../sources.ts";
import { judge, needsUndisturbed, type Failure } from "./judge.ts";
import { play } from "./play.ts";
import type { Result, TestReporter } from "./result.ts";
import { scenariosOf, type Scenario } from "./scenario.ts";
import { onNoThreads, stagedPlan, type StagedPlan } from "./staged-plan.ts";

export interface PlayOptions {
  /** Only these; all where there are none. */
  readonly titles: readonly string[];
  readonly seed: number;
  /** How long each may take, of real time. */
  readonly limitMs: number;
}

/** One program, and what it takes to play its scenarios. */
export class TestedProgram {
  readonly #options: PlayOptions;
  readonly #io: Io;
  readonly #file: string;
  readonly #reporter: TestReporter;
  readonly #compiled: CompiledFile;
  readonly #all: readonly Scenario[];
  readonly #wanted: readonly Scenario[];
  #ready: { readonly staged: StagedPlan; readonly registry: Registry } | undefined;

  constructor(file: string, options: PlayOptions, io: Io, reporter: TestReporter) {
    this.#file = file;
    this.#options = options;
    this.#io = io;
    this.#reporter = reporter;
    this.#compiled = compileFile(file, io);
    this.#all = hasErrors(this.#compiled.diagnostics) ? [] : scenariosOf(this.#compiled.checked);
    const { titles } = options;
    this.#wanted = titles.length === 0 ? this.#all : this.#all.filter(({ title }) => titles.includes(title));
  }

  get titles(): string[] {
    return this.#all.map(({ title }) => title);
  }

  /** All files whose change may change what comes out, absolute. */
  *read(): Generator<string> {
    const { project, program } = this.#compiled;
    for (const { module, source } of program.files.values()) {
      if (!isStandard(module)) yield resolve(project.root, source.path);
    }
    for (const one of program.files.values()) {
      for (const { path } of implementationsOf(one)) yield* reachableFrom(resolve(project.root, path)).keys();
    }
    for (const { feeds } of this.#all) for (const { file } of feeds) yield this.#fileOf(file);
  }

  /** @returns false for a program that cannot be played, which has been said */
  async prepare(): Promise<boolean> {
    const { diagnostics, plan, project } = this.#compiled;
    if (this.#wanted.length > 0 || plan === undefined) this.#reporter.diagnosed(diagnostics, project);
    if (plan === undefined) return false;
    if (this.#wanted.length === 0) return true;
    const peers = Object.keys(plan.peers);
    const keys = [...new Set(this.#wanted.map(({ pipeline }) => pipeline))];
    const problems = keys.flatMap((key) => moduleProblems(this.#compiled, plan, peers, key));
    this.#reporter.diagnosed(problems, project);
    if (problems.length > 0) return false;
    const here = onNoThreads(plan);
    const served = Object.values(plan.peers).flatMap(({ runs }) => runs.map(({ pipeline }) => pipeline));
    try {
      const registry = await loadNodes(here, [...served, ...keys], project.root, new AbortController().signal);
      this.#ready = { staged: stagedPlan(here, this.#env), registry };
      return true;
    } catch (error) {
      // The other programs are still worth playing.
      if (!(error instanceof CommandError || error instanceof MeshError)) throw error;
      report(error, this.#io);
      return false;
    }
  }

  async *results(): AsyncGenerator<Result> {
    const { project } = this.#compiled;
    for (const scenario of this.#wanted) {
      this.#reporter.started(scenario, project);
      const result = await this.#result(scenario, project);
      this.#reporter.ended(result);
      yield result;
    }
  }

  async #result(scenario: Scenario, project: Project): Promise<Result> {
    const { plan } = this.#compiled;
    const ready = this.#ready;
    if (plan === undefined || ready === undefined) throw new Error("the program was not prepared");
    const startMs = performance.now();
    const opened = this.#inputs(scenario, plan);
    if (!("inputs" in opened)) {
      return { scenario, project, failures: [opened], timeline: [], virtualMs: 0, realMs: performance.now() - startMs };
    }
    const { seed, limitMs } = this.#options;
    const common = { scenario, ...ready, ...opened, env: this.#env, seed, limitMs };
    const recording = await play({ ...common, steps: scenario.steps });
    const isHurt = scenario.steps.length > 0;
    const undisturbed = needsUndisturbed(scenario) && isHurt ? await play({ ...common, steps: [] }) : recording;
    return {
      scenario,
      project,
      failures: judge(scenario, recording, undisturbed),
      timeline: recording.timeline,
      virtualMs: recording.endMs,
      realMs: performance.now() - startMs,
    };
  }

  /** The files that are fed, or why there is one that cannot be. */
  #inputs({ feeds, pipeline: key }: Scenario, plan: Plan): { readonly inputs: Map<string, InputFile> } | Failure {
    const pipeline = plan.pipelines[key];
    const inputs = new Map<string, InputFile>();
    for (const { port, file, place } of feeds) {
      const type = pipeline?.inputs[port]?.type;
      if (pipeline === undefined || type === undefined) continue;
      const path = this.#fileOf(file);
      const info = { pipeline: key, port, type: portType(pipeline, type), schemas: plan.schemas };
      try {
        inputs.set(port, openInput(path, shownPath(path, this.#io.cwd), info));
      } catch (error) {
        if (!(error instanceof CommandError)) throw error;
        return { place, message: error.message, notes: [], hint: error.hint };
      }
    }
    return { inputs };
  }

  #fileOf(written: string): string {
    return resolve(dirname(this.#file), written);
  }

  readonly #env = (name: string): string | undefined => this.#io.env[name];
}
