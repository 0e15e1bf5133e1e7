import { relative, sep } from "node:path";
import { Workspace } from "../check/workspace.ts";
import { nodejsHost } from "../host/nodejs.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { projectOf, type Project } from "./compile-file.ts";
import type { Io } from "./io.ts";

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
  readonly #io: Io;
  readonly #byRoot = new Map<string, Workspace>();

  constructor(io: Io) {
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

  /** Lets go of all files that are not among these, and looks again at what is on the disk. */
  renew(files: readonly string[]): void {
    const places = files.map((file) => this.#placeOf(file));
    for (const workspace of this.#byRoot.values()) {
      const kept = new Set(places.flatMap((one) => (one.workspace === workspace ? [one.path] : [])));
      for (const root of workspace.roots) if (!kept.has(root)) workspace.remove(root);
      workspace.reload();
    }
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

  #placeOf(file: string): Place {
    const project = projectOf(file, this.#io.cwd);
    const workspace = this.#byRoot.get(project.root) ?? new Workspace(nodejsHost(project.root));
    this.#byRoot.set(project.root, workspace);
    return { project, workspace, path: relative(project.root, file).split(sep).join("/") };
  }
}
