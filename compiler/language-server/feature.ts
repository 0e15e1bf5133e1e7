import type { Connection, ServerCapabilities } from "vscode-languageserver/node";
import type { Session } from "./session.ts";

/** One thing that an editor can ask for: what is said of it when a client connects, and what answers. */
export interface Feature {
  readonly capabilities: ServerCapabilities;
  register(connection: Connection, session: Session): void;
}
