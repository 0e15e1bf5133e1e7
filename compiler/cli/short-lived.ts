import process from "node:process";
import { setFlagsFromString } from "node:v8";

/** V8 of Node 20, where this was measured and the flag is known; others would say on the terminal that theirs is not. */
const measured = "11.";

/**
 * For a command that ends within seconds: V8 turns what has run for a while into fast machine code, on threads that take the
 * cores from the work itself, and here most of it would be ready when nothing is left to do. With eight times its patience
 * (`--interrupt-budget`, in bytes of bytecode) it does so only for what really runs hot.
 *
 * @param v8 its version
 */
export function optimiseLate(v8: string = process.versions.v8): void {
  if (v8.startsWith(measured)) setFlagsFromString("--interrupt-budget=1000000");
}
