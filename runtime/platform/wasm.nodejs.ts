import { readFile, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { MeshError } from "../interface/errors.ts";
import { maxModuleBytes } from "../interface/wasm-module.ts";
import { fetchModule, missingModule, tooLarge } from "./wasm-fetch.ts";

/**
 * The bytes of a module beside a file of code: from the disk, or wherever else its address leads.
 * @throws {MeshError} `dependency-missing` where there is none
 */
export async function readModule(url: URL): Promise<Uint8Array> {
  if (url.protocol !== "file:") return fetchModule(url);
  const path = fileURLToPath(url);
  try {
    const status = await stat(path);
    // A device or a named pipe may have no end.
    if (!status.isFile()) throw new Error("it is not an ordinary file");
    if (status.size > maxModuleBytes) throw tooLarge(path, status.size);
    return await readFile(path);
  } catch (error) {
    throw error instanceof MeshError ? error : missingModule(path, error);
  }
}
