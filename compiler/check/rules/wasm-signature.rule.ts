import type { SignatureSymbol } from "../program.ts";
import { isWasmPath, wasmShapeOf } from "../wasm-shape.ts";
import { isBroken, type Rule } from "./rule.ts";

/** A WebAssembly module is a function of one stream; a node with such code has to be one too. */
export const wasmSignature: Rule = {
  codes: ["MESH3022"],
  check(context) {
    for (const symbol of context.declarations) {
      if (symbol.syntax.kind !== "Node" || isBroken(symbol, context)) continue;
      const signature = context.signatures.read(symbol as SignatureSymbol);
      if (!isWasmPath(signature.from?.path?.value ?? "")) continue;
      const result = wasmShapeOf(signature, context.schemas);
      for (const { span, message, hint } of "problems" in result ? result.problems : []) {
        context.reporter.report("MESH3022", symbol.file.source, span, message, { hint });
      }
    }
  },
};
