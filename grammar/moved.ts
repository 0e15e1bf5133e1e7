/**
 * A copy of a tree, or of anything else that holds spans, with all its places moved. What has no places is shared.
 * @param shift how far, in UTF-16 code units
 */
export function moved<T extends object>(one: T, shift: number): T {
  return shift === 0 ? one : (copy(one, shift) as T);
}

/** The same, whose lists are moved when somebody looks at them: of most declarations of a file nobody does after an edit. */
export function movedLazily<T extends object>(one: T, shift: number): T {
  if (shift === 0) return one;
  const result: Record<string, unknown> = {};
  for (const key in one) {
    const value: unknown = one[key];
    if (!Array.isArray(value) || value.length === 0) result[key] = valueOf(value, shift);
    else defer(result, key, () => copy(value, shift));
  }
  return result as T;
}

function defer(into: object, key: string, make: () => object): void {
  const shown = { enumerable: true, configurable: true };
  const get = (): object => {
    const value = make();
    Object.defineProperty(into, key, { ...shown, value, writable: true });
    return value;
  };
  Object.defineProperty(into, key, { ...shown, get });
}

function copy(one: object, shift: number): object {
  if (Array.isArray(one)) return one.map((item: unknown) => valueOf(item, shift));
  // Of the same shape, for objects of one shape are read faster and take less room.
  const result: Record<string, unknown> = { ...one };
  for (const key in result) {
    const value = result[key];
    if (isObject(value)) result[key] = valueOf(value, shift);
  }
  return result;
}

function valueOf(value: unknown, shift: number): unknown {
  if (!isObject(value)) return value;
  return isSpan(value) ? { start: value.start + shift, end: value.end + shift } : copy(value, shift);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** A span has nothing but its two ends. */
function isSpan(value: object): value is { start: number; end: number } {
  const { start, end } = value as { start?: unknown; end?: unknown };
  return typeof start === "number" && typeof end === "number";
}
