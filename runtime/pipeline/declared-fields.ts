/**
 * A producer may add fields that its type does not tell of, and a consumer may take a field of that name for its own
 * optional one. So where a consumer knows more fields than the producer declares, records lose what nobody declared.
 */
import type { FlowType, SchemaScopes, Schemas } from "../interface/caps.ts";
import type { Frame, JsonValue, Payload } from "../interface/frame.ts";
import type { Outlet } from "./outlet.ts";

/**
 * True where the consumer may read a field that the producer does not declare. `json` reads all of them, and only what is
 * declared is known to be JSON.
 */
export function knowsMore(producer: FlowType, consumer: FlowType, scopes: SchemaScopes): boolean {
  return knows(producer, consumer, scopes, new Set());
}

function knows(producer: FlowType, consumer: FlowType, scopes: SchemaScopes, seen: Set<string>): boolean {
  if (consumer.kind === "optional") return knows(producer, consumer.element, scopes, seen);
  if (producer.kind === "optional") return knows(producer.element, consumer, scopes, seen);
  if (producer.kind === "list" || producer.kind === "map") {
    const inner = consumer.kind === "list" || consumer.kind === "map" ? consumer.element : consumer;
    return knows(producer.element, inner, scopes, seen);
  }
  if (producer.kind !== "named") return false;
  const given = schemaOf(producer.name, scopes.producer);
  if (given?.kind !== "record") return false;
  if (consumer.kind !== "named") return true;
  const pair = `${producer.name}\n${consumer.name}`;
  const taken = schemaOf(consumer.name, scopes.consumer);
  if (taken?.kind !== "record" || seen.has(pair)) return false;
  seen.add(pair);
  return taken.fields.some((field) => {
    const match = given.fields.find((one) => one.name === field.name);
    return match === undefined || knows(match.type, field.type, scopes, seen);
  });
}

/** What a value is with only the fields that its type declares; the value itself is left alone. */
export function declaredOnly(payload: Payload, type: FlowType, schemas: Schemas): Payload {
  if (typeof payload !== "object" || payload === null || ArrayBuffer.isView(payload)) return payload;
  switch (type.kind) {
    case "optional":
      return declaredOnly(payload, type.element, schemas);
    case "list":
      return Array.isArray(payload)
        ? (payload as readonly JsonValue[]).map((item) => declaredOnly(item, type.element, schemas) as JsonValue)
        : payload;
    case "map":
      return entriesOf(payload, Object.keys(payload), () => type.element, schemas);
    case "named": {
      const schema = schemaOf(type.name, schemas);
      if (schema?.kind !== "record") return payload;
      const types = new Map(schema.fields.map((field) => [field.name, field.type]));
      const names = [...types.keys()].filter((name) => Object.hasOwn(payload, name));
      return entriesOf(payload, names, (name) => types.get(name), schemas);
    }
    default:
      return payload;
  }
}

function entriesOf(
  payload: object,
  names: readonly string[],
  typeOf: (name: string) => FlowType | undefined,
  schemas: Schemas,
): JsonValue {
  return Object.fromEntries(
    names.map((name) => {
      const type = typeOf(name);
      const value = (payload as Record<string, JsonValue>)[name] as JsonValue;
      return [name, type === undefined ? value : (declaredOnly(value, type, schemas) as JsonValue)];
    }),
  );
}

function schemaOf(name: string, schemas: Schemas): Schemas[string] | undefined {
  return Object.hasOwn(schemas, name) ? schemas[name] : undefined;
}

/** Makes a frame into one of the same with fewer fields. */
export type Cut = (frame: Frame) => Frame;

/** @returns undefined where the consumer reads nothing that the producer does not declare */
export function cutBetween(producer: FlowType, consumer: FlowType, scopes: SchemaScopes): Cut | undefined {
  if (!knowsMore(producer, consumer, scopes)) return undefined;
  return (frame) => ({ ...frame, payload: declaredOnly(frame.payload, producer, scopes.producer) });
}

/**
 * What a frame loses on a way by ports of one program.
 * @param way the types of the ports, the producer's first
 */
export function cutAlong(way: readonly FlowType[], schemas: Schemas): Cut | undefined {
  const scopes = { producer: schemas, consumer: schemas };
  let all: Cut | undefined;
  way.forEach((type, index) => {
    const next = way[index + 1];
    const cut = next && cutBetween(type, next, scopes);
    const before = all;
    if (cut !== undefined) all = before === undefined ? cut : (frame) => cut(before(frame));
  });
  return all;
}

/** Hands on each frame with the fields that were declared, and no others. */
export class DeclaredOutlet implements Outlet {
  readonly #outlet: Outlet;
  readonly #cut: Cut;

  constructor(outlet: Outlet, cut: Cut) {
    this.#outlet = outlet;
    this.#cut = cut;
  }

  offer(frame: Frame): void {
    this.#outlet.offer(this.#cut(frame));
  }

  end(): void {
    this.#outlet.end();
  }
}
