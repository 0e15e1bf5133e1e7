/** Whether two trees say the same, wherever in their texts they say it. */
import type { AnySyntaxNode, FileSyntax } from "./syntax.ts";

function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((one, index) => same(one, b[index]));
  }
  const others = b as Readonly<Record<string, unknown>>;
  return Object.entries(a).every(([key, value]) => isPlace(key) || same(value, others[key]));
}

function isPlace(key: string): boolean {
  return key === "span" || key === "arrowSpan";
}

/** Compares all but places. Nodes of one kind have the same keys, so looking at those of one side is enough. */
export function isSameTree<N extends AnySyntaxNode | FileSyntax>(a: N, b: N): boolean {
  return same(a, b);
}
