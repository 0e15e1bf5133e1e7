import { MeshError } from "../interface/errors.ts";
import type { PortSchema } from "./ports.ts";

/**
 * Reads a value by the schema of a port.
 * @throws {MeshError} `invalid-argument` that names the port and the first place that is not as it should be
 */
export function checked<T>(schema: PortSchema<T, never>, value: unknown, port: string): T {
  const result = schema.safeParse(value as never);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const place = issue === undefined || issue.path.length === 0 ? "" : ` at \`${issue.path.map(String).join(".")}\``;
  throw new MeshError(
    "invalid-argument",
    `\`${port}\` was given a value that does not fit${place}: ${issue?.message ?? "unreadable"}.`,
  );
}
