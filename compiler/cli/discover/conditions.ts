import { compile } from "../../compile.ts";
import { memoryHost } from "../../host/memory.ts";
import type { Condition } from "../../../runtime/interface/plan.ts";
import { usageError } from "../exit-code.ts";

/**
 * Conditions as a program writes them.
 * @throws {CommandError} with exit code 2 for what is none
 */
export function readConditions(text: string): Condition[] {
  // The language itself reads them, so that they mean here what they mean there.
  const program = `interface Asked { in a: text\n out b: text\n requires ${text}\n}
pipeline Any: Asked { in a: text\n out b: text\n requires ${text}\n a -> b }
`;
  const { plan, diagnostics } = compile("where.mesh", memoryHost({ "where.mesh": program }, {}), {
    compilerVersion: "",
  });
  const [error] = diagnostics.filter(({ severity }) => severity === "error");
  const found = plan?.pipelines["Any"]?.requires;
  if (error === undefined && found !== undefined) return found;
  const why = error === undefined ? "" : `: ${error.message}`;
  throw usageError(
    `\`--where '${text}'\` is no condition${why}`,
    "Write it as in --where 'gpu.memory >= 8GiB, cuda >= 12'.",
  );
}
