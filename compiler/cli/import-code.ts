import type { BuildFailure, Plugin } from "esbuild";
import { MeshError } from "../../runtime/interface/errors.ts";
import { moduleOf } from "../../runtime/platform/typescript.nodejs.ts";
import { environmentError } from "./exit-code.ts";

/** A module that has been run. */
export interface ImportedCode {
  readonly exports: Readonly<Record<string, unknown>>;
  /** By which it can be imported once more, on a thread. */
  readonly url: string;
}

/**
 * Runs a TypeScript or JavaScript file without a build step of the user's.
 * @param plugins go before what is said of packages by `moduleOf`
 * @throws {BuildFailure} of esbuild, which `firstOf` tells in a line; or what the file itself throws
 */
export async function importCode(file: string, plugins: readonly Plugin[] = []): Promise<ImportedCode> {
  const url = await moduleOf(file, plugins).catch((error: unknown) => {
    throw error instanceof MeshError ? environmentError(error.message, error.hint) : error;
  });
  return { url, exports: (await import(url)) as ImportedCode["exports"] };
}

/** The first thing that is wrong, with its place, in one line. */
export function firstOf(error: unknown): string {
  const [first] = (error as Partial<BuildFailure>).errors ?? [];
  if (first === undefined) return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const { location, text } = first;
  return location === null ? text : `${location.file}:${location.line}:${location.column + 1}: ${text}`;
}
