import { MeshError } from "../interface/errors.ts";
import { maxModuleBytes } from "../interface/wasm-module.ts";

/** A module, by the name of its file, from wherever its address leads: a bundler may have put all of it into the address. */
export async function fetchModule(url: URL): Promise<Uint8Array> {
  const shown = url.protocol === "data:" ? "data:…" : url.href;
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`the server answers ${response.status}`);
    const size = Number(response.headers.get("content-length") ?? 0);
    if (size > maxModuleBytes) throw tooLarge(shown, size);
    return new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    throw error instanceof MeshError ? error : missingModule(shown, error);
  }
}

export function missingModule(shown: string, error: unknown): MeshError {
  const why = error instanceof Error ? error.message : String(error);
  return new MeshError("dependency-missing", `The WebAssembly module ${shown} cannot be read: ${why}.`, {
    cause: error,
    hint: "Build it, and put it where the generated module looks for it: a bundler copies it along.",
  });
}

export function tooLarge(shown: string, bytes: number): MeshError {
  const size = (bytes / 1024 / 1024).toFixed(1);
  const most = maxModuleBytes / 1024 / 1024;
  return new MeshError("invalid-argument", `${shown} is ${size} MiB large; a module may have ${most} MiB at most.`);
}

/** The name of the file behind an address, for messages. */
export function moduleName(url: URL): string {
  if (url.protocol === "data:") return "the module";
  return decodeURIComponent(url.pathname.split("/").at(-1) ?? url.pathname);
}
