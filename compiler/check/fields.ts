import type { NameSyntax } from "../../grammar/syntax.ts";
import { formatType, type FlowType, type Schemas } from "../../runtime/interface/caps.ts";
import { suggest } from "../diagnostics/suggest.ts";
import { listed } from "./load.ts";
import type { FileInfo } from "./program.ts";
import { replaceFix, type Reporter } from "./reporter.ts";

/** What stands at a path into a record. */
export interface FieldFound {
  /** Undefined where the data is `json`, of which nothing is known. */
  readonly type: FlowType | undefined;
  /** It may be absent. */
  readonly optional: boolean;
}

/**
 * Looks up a field, such as `language` or `speaker.name`, in the type of a stream.
 * @returns undefined after a mistake that has been reported
 */
export function findField(
  file: FileInfo,
  start: FlowType,
  path: readonly NameSyntax[],
  schemas: Schemas,
  reporter: Reporter,
): FieldFound | undefined {
  let type = start;
  let optional = false;
  for (const name of path) {
    if (name.text === "") return undefined;
    if (type.kind === "optional") {
      type = type.element;
      optional = true;
    }
    if (type.kind === "scalar" && type.name === "json") return { type: undefined, optional: true };
    if (type.kind === "map") {
      type = type.element;
      optional = true;
      continue;
    }
    const schema = type.kind === "named" && Object.hasOwn(schemas, type.name) ? schemas[type.name] : undefined;
    if (schema?.kind !== "record") {
      const message = `\`${formatType(type)}\` has no fields, so there is no \`${name.text}\` to choose by.`;
      reporter.report("MESH3008", file.source, name.span, message, { hint: "Only records have fields." });
      return undefined;
    }
    const field = schema.fields.find((one) => one.name === name.text);
    if (field === undefined) {
      const known = schema.fields.map((one) => one.name);
      const near = suggest(name.text, known);
      const message = `\`${formatType(type)}\` has no field named \`${name.text}\`.`;
      reporter.report("MESH2011", file.source, name.span, message, {
        hint: near === undefined ? (listed("It has", known) ?? "It has none.") : `Did you mean \`${near}\`?`,
        fixes: near === undefined ? [] : [replaceFix(`Change to \`${near}\``, file.source, name.span, near, false)],
        types: type.kind === "named" ? [type.name] : [],
      });
      return undefined;
    }
    optional ||= field.optional && field.default === undefined;
    type = field.type;
  }
  return type.kind === "optional" ? { type: type.element, optional: true } : { type, optional };
}

/** The values of an enum, by its type; undefined for every other type. */
export function enumValues(type: FlowType | undefined, schemas: Schemas): readonly string[] | undefined {
  if (type?.kind !== "named" || !Object.hasOwn(schemas, type.name)) return undefined;
  const schema = schemas[type.name];
  return schema?.kind === "enum" ? schema.values : undefined;
}
