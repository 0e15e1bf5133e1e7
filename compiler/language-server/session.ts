import {
  ErrorCodes,
  LSPErrorCodes,
  ResponseError,
  type CancellationToken,
  type Connection,
  type Position,
  type Range,
} from "vscode-languageserver/node";
import type { ParsedFile } from "../check/sources.ts";
import type { Span } from "../../grammar/syntax.ts";
import type { LanguageService } from "../language-service/service.ts";
import type { FilePlace } from "../language-service/files.ts";
import { offsetAt, rangeOf, spanOf } from "./convert.ts";
import type { Environment } from "./environment.ts";
import { Projects, type Project } from "./projects.ts";
import { notifications } from "./protocol.ts";
import { defaultSettings, type Settings } from "./settings.ts";

/** What a client can do, as far as it matters here. */
export interface ClientAbilities {
  readonly relatedInformation: boolean;
  readonly watchesFiles: boolean;
  readonly snippets: boolean;
  /** What of an item in a list it asks for when somebody looks at that, by the names of the protocol. */
  readonly resolves: ReadonlySet<string>;
  /** Takes from a list what its items replace, where that is the same for all. */
  readonly defaultRange: boolean;
  readonly configuration: boolean;
  readonly resourceOperations: boolean;
  readonly inlayHintRefresh: boolean;
  readonly codeLensRefresh: boolean;
  readonly semanticTokensRefresh: boolean;
  /** Draws graphs, and takes the word that they may look different. */
  readonly graphRefresh: boolean;
  readonly documentSymbolTree: boolean;
  readonly definitionLinks: boolean;
  readonly workDoneProgress: boolean;
}

/** A file that a request is about, as it is now. */
export interface Asked {
  readonly project: Project;
  readonly service: LanguageService;
  readonly path: string;
  readonly parsed: ParsedFile;
  offset(position: Position): number;
  span(range: Range): Span;
  range(span: Span): Range;
  /** Undefined for what no editor can open. */
  location(place: FilePlace): { readonly uri: string; readonly range: Range } | undefined;
}

/** A turn of work without looking up takes no longer than this. */
const turnMs = 4;

/** What the server knows while a client is connected. */
export class Session {
  readonly connection: Connection;
  readonly environment: Environment;
  readonly projects: Projects;
  settings: Settings = defaultSettings;
  abilities: ClientAbilities | undefined;

  constructor(connection: Connection, environment: Environment) {
    this.connection = connection;
    this.environment = environment;
    this.projects = new Projects(environment);
  }

  /** The file of a URI; undefined where there is none. */
  asked(uri: string): Asked | undefined {
    const { project, path } = this.projects.locate(uri);
    const { service } = project;
    const parsed = service.parsed(path);
    if (parsed === undefined) return undefined;
    const { source } = parsed;
    return {
      project,
      service,
      path,
      parsed,
      offset: (position) => offsetAt(source, position),
      span: (range) => spanOf(source, range),
      range: (span) => rangeOf(source, span),
      location: (place) => this.location(project, place),
    };
  }

  location(project: Project, place: FilePlace): { readonly uri: string; readonly range: Range } | undefined {
    const uri = this.projects.uriOf(project, place.path);
    const there = project.service.parsed(place.path);
    if (uri === undefined) return undefined;
    const start = { line: 0, character: 0 };
    return { uri, range: there === undefined ? { start, end: start } : rangeOf(there.source, place) };
  }

  /**
   * Answers a request about a file from its text alone. Whatever goes wrong in it is a bug of ours, which is logged and costs the
   * user one answer, not the session.
   */
  answer<T>(name: string, uri: string, work: (asked: Asked) => T): T | null {
    // The library lets requests through that come before the greeting.
    if (this.abilities === undefined) throw new ResponseError(ErrorCodes.ServerNotInitialized, "not initialized yet");
    try {
      const asked = this.asked(uri);
      return asked === undefined ? null : work(asked);
    } catch (error) {
      this.fail(name, error);
      return null;
    }
  }

  /** The same for a file or folder that need not be a program. */
  answerForProject<T>(name: string, uri: string, work: (asked: Pick<Asked, "service" | "location">) => T): T | null {
    try {
      const { project } = this.projects.locate(uri);
      return work({ service: project.service, location: (place) => this.location(project, place) });
    } catch (error) {
      this.fail(name, error);
      return null;
    }
  }

  /** The same once everything is checked; other messages are taken in between. @throws when the request is cancelled before that */
  async checked<T>(name: string, uri: string, token: CancellationToken, work: (asked: Asked) => T): Promise<T | null> {
    if (this.abilities === undefined) throw new ResponseError(ErrorCodes.ServerNotInitialized, "not initialized yet");
    let isSettled = false;
    try {
      const { service } = this.projects.locate(uri).project;
      isSettled = await this.settle(service, () => token.isCancellationRequested);
    } catch (error) {
      this.fail(name, error);
      return null;
    }
    if (!isSettled) throw new ResponseError(LSPErrorCodes.RequestCancelled, "cancelled");
    return this.answer(name, uri, work);
  }

  /** Checks all that is to be checked, and looks up now and then. @returns false when it was stopped */
  settle(service: LanguageService, isStopped: () => boolean): Promise<boolean> {
    return this.inTurns(service.check(), isStopped);
  }

  /** Does some work a step at a time, and lets messages in between. @returns false when it was stopped */
  async inTurns(work: Iterable<unknown>, isStopped: () => boolean): Promise<boolean> {
    let startMs = this.environment.nowMs();
    for (const _ of work) {
      if (this.environment.nowMs() - startMs < turnMs) continue;
      await new Promise<void>((resolve) => void this.environment.soon(resolve));
      if (isStopped()) return false;
      startMs = this.environment.nowMs();
    }
    return !isStopped();
  }

  /** Has the client ask anew for what it keeps: something has changed that is no text of its own. */
  refresh(): void {
    const { connection, abilities } = this;
    if (abilities?.inlayHintRefresh === true) this.tell(() => connection.languages.inlayHint.refresh());
    if (abilities?.codeLensRefresh === true) this.tell(() => connection.sendRequest("workspace/codeLens/refresh"));
    if (abilities?.semanticTokensRefresh === true) this.tell(() => connection.languages.semanticTokens.refresh());
    if (abilities?.graphRefresh === true) this.tell(() => connection.sendNotification(notifications.graphRefresh));
  }

  fail(name: string, error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.log("error", `${name} failed: ${text}`);
  }

  log(level: "error" | "warn", text: string): void {
    this.tell(async () => this.connection.console[level](text));
  }

  /** Sends something that nobody waits for; once the client has gone, nothing. */
  tell(send: () => Promise<unknown>): void {
    try {
      // What fails is the connection, of whose end its owner is told.
      send().catch(() => undefined);
    } catch {
      // The same, found out at once.
    }
  }
}
