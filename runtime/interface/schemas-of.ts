import type { FlowType, Schema, Schemas } from "./caps.ts";

/** The records and enums that the types mean, through and through: what the other peer has to know of them. */
export function schemasOf(types: Iterable<FlowType>, schemas: Schemas): Record<string, Schema> {
  const found: Record<string, Schema> = {};
  const waiting = [...types];
  for (let type = waiting.pop(); type !== undefined; type = waiting.pop()) {
    if (type.kind === "list" || type.kind === "optional" || type.kind === "map") waiting.push(type.element);
    if (type.kind !== "named" || Object.hasOwn(found, type.name)) continue;
    const schema = Object.hasOwn(schemas, type.name) ? schemas[type.name] : undefined;
    if (schema === undefined) continue;
    found[type.name] = schema;
    if (schema.kind === "record") waiting.push(...schema.fields.map((field) => field.type));
  }
  return found;
}
