import type { JsonValue, Payload } from "../../interface/frame.ts";

/** The value that a path leads to in a record; undefined where there is none. */
export function valueAt(payload: Payload, path: readonly string[]): Payload | undefined {
  let value: Payload | undefined = payload;
  for (const name of path) {
    if (typeof value !== "object" || value === null || ArrayBuffer.isView(value) || Array.isArray(value)) {
      return undefined;
    }
    const record = value as Readonly<Record<string, JsonValue>>;
    value = Object.hasOwn(record, name) ? record[name] : undefined;
  }
  return value;
}
