import { DidChangeWatchedFilesNotification, FileChangeType, type Connection } from "vscode-languageserver/node";
import type { Publisher } from "./diagnostics.ts";
import type { Documents } from "./documents.ts";
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
  readonly #documents: Documents;
  readonly #looking = new Set<Project>();
  /** How often somebody has begun to look, and of which time the answer has been taken last. */
  #begun = 0;
  readonly #taken = new Map<Project, number>();

  constructor(session: Session, publisher: Publisher, documents: Documents) {
    this.#session = session;
    this.#publisher = publisher;
    this.#documents = documents;
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
    const turn = (this.#begun += 1);
    try {
      const { environment, settings } = this.#session;
      const sources = await environment.findSources(root, settings.trusted);
      // Whoever has begun last has the last word, whoever is done first.
      if ((this.#taken.get(project) ?? 0) > turn) return;
      this.#taken.set(project, turn);
      const isStopped = (): boolean => this.#taken.get(project) !== turn;
      if (!(await this.#session.inTurns(project.service.takingSources(sources.paths), isStopped))) return;
      project.sources = sources;
      this.#publisher.changedBeside(project);
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
        this.#documents.relocate();
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
          else if (paths.every((path) => code.test(path))) this.#publisher.check(project);
          else this.#publisher.changedBeside(project);
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
