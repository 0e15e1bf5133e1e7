import { createFormatter } from "../../grammar/index.ts";
import {
  fixedValue,
  formatScalar,
  formatType,
  isCell,
  isMedia,
  scalarNames,
  type FlowType,
} from "../../runtime/interface/caps.ts";
import type { FieldType, Schema, Schemas } from "../../runtime/interface/caps.ts";
import type { JsonValue } from "../../runtime/interface/frame.ts";

/** The interface of a pipeline that runs somewhere, as its peer tells it: nothing in it is to be trusted. */
export interface LiveInterface {
  readonly pipeline: string;
  readonly batch: boolean;
  readonly inputs: Readonly<Record<string, LivePort>>;
  readonly outputs: Readonly<Record<string, LivePort>>;
  readonly schemas: Schemas;
}

interface LivePort {
  readonly type: FlowType;
  readonly optional: boolean;
}

/** Says why an interface cannot be written as a program, in a full sentence. */
export class UnwritableError extends Error {
  override readonly name = "UnwritableError";
}

/** Deeper types, and more records, are nobody's interface. */
const maxDepth = 16;
const maxSchemas = 1_000;

/**
 * The interface as a program declares it, with the records and enums that it needs, in the canonical layout. The same
 * interface always gives the same text.
 * @param as the name of the interface in the program; made from that of the pipeline where it is left out
 * @throws {UnwritableError}
 */
export function interfaceText(live: LiveInterface, as?: string): string {
  const text = new Declarations(live).text(as);
  const laidOut = createFormatter()(text);
  if ("errors" in laidOut) {
    throw new UnwritableError(`The interface of \`${live.pipeline}\` says something that a program cannot say.`);
  }
  return laidOut.text;
}

class Declarations {
  readonly #live: LiveInterface;
  /** From the peer's name of a record or enum to the one in the program. */
  readonly #names = new Map<string, string>();
  readonly #taken = new Set<string>(scalarNames);
  readonly #waiting: string[] = [];

  constructor(live: LiveInterface) {
    this.#live = live;
  }

