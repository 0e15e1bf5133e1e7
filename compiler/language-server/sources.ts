import { DidChangeWatchedFilesNotification, FileChangeType, type Connection } from "vscode-languageserver/node";
import type { Publisher } from "./diagnostics.ts";
import type { Project } from "./projects.ts";
import type { Session } from "./session.ts";
import { pathOfUri } from "./uris.ts";

/** Whatever may change what a program means. */
const watched = ["**/*.mesh", "**/mesh.config.{ts,mts,js,mjs}", "**/package.json", "**/*.{ts,mts,cts,js,mjs,wasm}"];

/** What nodes may come from. */
const code = /\.(?:[cm]?[jt]sx?|wasm)$/;
const config = /(?:^|\/)mesh\.config\.m?[tj]s$/;

/** Knows which programs the projects have, and follows what happens on the disk. */
export class SourceFinder {
  readonly #session: Session;
  readonly #publisher: Publisher;
  readonly #looking = new Set<Project>();
  readonly #turns = new Map<Project, number>();

  constructor(session: Session, publisher: Publisher) {
    this.#session = session;
    this.#publisher = publisher;
  }

  /** Looks for the programs of projects that nobody has looked for yet. @param isWanted which of them */
  async lookForNew(isWanted: (project: Project) => boolean = () => true): Promise<void> {
    const fresh = this.#session.projects.all.filter(
      (one) => one.sources === undefined && !this.#looking.has(one) && isWanted(one),
    );
    for (const project of fresh) await this.look(project);
  }

  /** Looks for the programs of a project, again where that has been done before. */
  async look(project: Project): Promise<void> {
    const { root } = project;
    if (root === undefined) return;
    this.#looking.add(project);
    try {
      const { environment, settings } = this.#session;
      const sources = await environment.findSources(root, settings.trusted);
      // Whoever looks again meanwhile has the last word.
      const turn = (this.#turns.get(project) ?? 0) + 1;
      this.#turns.set(project, turn);
      const isStopped = (): boolean => this.#turns.get(project) !== turn;
      if (!(await this.#session.inTurns(project.service.takingSources(sources.paths), isStopped))) return;
      project.sources = sources;
      this.#publisher.check(project);
    } catch (error) {
      this.#session.fail("looking for programs", error);
    } finally {
      this.#looking.delete(project);
    }
  }

  follow(connection: Connection): void {
    connection.onDidChangeWatchedFiles(({ changes }) => {
      const changed = new Map<Project, string[]>();
      const again = new Set<Project>();
      this.#session.projects.lookAgain();
      try {
        for (const { uri, type } of changes) {
          if (pathOfUri(uri) === undefined) continue;
          const { project, path } = this.#session.projects.locate(uri);
          const paths = changed.get(project) ?? [];
          changed.set(project, paths);
          paths.push(path);
          const isProgram = path.endsWith(".mesh") && type !== FileChangeType.Changed;
          if (isProgram || config.test(path)) again.add(project);
        }
        for (const [project, paths] of changed) {
          project.service.reload(paths);
          if (again.has(project)) void this.look(project);
          else this.#publisher.check(project);
          if (paths.some((path) => code.test(path))) this.#publisher.codeChanged(project);
        }
      } catch (error) {
        this.#session.fail("watched files", error);
      }
    });
    if (this.#session.abilities?.watchesFiles !== true) return;
    const watchers = watched.map((globPattern) => ({ globPattern }));
    this.#session.tell(() => connection.client.register(DidChangeWatchedFilesNotification.type, { watchers }));
  }
}
