import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { FileEdit } from "./files.ts";

export interface CodeAction {
  readonly title: string;
  readonly kind: "quickfix" | "refactor.extract" | "refactor.rewrite" | "source.organizeImports";
  readonly edits: readonly FileEdit[];
  /** A file that is written where none is yet. */
  readonly creates?: { readonly path: string; readonly text: string } | undefined;
  /** What it mends. */
  readonly diagnostic?: Diagnostic | undefined;
  /** The one that is meant most likely. */
  readonly isPreferred: boolean;
}
