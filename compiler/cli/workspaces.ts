import { relative, resolve, sep } from "node:path";
import { isStandard } from "../check/program.ts";
import { Workspace } from "../check/workspace.ts";
import { nodejsHost } from "../host/nodejs.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { compileChecked } from "../compile.ts";
import { projectOf, type CompiledFile, type Project } from "./compile-file.ts";
import type { Io } from "./io.ts";
import { version } from "./version.ts";

/** What is known of the program that starts in one file. */
export interface CheckedFile {
  readonly project: Project;
  /** The files that it is made of, by their paths in the project. */
  readonly files: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
}

interface Place {
  readonly project: Project;
  readonly path: string;
  readonly workspace: Workspace;
}

/** Programs on the disk, those of each project together, so that what they share is checked once. */
export class Workspaces {
  readonly #io: Pick<Io, "cwd">;
  readonly #byRoot = new Map<string, Workspace>();
  /** By file: to look for the root of each again and again would cost more than to read it. */
  readonly #projects = new Map<string, Project>();

  constructor(io: Pick<Io, "cwd">) {
    this.#io = io;
  }

  /**
   * Takes a file as one that a program starts in. All are taken before the first is checked.
   * @param file absolute
   * @throws {HostError} when it cannot be read
   */
  add(file: string): void {
    const { workspace, path } = this.#placeOf(file);
    workspace.add(path);
  }

  /**
   * Lets go of all files that are not among these, and looks again at what is on the disk.
   * @param touched those that may have changed, absolute; all when left out
   */
  renew(files: readonly string[], touched?: Iterable<string>): void {
    this.#projects.clear();
    const places = files.map((file) => this.#placeOf(file));
    const changed = touched && [...touched];
    for (const [folder, workspace] of this.#byRoot) {
      const kept = new Set(places.flatMap((one) => (one.workspace === workspace ? [one.path] : [])));
      for (const root of workspace.roots) if (!kept.has(root)) workspace.remove(root);
      workspace.reload(changed?.map((file) => pathIn(folder, file)));
    }
  }

  /** All files of all programs, absolute, but for those of the standard library. Nothing is checked for that. */
  files(): string[] {
    return [...this.#byRoot].flatMap(([folder, workspace]) =>
      workspace.files.filter((path) => !isStandard(path)).map((path) => resolve(folder, path)),
    );
  }

  /** The files that programs start in, absolute, each as soon as its program is checked. */
  *programs(): Generator<string> {
    for (const [folder, workspace] of this.#byRoot) {
      for (const path of workspace.programs()) yield resolve(folder, path);
    }
  }

  /** Those that have been checked again since something last changed, absolute. */
  checked(): string[] {
    return [...this.#byRoot].flatMap(([folder, workspace]) =>
      workspace.checked.map((path) => (isStandard(path) ? path : resolve(folder, path))),
    );
  }

  /** Works out ahead of a change what it will be held against. */
  prepare(): void {
    for (const workspace of this.#byRoot.values()) workspace.prepare();
  }

  /**
   * Checks the program that starts in a file.
   * @throws {HostError} when the file cannot be read
   */
  check(file: string): CheckedFile {
    const { project, path, workspace } = this.#placeOf(file);
    workspace.add(path);
    return { project, ...workspace.checkedProgram(path) };
  }

  /**
   * Compiles the program that starts in a file.
   * @throws {HostError} when the file cannot be read
   */
  compile(file: string): CompiledFile {
    const { project, path, workspace } = this.#placeOf(file);
    return { ...compileChecked(workspace.program(path), { compilerVersion: version }), project, path };
  }

  #placeOf(file: string): Place {
    const project = this.#projects.get(file) ?? projectOf(file, this.#io.cwd);
    this.#projects.set(file, project);
    const workspace = this.#byRoot.get(project.root) ?? new Workspace(nodejsHost(project.root));
    this.#byRoot.set(project.root, workspace);
    return { project, workspace, path: pathIn(project.root, file) };
  }
}

/** How a file is called in a project. */
function pathIn(folder: string, file: string): string {
  return relative(folder, file).split(sep).join("/");
}
