import type { FlowType, Schemas } from "../../interface/caps.ts";

/** What streams and calls say of a peer that reads records in CBOR. */
export const cborEncoding = "cbor";

/**
 * Whether values of a type gain by going in CBOR where both sides can: those that hold numbers, bytes or more than one record do, by
 * two to ten times (`npm run bench -- encoding`). Texts alone, in lists or maps, are read and written faster as JSON, and single values
 * have nothing to gain.
 */
export function gainsByCbor(type: FlowType, schemas: Schemas): boolean {
  if (type.kind === "optional") return gainsByCbor(type.element, schemas);
  if (type.kind === "scalar") return type.name === "json" || type.name === "resolution";
  return isData(type) && !isText(type, schemas, new Set());
}

function isData({ kind }: FlowType): boolean {
  return kind === "named" || kind === "list" || kind === "map";
}

/** Whether there is nothing but texts in it. */
function isText(type: FlowType, schemas: Schemas, seen: Set<string>): boolean {
  switch (type.kind) {
    case "scalar":
      return type.name === "text" || type.name === "version";
    case "list":
    case "map":
    case "optional":
      return isText(type.element, schemas, seen);
    case "named": {
      const schema = Object.hasOwn(schemas, type.name) ? schemas[type.name] : undefined;
      if (schema?.kind !== "record" || seen.has(type.name)) return true;
      seen.add(type.name);
      return schema.fields.every((field) => isText(field.type, schemas, seen));
    }
    default:
      return false;
  }
}
