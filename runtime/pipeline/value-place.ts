import type { FlowType, Schemas } from "../interface/caps.ts";
import { isAbsent, isList, isObject, valueCheck } from "./payload-check.ts";

/**
 * Looks at a value through and through: where it breaks its type, as a path of fields and indices; empty for the value
 * itself, undefined where it does not.
 */
export type PlaceOf = (value: unknown, type: FlowType, schemas: Schemas) => string | undefined;

/** The one that there is. It is handed to those who want it, for a page does without. */
export const placeOf: PlaceOf = (value, type, schemas) => {
  if (valueCheck(type, schemas)(value)) return undefined;
  for (const [name, inner, element] of partsOf(value, type, schemas)) {
    const place = placeOf(inner, element, schemas);
    if (place === undefined) continue;
    return place === "" || place.startsWith("[") ? `${name}${place}` : `${name}.${place}`;
  }
  return "";
};

function partsOf(value: unknown, type: FlowType, schemas: Schemas): [string, unknown, FlowType][] {
  if (type.kind === "optional") return partsOf(value, type.element, schemas);
  if (type.kind === "list" && isList(value)) {
    return (value as readonly unknown[]).map((item, index) => [`[${index}]`, item, type.element]);
  }
  if (!isObject(value)) return [];
  if (type.kind === "map") return Object.entries(value as object).map(([key, item]) => [key, item, type.element]);
  const schema = type.kind === "named" && Object.hasOwn(schemas, type.name) ? schemas[type.name] : undefined;
  if (schema?.kind !== "record") return [];
  const record = value as Record<string, unknown>;
  return schema.fields.flatMap((field): [string, unknown, FlowType][] => {
    const found = Object.hasOwn(record, field.name) ? record[field.name] : undefined;
    return isAbsent(found, field) ? [] : [[field.name, found, field.type]];
  });
}
