import type { EnumSyntax, NameSyntax, RecordSyntax } from "../../grammar/syntax.ts";
import type { FieldType, Schema } from "../../runtime/interface/caps.ts";
import type { DeclarationSymbol, FileInfo, TypeSymbol } from "./program.ts";
import type { Reporter } from "./reporter.ts";
import type { TypeReader } from "./types.ts";
import type { ValueReader } from "./values.ts";

/** The schemas that have been read, by the keys of their declarations. */
export type SchemaTable = Record<string, Schema>;

export interface SchemaTools {
  readonly types: TypeReader;
  readonly values: ValueReader;
  readonly reporter: Reporter;
}

/**
 * Reads records and enums, each once. A record that is only met in another one is read when somebody looks at what it is
 * made of: records may lead through very many files.
 */
export class SchemaReader {
  readonly #table: SchemaTable;
  readonly #tools: SchemaTools;
  /** Records that were met and not looked at yet. */
  readonly #met = new Set<string>();
  #reading = false;

  /** @param into what is read; others may look into it while it grows */
  constructor(into: SchemaTable, tools: SchemaTools) {
    this.#table = into;
    this.#tools = tools;
  }

  read(symbol: TypeSymbol): void {
    const { key, file, syntax } = symbol;
    if (Object.hasOwn(this.#table, key)) {
      // To look at it is to read it.
      if (!this.#reading && this.#met.has(key)) void this.#table[key];
      return;
    }
    if (file.damage.touches(syntax)) this.#tools.reporter.loseType(key);
    if (syntax.kind === "Enum") this.#table[key] = readEnum(file, syntax, this.#tools.reporter);
    else if (this.#reading) this.#meet(symbol as DeclarationSymbol<RecordSyntax>);
    else this.#record(symbol as DeclarationSymbol<RecordSyntax>);
  }

  #meet(symbol: DeclarationSymbol<RecordSyntax>): void {
    const { key } = symbol;
    this.#met.add(key);
    Object.defineProperty(this.#table, key, {
      configurable: true,
      enumerable: true,
      get: () => {
        this.#record(symbol);
        return this.#table[key];
      },
    });
  }

  #record({ file, syntax, key }: DeclarationSymbol<RecordSyntax>): void {
    const { types, values, reporter } = this.#tools;
    this.#met.delete(key);
    // Until its fields are known it has none, so that circles end.
    this.#write(key, { kind: "record", fields: [] });
    const outer = this.#reading;
    this.#reading = true;
    const names = new Map<string, NameSyntax>();
    const fields = syntax.fields.flatMap((field): FieldType[] => {
      if (field.name.text === "" || isTaken(file, field.name, names, "field", reporter)) return [];
      const type = types.data(file, field.type);
      const { defaultValue } = field;
      const value = defaultValue && values.literal(file, defaultValue, type);
      if (type === undefined) {
        reporter.loseType(key);
        return [];
      }
      const optional = type.kind === "optional" || defaultValue !== undefined;
      return [{ name: field.name.text, type, optional, ...(value !== undefined && { default: value }) }];
    });
    this.#reading = outer;
    this.#write(key, { kind: "record", fields });
  }

  #write(key: string, value: Schema): void {
    Object.defineProperty(this.#table, key, { configurable: true, enumerable: true, writable: true, value });
  }
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
export function reportEndless(
  records: readonly DeclarationSymbol<RecordSyntax>[],
  table: SchemaTable,
  reporter: Reporter,
): void {
  const symbols = new Map(records.map((one) => [one.key, one]));
  const order = new Map(records.map((one, index) => [one.key, index]));
  for (const way of circlesOf(
    records.map((one) => one.key),
    table,
  )) {
    // The record that is declared first tells of it.
    const start = way.reduce((best, one, at) => {
      const first = way[best];
      return first !== undefined && (order.get(one.record) ?? 0) < (order.get(first.record) ?? 0) ? at : best;
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
  const all = new Set(keys);
  // A circle does not leave the files that import each other.
  const steps = (record: string): ReturnType<typeof neededBy> =>
    neededBy(record, table).filter(({ to }) => all.has(to));
  for (const start of keys) {
    if (state.has(start)) continue;
    const stack = [{ record: start, steps: steps(start), at: 0 }];
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
        stack.push({ record: step.to, steps: steps(step.to), at: 0 });
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
