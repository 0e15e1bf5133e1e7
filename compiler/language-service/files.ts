import type { CheckedProgram } from "../check/checked-program.ts";
import type { ParsedFile, Resolved } from "../check/sources.ts";
import type { Occurrence } from "./names/meaning.ts";
import type { Names } from "./names/names.ts";

/** The files of a project as the features of an editor see them. Paths are modules: relative to the root, or `std/audio`. */
export interface Files {
  /** All files of all programs, in the order in which they are met. */
  readonly modules: readonly string[];
  /** The modules of the standard library, whether a program imports them or not. */
  readonly standardModules: readonly string[];
  /** A file as its text stands now; undefined where there is none or it cannot be read. */
  parsed(path: string): ParsedFile | undefined;
  /** Where an import of a file leads. */
  resolve(from: ParsedFile, written: string): Resolved;
  /** Files and folders beside a path. */
  siblings(path: string): readonly string[];
  /** The program that starts in a file, checked; undefined where there is no such file. */
  program(path: string): CheckedProgram | undefined;
}

/** The same with what the names in them mean. */
export interface Analysis extends Files {
  readonly names: Names;
  /** All names of a file that mean something, in order of place. */
  occurrences(path: string): readonly Occurrence[];
}

/** A span in a file. */
export interface FilePlace {
  readonly path: string;
  readonly start: number;
  readonly end: number;
}

/** A replacement of the text at a place. */
export interface FileEdit extends FilePlace {
  readonly newText: string;
}
