/** What the server answers beyond the protocol of editors; `docs/editors.md` tells it to whoever writes a client. */
import type { Location, Position, Range, TextDocumentIdentifier } from "vscode-languageserver/node";
import type { Picture } from "../graph/picture.ts";

/** The methods of the requests. */
export const requests = {
  /** `GraphParams` to `GraphResult | null`: null for what is no program. */
  graph: "mesh/graph",
  /** `OutlineParams` to `OutlineResult | null`. */
  outline: "mesh/outline",
  /** `ExplainParams` to a page as Markdown, or null where there is nothing to say. */
  explain: "mesh/explain",
} as const;

/** What it says unasked, without parameters. */
export const notifications = {
  /**
   * Graphs may look different, though no text that the client holds has changed. Sent to those who say `meshGraphRefresh: true` among
   * their `experimental` capabilities.
   */
  graphRefresh: "mesh/graph/refresh",
} as const;

export interface GraphParams {
  readonly textDocument: TextDocumentIdentifier;
}

/** The program as the compiler understands it, for a picture that follows the text. */
export interface GraphResult {
  /** Of the text that is drawn; null for a file that is not open. */
  readonly version: number | null;
  /** Null while the program has errors. */
  readonly picture: Picture | null;
  /** How many errors keep it from being drawn. */
  readonly errors: number;
  /** Of each file that a place of the picture is in: its URI. */
  readonly uris: Readonly<Record<string, string>>;
}

export interface OutlineParams {
  readonly textDocument: TextDocumentIdentifier;
}

/** What of a file can be run; ranges are those of names. */
export interface OutlineResult {
  readonly peers: readonly { readonly name: string; readonly range: Range }[];
  readonly pipelines: readonly {
    readonly name: string;
    readonly range: Range;
    readonly inputs: readonly OutlinePort[];
    readonly outputs: readonly OutlinePort[];
  }[];
  readonly scenarios: readonly { readonly title: string; readonly pipeline: string; readonly range: Range }[];
}

export interface OutlinePort {
  readonly name: string;
  /** As it is written. */
  readonly type: string;
}

/** The page of a diagnostic, or what the compiler decided at a line. */
export type ExplainParams =
  | { readonly code: string }
  | { readonly textDocument: TextDocumentIdentifier; readonly position: Position };

/** The arguments of the commands that stand in lenses, which the client brings. */
export interface LensArguments {
  readonly "mesh.run": readonly [uri: string, what: "pipeline" | "peer" | "scenario", name: string];
  readonly "mesh.graph": readonly [uri: string];
  readonly "mesh.references": readonly [uri: string, position: Position, locations: readonly Location[]];
}
