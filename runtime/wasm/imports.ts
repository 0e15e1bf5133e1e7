import { MeshError } from "../interface/errors.ts";
import { assemblyScript, wasiModule } from "../interface/wasm-abi.ts";
import type { WasmModule } from "../interface/wasm-module.ts";
import { wasiImports, type WasiWorld } from "./wasi.ts";

/** A text of AssemblyScript is no longer than this in a message. */
const maxTextBytes = 1024;

/** All that a module imports, and nothing else. */
export function importsOf({ imports }: WasmModule, world: WasiWorld): WebAssembly.Imports {
  const names = (module: string): string[] => imports.filter((one) => one.module === module).map((one) => one.name);
  return {
    [wasiModule]: wasiImports(names(wasiModule), world),
    [assemblyScript.module]: {
      [assemblyScript.abort]: (message: number, file: number, line: number, column: number) => {
        const memory = world.memory();
        const why = textAt(memory, message) ?? "it has given up";
        const where = textAt(memory, file);
        throw new MeshError("node-failed", where === undefined ? why : `${why} (${where}:${line}:${column})`);
      },
    },
  };
}

/** A string of AssemblyScript: UTF-16, with its size in bytes in the four bytes before it. Undefined where there is none. */
function textAt(memory: WebAssembly.Memory | undefined, pointer: number): string | undefined {
  const at = pointer >>> 0;
  if (memory === undefined || at < 4 || at > memory.buffer.byteLength) return undefined;
  const size = new DataView(memory.buffer).getUint32(at - 4, true);
  if (size > memory.buffer.byteLength - at) return undefined;
  const bytes = new Uint8Array(memory.buffer).slice(at, at + Math.min(size - (size % 2), maxTextBytes));
  return new TextDecoder("utf-16le").decode(bytes);
}
