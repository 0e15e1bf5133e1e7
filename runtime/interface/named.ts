/** A record to be filled name by name: in it `constructor` and `__proto__` are names like all others, there only when they were put there. */
export function named<T>(): Record<string, T> {
  return Object.create(null) as Record<string, T>;
}
