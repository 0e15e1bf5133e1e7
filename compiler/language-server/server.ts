import {
  DidChangeConfigurationNotification,
  TextDocumentSyncKind,
  type Connection,
  type InitializeParams,
  type ServerCapabilities,
} from "vscode-languageserver/node";
import { parse } from "../../grammar/index.ts";
import { abilitiesOf } from "./abilities.ts";
import { Publisher } from "./diagnostics.ts";
import { Documents } from "./documents.ts";
import type { Environment } from "./environment.ts";
import { features } from "./features.ts";
import { Session } from "./session.ts";
import { readSettings } from "./settings.ts";
import { SourceFinder } from "./sources.ts";
import { pathOfUri } from "./uris.ts";

/** So long an editor may take from its greeting to the file that it opens. */
const openingMs = 50;

/** Answers one client until it goes. The connection must not be listening yet. */
export function serve(connection: Connection, environment: Environment): void {
  const session = new Session(connection, environment);
  const publisher = new Publisher(session);
  const documents = new Documents(session, publisher);
  const sources = new SourceFinder(session, publisher, documents);
  let roots: readonly string[] = [];

  connection.onInitialize((params) => {
    session.abilities = abilitiesOf(params.capabilities);
    session.settings = readSettings(params.initializationOptions);
    roots = foldersOf(params);
    // While the client makes something of the answer, the parser is made.
    environment.soon(() => void parse(""));
    return {
      capabilities: capabilities(),
      serverInfo: { name: "meshc", version: environment.version },
    };
  });

  connection.onInitialized(() => {
    sources.follow(connection);
    if (session.abilities?.configuration === true) {
      session.tell(() => connection.client.register(DidChangeConfigurationNotification.type, { section: "mesh" }));
      void askSettings();
    }
    for (const root of roots) session.projects.ofRoot(environment.projectRootOf(`${root}/main.mesh`));
    // A file that is opened right away is checked first, and its project after it.
    environment.after(openingMs, () => void sources.lookForNew(({ service }) => service.open.length === 0));
  });

  connection.onDidChangeConfiguration((params: { settings?: unknown } | null) => {
    const said = params?.settings;
    if (said !== null && said !== undefined) take(said);
    else if (session.abilities?.configuration === true) void askSettings();
  });

  const askSettings = async (): Promise<void> => {
    try {
      const said: unknown = await connection.workspace.getConfiguration("mesh");
      take(said);
    } catch (error) {
      // A client may promise more than it holds; then the settings stay what they are.
      session.log("warn", `the settings were not to be had: ${error instanceof Error ? error.message : ""}`);
    }
  };

  const take = (said: unknown): void => {
    const before = session.settings;
    session.settings = readSettings(said, before);
    if (session.settings.trusted !== before.trusted) {
      for (const project of session.projects.all) void sources.look(project);
    }
    if (JSON.stringify(before) !== JSON.stringify(session.settings)) session.refresh();
  };

  publisher.onPublished = (project) => {
    environment.started?.();
    // A file of a project that no folder of the client holds brings its project along.
    if (project.sources === undefined) environment.soon(() => void sources.lookForNew());
  };

  documents.follow(connection);
  for (const feature of features) feature.register(connection, session);
  connection.listen();
}

function capabilities(): ServerCapabilities {
  return {
    ...Object.assign({}, ...features.map((one) => one.capabilities)),
    positionEncoding: "utf-16",
    textDocumentSync: {
      openClose: true,
      change: TextDocumentSyncKind.Incremental,
      save: { includeText: false },
    },
    workspace: Object.assign(
      { workspaceFolders: { supported: true, changeNotifications: true } },
      ...features.map((one) => one.capabilities.workspace),
    ),
  };
}

function foldersOf({ workspaceFolders, rootUri }: InitializeParams): string[] {
  const uris = workspaceFolders?.map((one) => one.uri) ?? [rootUri ?? ""];
  return uris.flatMap((uri) => pathOfUri(uri) ?? []);
}
