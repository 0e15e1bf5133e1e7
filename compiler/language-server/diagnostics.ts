import type { Diagnostic as LspDiagnostic } from "vscode-languageserver/node";
import { codesOfAll } from "../check/rules/index.ts";
import type { FileDiagnostics } from "../language-service/service.ts";
import { toDiagnostic } from "./convert.ts";
import type { Project } from "./projects.ts";
import type { Session } from "./session.ts";
import { uriOfPath } from "./uris.ts";

/** While somebody types, what an edit means for other declarations is looked at when nothing has come for so long. */
const calmMs = 120;

/** What was found about the code of the nodes of a file. */
interface Verdict {
  /** How often it has been asked for since nothing was under way. */
  asked: number;
  found: FileDiagnostics["diagnostics"];
}

/**
 * Tells the client what is wrong, in stages: problems of syntax as soon as a text has come, then what is wrong in the declarations
 * that were edited, what that means for others once nothing more is typed, and what takes longest when a file has been opened or saved. A new
 * text stops what is under way for the old one.
 */
export class Publisher {
  readonly #session: Session;
  /** What the client has been told last, as text, by URI. */
  readonly #told = new Map<string, string>();
  /** What was found about the code of nodes, by project and path. */
  readonly #slow = new Map<Project, Map<string, Verdict>>();
  readonly #waiting = new Map<Project, () => void>();
  readonly #runs = new Map<Project, number>();
  /** Those in which something has changed that is no text of the client's, as long as it has not been told. */
  readonly #outdated = new Set<Project>();
  /** Those that have been checked as a whole. */
  readonly #known = new Set<Project>();
  /** Those of which all files are known, and what is to be verified once they are. */
  readonly #complete = new Set<Project>();
  readonly #early = new Map<Project, Set<string>>();
  /** Told once a project has been checked and published. */
  onPublished: (project: Project) => void = () => undefined;

  constructor(session: Session) {
    this.#session = session;
  }

