import { basename, join, relative, sep } from "node:path";
import { isStandard } from "../check/program.ts";
import type { Host } from "../host/host.ts";
import { memoryHost } from "../host/memory.ts";
import { LanguageService } from "../language-service/service.ts";
import type { Environment, ProjectSources } from "./environment.ts";
import { pathOfUri, uriOfPath } from "./uris.ts";

/** The files below one root, with what is known of them. */
export interface Project {
  /** Absolute; undefined for texts that are on no disk. */
  readonly root: string | undefined;
  readonly service: LanguageService;
  /** As the configuration says; undefined until somebody has looked. */
  sources: ProjectSources | undefined;
}

export interface Located {
  readonly project: Project;
  /** Relative to the root, or a module of the standard library. */
  readonly path: string;
}

/** Which project a URI belongs to, and back. */
export class Projects {
  readonly #environment: Environment;
  readonly #byRoot = new Map<string, Project>();
  /** What an editor calls the files that it has opened, which need not be what we would. */
  readonly #uris = new Map<Project, Map<string, string>>();
  /** The projects that hold what is open, by file. */
  readonly #holders = new Map<string, Project>();
  /** Where files are, as it was found out; asking the disk takes time. */
  readonly #located = new Map<string, Located>();
  #loose: Project | undefined;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  get all(): readonly Project[] {
    return [...this.#byRoot.values(), ...(this.#loose === undefined ? [] : [this.#loose])];
  }

  /** The project of a folder that an editor has opened, made if need be. */
  ofRoot(root: string): Project {
    const known = this.#byRoot.get(root);
    if (known !== undefined) return known;
    const project = { root, service: new LanguageService(this.#environment.hostOf(root)), sources: undefined };
    this.#byRoot.set(root, project);
    return project;
  }

  locate(uri: string): Located {
    const known = this.#located.get(uri);
    if (known !== undefined) return known;
    const located = this.#find(uri);
    if (located.project.root !== undefined) this.#located.set(uri, located);
    return located;
  }

  /** Files have come or gone, by which a project may begin somewhere else. */
  lookAgain(): void {
    this.#located.clear();
  }

  #find(uri: string): Located {
    const file = pathOfUri(uri);
    if (file === undefined) {
      // A text that has no file yet: what it imports but the standard library cannot be there.
      const project = (this.#loose ??= this.#looseProject());
      return { project, path: looseName(uri) };
    }
    const standard = this.#standardModule(file);
    if (standard !== undefined) return standard;
    const project = this.ofRoot(this.#environment.projectRootOf(file));
    return { project, path: pathIn(project.root ?? "", file) };
  }

  /** Remembers what an editor calls a file. */
  remember(uri: string): Located {
    const located = this.locate(uri);
    const known = this.#uris.get(located.project) ?? new Map<string, string>();
    this.#uris.set(located.project, known);
    known.set(located.path, uri);
    this.#holders.set(fileOf(uri), located.project);
    return located;
  }

  forget(uri: string, { project, path }: Located): void {
    this.#uris.get(project)?.delete(path);
    this.#holders.delete(fileOf(uri));
  }

  /** The project whose service holds the text that an editor has open; undefined for a file that none has. */
  holder(uri: string): Project | undefined {
    return this.#holders.get(fileOf(uri));
  }

  /** @returns undefined for what no editor can open */
  uriOf(project: Project, path: string): string | undefined {
    const known = this.#uris.get(project)?.get(path);
    if (known !== undefined) return known;
    if (isStandard(path)) {
      const file = this.#environment.standardFile(path);
      return file === undefined ? undefined : uriOfPath(file);
    }
    return project.root === undefined ? undefined : uriOfPath(join(project.root, path));
  }

  /** A signature of the standard library belongs to whoever uses it. */
  #standardModule(file: string): Located | undefined {
    const module = `std/${basename(file, ".mesh")}`;
    if (this.#environment.standardFile(module) !== file) return undefined;
    const project = this.all.find((one) => one.service.modules.includes(module)) ?? this.all[0];
    return project && { project, path: module };
  }

  #looseProject(): Project {
    const standard = this.#environment.hostOf(this.#environment.cwd);
    const none = memoryHost({});
    const host: Host = {
      ...none,
      readStandard: (module) => standard.readStandard(module),
      standardModules: () => standard.standardModules(),
    };
    return { root: undefined, service: new LanguageService(host), sources: undefined };
  }
}

/** A file has one path, and as many URIs as there are ways to write one. */
function fileOf(uri: string): string {
  return pathOfUri(uri) ?? uri;
}

function pathIn(root: string, file: string): string {
  return relative(root, file).split(sep).join("/");
}

/** `untitled:Untitled-1` as a path of a program. */
function looseName(uri: string): string {
  const name = uri.replaceAll(/[^A-Za-z0-9._-]+/g, "_");
  return name.endsWith(".mesh") ? name : `${name}.mesh`;
}
