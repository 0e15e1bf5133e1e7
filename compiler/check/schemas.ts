import type { EnumSyntax, NameSyntax, RecordSyntax } from "../../grammar/syntax.ts";
import type { FieldType, FlowType, Schema } from "../../runtime/interface/caps.ts";
import type { DeclarationSymbol, FileInfo, Program } from "./program.ts";
import type { Reporter } from "./reporter.ts";
import type { TypeReader } from "./types.ts";
import type { ValueReader } from "./values.ts";

/** What the readers of records and enums fill in; defaults of fields may be values of enums further down. */
export type SchemaTable = Record<string, Schema>;

/** Reads the records and enums of all files into a table, by their keys. */
export function readSchemas(
  program: Program,
  into: SchemaTable,
  tools: { readonly types: TypeReader; readonly values: ValueReader; readonly reporter: Reporter },
): void {
  const records: DeclarationSymbol<RecordSyntax>[] = [];
  for (const file of program.files.values()) {
    for (const symbol of file.declarations.values()) {
      if (symbol.syntax.kind === "Enum") into[symbol.key] = readEnum(file, symbol.syntax, tools.reporter);
      if (symbol.syntax.kind !== "Record") continue;
      records.push(symbol as DeclarationSymbol<RecordSyntax>);
      into[symbol.key] = { kind: "record", fields: [] };
    }
  }
  for (const symbol of records) {
    const { file, syntax } = symbol;
    const names = new Map<string, NameSyntax>();
    const fields = syntax.fields.flatMap((field): FieldType[] => {
      if (field.name.text === "" || isTaken(file, field.name, names, "field", tools.reporter)) return [];
      const type = tools.types.data(file, field.type);
      const { defaultValue } = field;
      const value = defaultValue && tools.values.literal(file, defaultValue, type);
      if (type === undefined) return [];
      const optional = type.kind === "optional" || defaultValue !== undefined;
      return [{ name: field.name.text, type, optional, ...(value !== undefined && { default: value }) }];
    });
    into[symbol.key] = { kind: "record", fields };
  }
  reportEndless(records, into, tools.reporter);
}

function readEnum(file: FileInfo, syntax: EnumSyntax, reporter: Reporter): Schema {
  const names = new Map<string, NameSyntax>();
  const values = syntax.values.filter(({ name }) => name.text !== "" && !isTaken(file, name, names, "value", reporter));
  return { kind: "enum", values: values.map((one) => one.name.text) };
}

function isTaken(
  file: FileInfo,
  name: NameSyntax,
  into: Map<string, NameSyntax>,
  word: string,
  reporter: Reporter,
): boolean {
  const earlier = into.get(name.text);
  if (earlier === undefined) {
    into.set(name.text, name);
    return false;
  }
  reporter.report("MESH2003", file.source, name.span, `There are two ${word}s named \`${name.text}\`.`, {
    label: "declared again here",
    related: [{ place: { source: file.source, span: earlier.span }, message: "first declared here" }],
    hint: "Give one of them another name.",
  });
  return true;
}

/** A record that must hold another of its own kind would never end; once for each circle. */
function reportEndless(
  records: readonly DeclarationSymbol<RecordSyntax>[],
  table: SchemaTable,
  reporter: Reporter,
): void {
  const told = new Set<string>();
  for (const symbol of records) {
    if (told.has(symbol.key)) continue;
    const way = wayBack(symbol.key, table);
    if (way === undefined) continue;
    for (const { record } of way) told.add(record);
    const name = way[0]?.field ?? "";
    const field = symbol.syntax.fields.find((one) => one.name.text === name);
    const path = way.map((one) => one.field).join(".");
    reporter.report(
      "MESH3009",
      symbol.file.source,
      field?.name.span ?? symbol.syntax.name.span,
      `\`${symbol.name}\` holds itself in \`${path}\`; no value of it would ever end.`,
      { hint: "Make one of the fields optional (`?`) or a list." },
    );
  }
}

interface Step {
  readonly record: string;
  readonly field: string;
}

/** The shortest way from a record to itself through fields that must be there. */
function wayBack(start: string, table: SchemaTable): Step[] | undefined {
  const cameBy = new Map<string, readonly Step[]>();
  const queue: { readonly key: string; readonly way: readonly Step[] }[] = [{ key: start, way: [] }];
  for (let here = queue.shift(); here !== undefined; here = queue.shift()) {
    const schema = table[here.key];
    if (schema?.kind !== "record") continue;
    for (const field of schema.fields) {
      const next = neededRecord(field.type);
      if (next === undefined || field.default !== undefined) continue;
      const way = [...here.way, { record: here.key, field: field.name }];
      if (next === start) return way;
      if (cameBy.has(next)) continue;
      cameBy.set(next, way);
      queue.push({ key: next, way });
    }
  }
  return undefined;
}

function neededRecord(type: FlowType): string | undefined {
  return type.kind === "named" ? type.name : undefined;
}
