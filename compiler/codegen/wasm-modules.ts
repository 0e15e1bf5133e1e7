import type { FileInfo, SignatureSymbol } from "../check/program.ts";
import type { CheckedProgram } from "../check/check.ts";
import { Reporter } from "../check/reporter.ts";
import { isWasmPath, wasmShapeOf } from "../check/wasm-shape.ts";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { HostError, type Host } from "../host/host.ts";
import { misfits, type WasmShape } from "../../runtime/interface/wasm-abi.ts";
import { maxModuleBytes, readWasm, WasmFormatError } from "../../runtime/interface/wasm-module.ts";
import { implementationsOf, type Implementation } from "./implementations.ts";

/** Where the ABI is told, for those who write a module. */
const guide = "docs/wasm.md tells what a module exports.";

/**
 * Holds the WebAssembly modules of nodes against their signatures. What is not there at all is left to `findImplementations`.
 * @param file whose nodes are meant
 * @param wanted only these; all of them where it is left out
 */
export function findModuleProblems(
  checked: CheckedProgram,
  file: FileInfo,
  host: Host,
  wanted: (one: Implementation) => boolean = () => true,
): Diagnostic[] {
  const reporter = new Reporter();
  for (const one of implementationsOf(file)) {
    if (!isWasmPath(one.path) || !wanted(one)) continue;
    const result = wasmShapeOf(checked.signature(one.symbol as SignatureSymbol), checked.schemas);
    // What no module can be has been told where it is declared.
    if ("shape" in result) checkModule(one, result.shape, host, reporter);
  }
  return reporter.inOrder([file.source]);
}

function checkModule(
  { symbol, path, span, file }: Implementation,
  shape: WasmShape,
  host: Host,
  reporter: Reporter,
): void {
  const unusable = (message: string): void => reporter.report("MESH2022", file.source, span, message, { hint: guide });
  try {
    const bytes = host.readBytes(path, maxModuleBytes);
    if (bytes === undefined) return;
    const module = readWasm(bytes);
    if (!WebAssembly.validate(bytes as Uint8Array<ArrayBuffer>)) {
      unusable(`\`${path}\` is not valid WebAssembly: its code does not hold to the rules of the format.`);
      return;
    }
    const [first, ...others] = misfits(module, shape);
    if (first === undefined) return;
    reporter.report("MESH3021", file.source, span, `\`${path}\` does not fit \`${symbol.name}\`: ${first}.`, {
      label: "declared here",
      notes: others.map((one) => `${one.charAt(0).toUpperCase()}${one.slice(1)}.`),
      hint: guide,
    });
  } catch (error) {
    if (error instanceof WasmFormatError) unusable(`\`${path}\` ${error.message}.`);
    else if (error instanceof HostError) unusable(error.message);
    else throw error;
  }
}
