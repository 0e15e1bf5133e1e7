/** Ways through the tree that need to know nothing about its forms. */
import type { AnySyntaxNode, FileSyntax } from "./syntax.ts";

function isNode(value: unknown): value is AnySyntaxNode {
  return typeof value === "object" && value !== null && "kind" in value && "span" in value;
}

/** The nodes directly below a node, in order of place. */
export function children(node: AnySyntaxNode): AnySyntaxNode[] {
  const found: AnySyntaxNode[] = [];
  for (const value of Object.values(node) as unknown[]) {
    if (isNode(value)) found.push(value);
    else if (Array.isArray(value)) found.push(...value.filter(isNode));
  }
  return found.toSorted((a, b) => a.span.start - b.span.start || a.span.end - b.span.end);
}

/** Calls back for a node and everything below it, parents before their children. */
export function visit(node: AnySyntaxNode, callback: (node: AnySyntaxNode) => void): void {
  callback(node);
  for (const value of Object.values(node) as unknown[]) {
    if (isNode(value)) visit(value, callback);
    else if (Array.isArray(value)) for (const one of value) if (isNode(one)) visit(one, callback);
  }
}

/** A node and everything below it, parents before their children. */
export function* descendants(node: AnySyntaxNode): Generator<AnySyntaxNode, void, undefined> {
  yield node;
  for (const child of children(node)) yield* descendants(child);
}

/**
 * The nodes around an offset, from the file down to the innermost. An offset right behind a node still belongs to it,
 * as a cursor behind a word does, unless another node begins there.
 */
export function nodeAt(file: FileSyntax, offset: number): AnySyntaxNode[] {
  const path: AnySyntaxNode[] = [file];
  for (;;) {
    const below = children(path.at(-1)!);
    const next =
      below.find(({ span }) => span.start <= offset && offset < span.end) ??
      below.findLast(({ span }) => span.start <= offset && offset === span.end);
    if (next === undefined) return path;
    path.push(next);
  }
}