  text(as: string | undefined): string {
    const { pipeline, batch, inputs, outputs } = this.#live;
    const name = as ?? upperCamel(pipeline);
    this.#taken.add(name);
    const ports = [...this.#ports("in", inputs), ...this.#ports("out", outputs)];
    const declared = `${batch ? "batch " : ""}interface ${name} {\n${ports.join("\n")}\n}`;
    const schemas: string[] = [];
    for (let key = this.#waiting.shift(); key !== undefined; key = this.#waiting.shift()) {
      if (schemas.length >= maxSchemas) throw new UnwritableError(`\`${pipeline}\` speaks of too many records.`);
      schemas.push(this.#schema(key));
    }
    return [declared, ...schemas].join("\n\n");
  }

  #ports(direction: "in" | "out", ports: Readonly<Record<string, LivePort>>): string[] {
    return Object.entries(ports).map(([name, { type, optional }]) => {
      const where = `the port \`${name}\``;
      const written = this.#type(type, where, 0);
      return `${direction} ${identifier(name, "a port")}: ${written}${optional && type.kind !== "optional" ? "?" : ""}`;
    });
  }

  #schema(key: string): string {
    const { schemas } = this.#live;
    const schema = Object.hasOwn(schemas, key) ? schemas[key] : undefined;
    if (schema === undefined) throw new UnwritableError(`The peer does not say what \`${key}\` is.`);
    const name = this.#names.get(key) ?? key;
    if (schema.kind === "enum") {
      return `enum ${name} { ${schema.values.map((value) => identifier(value, "an enum value")).join(", ")} }`;
    }
    const fields = schema.fields.map((field) => this.#field(field, key));
    return `record ${name} {\n${fields.join("\n")}\n}`;
  }

  #field({ name, type, optional, default: fallback }: FieldType, record: string): string {
    const written = `${identifier(name, "a field")}: ${this.#type(type, `\`${name}\` of \`${record}\``, 0)}`;
    if (!optional || type.kind === "optional") return written;
    const value = fallback === undefined ? undefined : this.#value(fallback, type);
    // A default that a program cannot write is the peer's own affair: here the field may be absent.
    return value === undefined ? `${written}?` : `${written} = ${value}`;
  }

  #type(type: FlowType, where: string, depth: number): string {
    if (depth > maxDepth) throw new UnwritableError(`The type of ${where} is nested too deep.`);
    switch (type.kind) {
      case "list":
        return `[${this.#type(type.element, where, depth + 1)}]`;
      case "map":
        return `map<${this.#type(type.element, where, depth + 1)}>`;
      case "optional":
        return `${this.#type(type.element, where, depth + 1)}?`;
      case "named":
        return this.#named(type.name);
      default:
        return isMedia(type) ? mediaText(type, where) : formatType(type);
    }
  }

  /** The name of a record or enum, which is declared once it has been named. */
  #named(key: string): string {
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    // Where two modules of the peer declare the same name, the second is told apart by its module in parentheses.
    const base = upperCamel(key.replace(/ \([^()]*\)$/, ""));
    let name = base;
    for (let count = 2; this.#taken.has(name); count += 1) name = `${base}${count}`;
    this.#taken.add(name);
    this.#names.set(key, name);
    this.#waiting.push(key);
    return name;
  }

  #value(value: JsonValue, type: FlowType): string | undefined {
    if (type.kind === "list" && Array.isArray(value)) {
      const items = value.map((one) => this.#value(one, type.element));
      return items.every((one) => one !== undefined) ? `[${items.join(", ")}]` : undefined;
    }
    if (type.kind === "named") {
      const schema: Schema | undefined = this.#live.schemas[type.name];
      return schema?.kind === "enum" && typeof value === "string" ? JSON.stringify(value) : undefined;
    }
    if (type.kind !== "scalar") return undefined;
    if (typeof value === "boolean") return String(value);
    if (typeof value === "string") return type.name === "version" ? value : JSON.stringify(value);
    if (typeof value === "number" && type.name !== "json") return formatScalar(type.name, value);
    const { width, height } = (typeof value === "object" ? (value ?? {}) : {}) as Record<string, unknown>;
    return typeof width === "number" && typeof height === "number" ? `${width}x${height}` : undefined;
  }
}

function mediaText(type: Extract<FlowType, { kind: "audio" | "video" | "tensor" }>, where: string): string {
  if (Object.values(type.dims).some(isCell)) {
    throw new UnwritableError(`The format of ${where} depends on something that the peer does not tell.`);
  }
  const sides = Object.entries(type.dims).filter(([name]) => name.startsWith("side"));
  const written = sides.every(([, side]) => !isCell(side) && side.length === 1 && typeof side[0] === "number");
  if (written && (type.dims["rank"] === undefined || sides.length === fixedValue(type, "rank")))
    return formatType(type);
  // Outside a node there are no variables, so a shape with an open side is left open as a whole.
  const { element } = type.dims;
  return formatType({ kind: type.kind, dims: element === undefined ? {} : { element } });
}

const wordForm = /^[A-Za-z_][A-Za-z0-9_]*$/;
const reserved = new Set(["true", "false", "map"]);

function identifier(name: string, what: string): string {
  if (wordForm.test(name) && !reserved.has(name)) return name;
  throw new UnwritableError(
    `The peer has ${what} named ${JSON.stringify(name.slice(0, 80))}, which no program can name.`,
  );
}

/** `speech-to-text` becomes `SpeechToText`. */
function upperCamel(text: string): string {
  const words = text.split(/[^A-Za-z0-9]+/).filter((one) => one !== "");
  const name = words.map((one) => one.charAt(0).toUpperCase() + one.slice(1)).join("");
  return /^[A-Za-z]/.test(name) ? name : `Pulled${name}`;
}
