import { setFlagsFromString } from "node:v8";

/**
 * For a command that ends within seconds: V8 turns what has run for a while into fast machine code, on threads that take the
 * cores from the work itself, and here most of it would be ready when nothing is left to do. With eight times its patience
 * (`--interrupt-budget`, in bytes of bytecode) it does so only for what really runs hot.
 */
export function optimiseLate(): void {
  setFlagsFromString("--interrupt-budget=1000000");
}
