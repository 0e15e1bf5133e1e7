import type { PipelineDescription } from "../../interface/description.ts";
import { schemasOf } from "../../interface/schemas-of.ts";
import { shortSha256 } from "./sha256.ts";

/**
 * A name for what a pipeline takes and gives, the same for all pipelines of the same ports, types and schemas, whatever they are called
 * and wherever they run: the first 32 digits of the SHA-256 of its canonical JSON (members in the order of their names, without blanks).
 */
export function interfaceHash({
  batch,
  inputs,
  outputs,
  schemas,
}: Pick<PipelineDescription, "batch" | "inputs" | "outputs" | "schemas">): string {
  const types = [...Object.values(inputs), ...Object.values(outputs)].map(({ type }) => type);
  return shortSha256(canonical({ batch, inputs, outputs, schemas: schemasOf(types, schemas) }));
}

/** JSON in which equal values have equal texts (RFC 8785 for what such values hold). */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`);
  return `{${members.join(",")}}`;
}
