import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { Host } from "../host/host.ts";

/** What a project is made of, as its configuration says. */
export interface ProjectSources {
  /** Its programs, relative to its root. */
  readonly paths: readonly string[];
  readonly warningsAsErrors: boolean;
  /** What is wrong with the configuration: its file, absolute, and why. */
  readonly problem: { readonly file: string; readonly message: string } | undefined;
}

/** All that the server asks of the machine it runs on. */
export interface Environment {
  readonly version: string;
  /** The folder that the server was started in, absolute. */
  readonly cwd: string;
  /** The folder of the project that a file belongs to; both absolute. */
  projectRootOf(file: string): string;
  hostOf(root: string): Host;
  /**
   * Looks for the programs of a project.
   * @param trusted false: the code of `mesh.config.ts` is not run
   */
  findSources(root: string, trusted: boolean): Promise<ProjectSources>;
  /** The file that a module of the standard library stands in, absolute. */
  standardFile(module: string): string | undefined;
  /** Where a click on the code of a diagnostic leads. */
  pageUrl(code: string): string | undefined;
  /** The page of a diagnostic as Markdown. */
  readPage(code: string): string | undefined;
  /** Calls back once what has come in has been looked at; the returned function takes that back. */
  soon(callback: () => void): () => void;
  /** The same after some milliseconds. */
  after(ms: number, callback: () => void): () => void;
  /** Milliseconds of a clock that only goes forward. */
  nowMs(): number;
  /** Told each time that the client knows what is wrong in what has been edited, and nobody waits. */
  readonly told?: (() => void) | undefined;
  /** Told each time that a project has been checked and the client knows. */
  readonly started?: (() => void) | undefined;
  /** Holds the code of nodes against their contracts, which takes a while; undefined where that cannot be done here. */
  readonly verify?: ((root: string, path: string) => Promise<readonly Diagnostic[]>) | undefined;
}
