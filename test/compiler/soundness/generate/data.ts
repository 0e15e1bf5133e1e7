import type { Data, Enum, Field, FileName, Program, RecordType, Scalar, Value } from "../program/model.ts";
import type { Tape } from "../program/tape.ts";

/** For each pattern, texts that match it as a whole. */
export const patterns: Readonly<Record<string, readonly string[]>> = {
  "[a-z]+": ["en", "de"],
  "[a-z]{2}(-[A-Z]{2})?": ["en", "de-DE"],
  "x|yy": ["x", "yy"],
};

/** Of each scalar that `in` narrows, values from the smallest to the largest. */
export const scalarValues: Readonly<Record<string, readonly Value[]>> = {
  int: [0, 1, 5, 10],
  float: [0, 0.5, 1, 10],
  duration: [0, 20_000, 1_000_000],
  frequency: [8_000, 16_000, 48_000],
  size: [1_024, 1_048_576],
  bitrate: [64_000, 2_500_000],
  framerate: [15, 30, 60],
  decibel: [-6, 0, 6],
  percentage: [0, 0.5, 0.8],
  channels: [1, 2, 6],
  version: ["12.4", "12.10", "13"],
  resolution: [
    { width: 320, height: 240 },
    { width: 640, height: 480 },
    { width: 1280, height: 720 },
  ],
};

const ranged = Object.keys(scalarValues);
const fieldNames = ["id", "text", "score", "tags", "part"] as const;

export function scalar(name: string, more: Partial<Scalar> = {}): Scalar {
  return { kind: "scalar", name, ...more };
}

export function someScalar(tape: Tape): Scalar {
  switch (tape.weighted({ text: 3, pattern: 2, plain: 3, ranged: 4, bool: 1, json: 1, bytes: 1 })) {
    case "pattern":
      return scalar("text", { pattern: tape.choose(Object.keys(patterns)) });
    case "plain":
      return scalar(tape.choose(ranged));
    case "ranged":
      return withRange(tape, tape.choose(ranged));
    case "bool":
      return scalar("bool");
    case "json":
      return scalar("json");
    case "bytes":
      return scalar("bytes");
    default:
      return scalar("text");
  }
}

function withRange(tape: Tape, name: string): Scalar {
  const all = scalarValues[name] ?? [];
  const from = tape.below(all.length);
  const to = tape.between(from, all.length - 1);
  const ends = tape.weighted({ both: 3, from: 1, to: 1 });
  const [min, max] = [all[from], all[to]];
  return scalar(name, {
    ...(ends !== "to" && min !== undefined && { min }),
    ...(ends !== "from" && max !== undefined && { max }),
  });
}

/** The records and enums of a program, and the file in which new ones are declared. */
export interface DataScope {
  readonly program: Program;
  readonly file: FileName;
  /** Gives the next free number for a name. */
  readonly next: () => number;
}

/** What carries data at a port; an optional stands only inside other types. */
export function someData(tape: Tape, scope: DataScope, depth = 0): Data {
  switch (
    tape.weighted({ scalar: 4, record: depth < 2 ? 5 : 0, enum: 2, list: depth < 2 ? 2 : 0, map: depth < 2 ? 1 : 0 })
  ) {
    case "record":
      return tape.chance(30) && scope.program.records.length > 0
        ? tape.choose(scope.program.records)
        : someRecord(tape, scope, depth);
    case "enum":
      return tape.chance(40) && scope.program.enums.length > 0
        ? tape.choose(scope.program.enums)
        : someEnum(tape, scope);
    case "list":
      return { kind: "list", element: someElement(tape, scope, depth + 1) };
    case "map":
      return { kind: "map", element: someElement(tape, scope, depth + 1) };
    default:
      return someScalar(tape);
  }
}

function someElement(tape: Tape, scope: DataScope, depth: number): Data {
  const element = someData(tape, scope, depth);
  return tape.chance(20) ? { kind: "optional", element } : element;
}

function someEnum(tape: Tape, scope: DataScope): Enum {
  return declareEnum(scope, tape.some(["en", "de", "fr", "it"], 1, 3));
}

function declareEnum(scope: DataScope, values: readonly string[]): Enum {
  const made: Enum = { kind: "enum", name: `Kind${scope.next()}`, file: scope.file, values };
  scope.program.enums.push(made);
  return made;
}

function someRecord(tape: Tape, scope: DataScope, depth: number): RecordType {
  const names = tape.some(fieldNames, 1, 3);
  return declareRecord(
    scope,
    names.map((name) => someField(tape, scope, name, depth + 1)),
  );
}