  /** A text has changed. */
  changed(project: Project, path: string): void {
    const atOnce = project.service.atOnce(path);
    const hasSyntax = atOnce.diagnostics.some((one) => one.code.startsWith("MESH1"));
    // Without problems of syntax, before and after, the check is the first to have something to say.
    if (hasSyntax || this.#toldSyntax(project, path)) this.#publish(project, path, atOnce);
    this.check(project, path);
  }

  /** Checks a project in which something has changed without an edit, and has the client ask anew for what it has been told of it. */
  changedBeside(project: Project): void {
    this.#outdated.add(project);
    this.check(project);
  }

  /** Checks a project as soon as nothing else is to be done. @param edited the file that somebody is typing in */
  check(project: Project, edited?: string): void {
    const run = this.#begin(project);
    const { environment } = this.#session;
    this.#waiting.set(
      project,
      environment.soon(
        () => void (edited === undefined ? this.#check(project, run) : this.#checkEdit(project, run, edited)),
      ),
    );
  }

  /** Stops what is under way for a project. @returns a number for what begins now */
  #begin(project: Project): number {
    this.#waiting.get(project)?.();
    const run = (this.#runs.get(project) ?? 0) + 1;
    this.#runs.set(project, run);
    return run;
  }

  /** Tells of the declarations that have been edited, where that can be done by themselves, and looks at everything when it is quiet. */
  async #checkEdit(project: Project, run: number, path: string): Promise<void> {
    const { environment } = this.#session;
    const isStopped = (): boolean => this.#runs.get(project) !== run;
    let isTold = false;
    const telling = function* (this: Publisher): Generator<undefined, void, undefined> {
      const near = yield* project.service.near(path);
      isTold = near !== undefined;
      if (near !== undefined && !isStopped()) this.#publish(project, path, near);
    };
    try {
      if (!(await this.#session.inTurns(telling.call(this), isStopped))) return;
    } catch (error) {
      this.#session.fail("checking an edit", error);
    }
    if (!isTold) await this.#check(project, run);
    else {
      environment.told?.();
      this.#waiting.set(
        project,
        environment.after(calmMs, () => void this.#check(project, run)),
      );
    }
  }

  async #check(project: Project, run: number): Promise<void> {
    const isStopped = (): boolean => this.#runs.get(project) !== run;
    try {
      const work = this.#known.has(project) ? project.service.check() : this.#tellingEach(project);
      if (!(await this.#session.inTurns(work, isStopped))) return;
      this.#known.add(project);
      const all = known(project);
      for (const [path, found] of all) this.#publish(project, path, this.#withSlow(project, path, found));
      this.#forgetOthers(project, new Set(all.keys()));
      this.#publishConfig(project);
      if (this.#outdated.delete(project)) this.#session.refresh();
      this.onPublished(project);
      if (project.sources === undefined || !(await this.#session.inTurns(project.service.resting(), isStopped))) return;
      this.#complete.add(project);
      for (const path of this.#early.get(project) ?? []) void this.verify(project, path);
      this.#early.delete(project);
    } catch (error) {
      this.#session.fail("checking", error);
    }
  }

  /** Checks a project for the first time, and tells of each open file what is known of it: nobody has to wait for the others. */
  *#tellingEach(project: Project): Generator<undefined, void, undefined> {
    const { service } = project;
    for (const path of service.check()) {
      if (path !== undefined && service.open.includes(path)) {
        const own = yield* service.early(path);
        // That there is nothing wrong is only known in the end.
        if (own !== undefined && own.diagnostics.length > 0) this.#publish(project, path, own);
      }
      yield;
    }
  }

  /** Holds the code of the nodes of a file against its contracts, as they are on the disk. Where that is under way, it is done once more. */
  async verify(project: Project, path: string): Promise<void> {
    const { verify } = this.#session.environment;
    if (verify === undefined || project.root === undefined || !this.#session.settings.trusted) return;
    if (!this.#complete.has(project)) {
      // What somebody waits for who has just opened it comes first.
      this.#early.set(project, (this.#early.get(project) ?? new Set()).add(path));
      return;
    }
    const known = this.#slow.get(project) ?? new Map<string, Verdict>();
    this.#slow.set(project, known);
    const verdict = known.get(path) ?? { asked: 0, found: [] };
    known.set(path, verdict);
    verdict.asked += 1;
    if (verdict.asked > 1) return;
    try {
      for (let answered = 0; answered < verdict.asked;) {
        answered = verdict.asked;
        // Where there is none, or it is missing, TypeScript has no say.
        const { isThere, problems } = project.service.code(path);
        verdict.found = isThere ? await verify(project.root, path) : problems;
      }
      this.check(project);
    } catch (error) {
      this.#session.fail("verifying code", error);
    } finally {
      verdict.asked = 0;
    }
  }

  /** Code has changed: what was said of it is said anew. */
  codeChanged(project: Project): void {
    for (const path of this.#slow.get(project)?.keys() ?? []) void this.verify(project, path);
  }

  /** A file has been closed: what is on the disk counts again. @param isOther it says something else */
  closed(project: Project, path: string, isOther: boolean): void {
    this.#slow.get(project)?.delete(path);
    if (isOther) this.changedBeside(project);
    else this.check(project);
    const uri = this.#session.projects.uriOf(project, path);
    // One that is part of no project is not told about any more.
    if (uri !== undefined && !project.service.modules.includes(path)) this.#send(uri, undefined, []);
  }

  /** What was found of a text is true as long as it is that text. */
  #withSlow(project: Project, path: string, found: FileDiagnostics): FileDiagnostics {
    const source = project.service.parsed(path)?.source;
    const slow = (this.#slow.get(project)?.get(path)?.found ?? []).filter(
      (one) => one.place.source.text === source?.text && one.place.source.path === path,
    );
    return slow.length === 0 ? found : { ...found, diagnostics: [...found.diagnostics, ...slow] };
  }

  #publish(project: Project, path: string, { diagnostics, version }: FileDiagnostics): void {
    const { environment, projects, abilities } = this.#session;
    const uri = projects.uriOf(project, path);
    if (uri === undefined) return;
    // A project in another one has files that are sources of both: what is open is told about by the one that holds its text.
    const holder = projects.holder(uri);
    if (holder !== undefined && holder !== project) return;
    const context = {
      uriOf: (other: string) => projects.uriOf(project, other),
      pageUrl: (code: string) => environment.pageUrl(code),
      warningsAsErrors: project.sources?.warningsAsErrors ?? false,
      hasRelated: abilities?.relatedInformation ?? false,
    };
    this.#send(
      uri,
      version,
      diagnostics.map((one) => toDiagnostic(one, context)),
    );
  }

  #publishConfig(project: Project): void {
    const problem = project.sources?.problem;
    if (problem === undefined) return;
    const start = { line: 0, character: 0 };
    const range = { start, end: { line: 1, character: 0 } };
    this.#send(uriOfPath(problem.file), undefined, [{ range, severity: 1, source: "mesh", message: problem.message }]);
  }

  /** Takes back what was told of files that are no longer part of a project. */
  #forgetOthers(project: Project, paths: ReadonlySet<string>): void {
    const { projects } = this.#session;
    const config = project.sources?.problem?.file;
    for (const uri of this.#told.keys()) {
      const located = projects.locate(uri);
      if (located.project !== project || paths.has(located.path)) continue;
      if (config !== undefined && uri === uriOfPath(config)) continue;
      this.#send(uri, undefined, []);
    }
  }

  #toldSyntax(project: Project, path: string): boolean {
    const uri = this.#session.projects.uriOf(project, path);
    return uri !== undefined && (this.#told.get(uri)?.includes('"code":"MESH1') ?? false);
  }

  #send(uri: string, version: number | undefined, diagnostics: LspDiagnostic[]): void {
    const text = diagnostics.length === 0 && version === undefined ? "" : JSON.stringify([version, diagnostics]);
    if (text === (this.#told.get(uri) ?? "")) return;
    if (text === "") this.#told.delete(uri);
    else this.#told.set(uri, text);
    const params = { uri, diagnostics, ...(version !== undefined && { version }) };
    this.#session.tell(() => this.#session.connection.sendDiagnostics(params));
  }
}

/** What has been found; as long as nobody has looked for the other files of a project, without what hangs on those. */
function known({ service, root, sources }: Project): ReadonlyMap<string, FileDiagnostics> {
  const all = service.diagnostics();
  if (root === undefined || sources !== undefined) return all;
  return new Map(
    [...all].map(([path, { diagnostics, version }]) => {
      return [path, { version, diagnostics: diagnostics.filter(({ code }) => !codesOfAll.has(code)) }];
    }),
  );
}
