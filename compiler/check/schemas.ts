import type { EnumSyntax, NameSyntax, RecordSyntax } from "../../grammar/syntax.ts";
import type { FieldType, Schema } from "../../runtime/interface/caps.ts";
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
      if (file.damage.touches(symbol.syntax)) tools.reporter.loseType(symbol.key);
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
      if (type === undefined) {
        tools.reporter.loseType(symbol.key);
        return [];
      }
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
  const symbols = new Map(records.map((one) => [one.key, one]));
  for (const way of circlesOf(
    records.map((one) => one.key),
    table,
  )) {
    // The record that is declared first tells of it.
    const keys = [...symbols.keys()];
    const start = way.reduce((best, one, at) => {
      const first = way[best];
      return first !== undefined && keys.indexOf(one.record) < keys.indexOf(first.record) ? at : best;
    }, 0);
    const steps = [...way.slice(start), ...way.slice(0, start)];
    const symbol = symbols.get(steps[0]?.record ?? "");
    if (symbol === undefined) continue;
    const field = symbol.syntax.fields.find((one) => one.name.text === steps[0]?.field);
    const path = steps.map((one) => one.field).join(".");
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

/** Circles of records by fields that must be there, found by walking in depth with a stack of its own. */
function circlesOf(keys: readonly string[], table: SchemaTable): Step[][] {
  const found: Step[][] = [];
  const state = new Map<string, "open" | "done">();
  for (const start of keys) {
    if (state.has(start)) continue;
    const stack = [{ record: start, steps: neededBy(start, table), at: 0 }];
    state.set(start, "open");
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const step = top.steps[top.at];
      top.at += 1;
      if (step === undefined) {
        state.set(top.record, "done");
        stack.pop();
      } else if (state.get(step.to) === "open") {
        const from = stack.findIndex((one) => one.record === step.to);
        found.push(stack.slice(from).map((one) => ({ record: one.record, field: one.steps[one.at - 1]?.field ?? "" })));
      } else if (!state.has(step.to)) {
        state.set(step.to, "open");
        stack.push({ record: step.to, steps: neededBy(step.to, table), at: 0 });
      }
    }
  }
  return found;
}

/** The records that each value of a record must hold. */
function neededBy(record: string, table: SchemaTable): { readonly field: string; readonly to: string }[] {
  const schema = table[record];
  if (schema?.kind !== "record") return [];
  return schema.fields.flatMap((field) =>
    field.type.kind === "named" && field.default === undefined ? [{ field: field.name, to: field.type.name }] : [],
  );
}