function declareRecord(scope: DataScope, fields: Field[]): RecordType {
  const made: RecordType = { kind: "record", name: `Record${scope.next()}`, file: scope.file, fields };
  scope.program.records.push(made);
  return made;
}

function someField(tape: Tape, scope: DataScope, name: string, depth: number): Field {
  const type = someData(tape, scope, depth);
  return eased(tape, { name, type });
}

/** The field as it is, or one that may be absent. */
function eased(tape: Tape, field: Field): Field {
  if (field.type.kind === "optional" || field.default !== undefined) return field;
  if (tape.chance(15)) return { name: field.name, type: { kind: "optional", element: field.type } };
  const fallback = tape.chance(15) ? defaultOf(field.type) : undefined;
  return fallback === undefined ? field : { ...field, default: fallback };
}

/** A value that may stand in the text as a default. */
export function defaultOf(type: Data): Value | boolean | undefined {
  if (type.kind === "enum") return type.values[0];
  if (type.kind !== "scalar" || type.name === "json" || type.name === "bytes") return undefined;
  if (type.pattern !== undefined) return patterns[type.pattern]?.[0];
  if (type.name === "text") return "en";
  if (type.name === "bool") return true;
  return type.min ?? type.max ?? scalarValues[type.name]?.[0];
}

/** Another type that takes all that this one gives. */
export function widerData(tape: Tape, scope: DataScope, type: Data): Data {
  switch (type.kind) {
    case "scalar":
      return widerScalar(tape, type);
    case "enum":
      if (tape.chance(25)) return scalar("text");
      return tape.chance(50)
        ? type
        : declareEnum(scope, [...new Set([...type.values, ...tape.some(["en", "nl"], 1, 2)])]);
    case "record":
      if (tape.chance(10)) return scalar("json");
      return tape.chance(40) ? type : widerRecord(tape, scope, type);
    case "list":
    case "map":
    case "optional":
      return { kind: type.kind, element: widerData(tape, scope, type.element) };
    default:
      return type satisfies never;
  }
}

function widerScalar(tape: Tape, type: Scalar): Scalar {
  if (tape.chance(8) && type.name !== "bytes") return scalar("json");
  if (type.name === "int" && tape.chance(30)) return { ...type, name: "float" };
  if (tape.chance(40)) return scalar(type.name);
  const { min, max, ...rest } = type;
  const without = tape.weighted({ none: 4, min: 1, max: 1 });
  return {
    ...rest,
    ...(min !== undefined && without !== "min" && { min }),
    ...(max !== undefined && without !== "max" && { max }),
  };
}

/** Some fields less, some that may be absent, and perhaps one more that may be. */
function widerRecord(tape: Tape, scope: DataScope, type: RecordType): RecordType {
  const fields = type.fields.flatMap((field): Field[] => {
    if (tape.chance(25)) return [];
    const inner = widerData(tape, scope, field.type);
    if (field.default !== undefined) {
      const fallback = defaultOf(inner);
      return fallback === undefined ? [] : [{ name: field.name, type: inner, default: fallback }];
    }
    return [eased(tape, { name: field.name, type: inner })];
  });
  const free = fieldNames.find((name) => type.fields.every((field) => field.name !== name));
  if (free !== undefined && tape.chance(30)) {
    fields.push({ name: free, type: { kind: "optional", element: someScalar(tape) } });
  }
  return declareRecord(scope, fields);
}

/** Another type of which this one takes all; the same, where there is no easy one. */
export function narrowerData(tape: Tape, scope: DataScope, type: Data): Data {
  switch (type.kind) {
    case "scalar":
      if (type.name === "json") return tape.chance(50) ? someData(tape, scope, 1) : type;
      if (type.name === "float" && tape.chance(30)) return { ...type, name: "int" };
      if (type.name === "text" && type.pattern === undefined && tape.chance(30)) {
        return tape.chance(50) ? scalar("text", { pattern: "[a-z]+" }) : someEnum(tape, scope);
      }
      return type;
    case "enum":
      return type.values.length > 1 && tape.chance(40) ? declareEnum(scope, type.values.slice(0, 1)) : type;
    case "record": {
      if (tape.chance(40)) return type;
      const fields = type.fields.flatMap((field): Field[] => {
        const absent = field.type.kind === "optional" || field.default !== undefined;
        return absent && tape.chance(30) ? [] : [field];
      });
      const free = fieldNames.find((name) => type.fields.every((field) => field.name !== name));
      if (free !== undefined && tape.chance(50)) fields.push(someField(tape, scope, free, 2));
      return declareRecord(scope, fields);
    }
    case "list":
    case "map":
    case "optional":
      return { kind: type.kind, element: narrowerData(tape, scope, type.element) };
    default:
      return type satisfies never;
  }
}
