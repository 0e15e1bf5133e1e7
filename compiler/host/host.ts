/**
 * The only door to the disk. Paths are relative to the project's root, with "/" between parts.
 *
 * Everything is synchronous: the sources of a program are small, and a check must be able to follow an import in the
 * middle of its work.
 */
export interface Host {
  /**
   * The text of a file.
   * @returns undefined when there is no such file
   * @throws {HostError} when it exists but may not or cannot be read (outside the project, a folder, too large)
   */
  readFile(path: string): string | undefined;
  /**
   * The bytes of a file.
   * @returns undefined when there is no such file
   * @throws {HostError} as `readFile`, and when it has more bytes than `maxBytes`
   */
  readBytes(path: string, maxBytes: number): Uint8Array | undefined;
  /** The text of a module of the standard library, such as `std/audio`; undefined when there is none of that name. */
  readStandard(module: string): string | undefined;
  /** The names of all modules of the standard library. */
  standardModules(): readonly string[];
  /** Files and folders beside `path`, for suggestions; empty when there are none. */
  siblings(path: string): readonly string[];
  /** Writes a file as a whole: beside, then renamed. Folders are made. */
  writeFile(path: string, text: string): void;
}

/** Why the disk said no; the message is fit for the user. */
export class HostError extends Error {
  override readonly name = "HostError";
}
