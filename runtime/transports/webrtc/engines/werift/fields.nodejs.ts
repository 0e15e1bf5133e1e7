/** A field that a library does not publish; undefined where it has none of that name. */
export function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Marks what has been seen to; symbols of our own cannot collide with a field of a library. */
export const tuned = Symbol("tuned");
