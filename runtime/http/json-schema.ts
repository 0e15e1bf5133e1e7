/** Types of ports as JSON Schema (2020-12, which OpenAPI 3.1 takes as it is). */
import { formatScalar, formatType, isMedia, type FlowType, type ScalarType, type Schema } from "../interface/caps.ts";
import type { JsonValue } from "../interface/frame.ts";
import { servedType } from "./values.ts";

export type JsonSchema = { readonly [key: string]: JsonValue };

/** Names of records and enums as keys that OpenAPI takes. */
export function schemaKey(name: string): string {
  return name.replaceAll(/[^\w.-]/g, "_");
}

/** @param definitions where the records and enums are, such as `#/$defs/` */
export function jsonSchema(type: FlowType, definitions: string): JsonSchema {
  if (isMedia(type)) return base64(formatType(servedType(type)));
  switch (type.kind) {
    case "signal":
      return { type: "null" };
    case "optional":
      return { anyOf: [jsonSchema(type.element, definitions), { type: "null" }] };
    case "list":
      return { type: "array", items: jsonSchema(type.element, definitions) };
    case "map":
      return { type: "object", additionalProperties: jsonSchema(type.element, definitions) };
    case "named":
      return { $ref: `${definitions}${schemaKey(type.name)}` };
    case "scalar":
      return scalar(type);
    default:
      return type satisfies never;
  }
}

/** Of a record or an enum. */
export function definitionOf(schema: Schema, definitions: string): JsonSchema {
  if (schema.kind === "enum") return { type: "string", enum: [...schema.values] };
  const properties = Object.fromEntries(
    schema.fields.map((field) => {
      const own = jsonSchema(field.type, definitions);
      // An absent field and one that is null are the same.
      const type = field.optional && field.type.kind !== "optional" ? { anyOf: [own, { type: "null" }] } : own;
      return [field.name, field.default === undefined ? type : { ...type, default: field.default }];
    }),
  );
  const required = schema.fields.filter(({ type, optional }) => !optional && type.kind !== "optional");
  return {
    type: "object",
    properties,
    ...(required.length > 0 && { required: required.map(({ name }) => name) }),
  };
}

function base64(description: string): JsonSchema {
  return { type: "string", contentEncoding: "base64", description };
}

function scalar(type: ScalarType): JsonSchema {
  const { name, min, max, pattern } = type;
  switch (name) {
    case "text":
      return { type: "string", ...(pattern !== undefined && { pattern: `^(?:${pattern})$` }) };
    case "bytes":
      return base64("bytes");
    case "json":
      return {};
    case "bool":
      return { type: "boolean" };
    case "version":
      return { type: "string", description: formatType(type) };
    case "resolution": {
      const side = { type: "integer", minimum: 1 };
      const properties = { width: side, height: side };
      return { type: "object", properties, required: ["width", "height"], description: formatType(type) };
    }
    case "channels":
      return { type: ["integer", "string"], description: formatType(type) };
    default:
      return {
        type: name === "int" ? "integer" : "number",
        ...(min !== undefined && { minimum: min }),
        ...(max !== undefined && { maximum: max }),
        ...(name !== "int" && name !== "float" && { description: `${name}; 1 is ${formatScalar(name, 1)}` }),
      };
  }
}
