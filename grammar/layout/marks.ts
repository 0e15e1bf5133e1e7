/** What the layout of a token depends on beyond its text and its neighbours: collected from the tree once. */
import type { FileSyntax, Span } from "../syntax.ts";
import { visit } from "../walk.ts";

export interface Marks {
  /** Offsets behind which no space follows: `0` in `0..1`. */
  readonly tightAfter: ReadonlySet<number>;
  /** Offsets before which no space stands: `1` in `0..1`. */
  readonly tightBefore: ReadonlySet<number>;
  /** Ends of what a comparison compares: the `<` behind it is an operator and no bracket. */
  readonly compared: ReadonlySet<number>;
  /** Starts of forms whose bracket holds one thing and no list. */
  readonly single: ReadonlySet<number>;
  /** Starts of words that stand in a column, with its width: `in` beside `out`, `at` beside `else`. */
  readonly padded: ReadonlyMap<number, number>;
}

interface Columned {
  readonly word: string;
  readonly span: Span;
}

export function marksOf(file: FileSyntax): Marks {
  const tightAfter = new Set<number>();
  const tightBefore = new Set<number>();
  const compared = new Set<number>();
  const single = new Set<number>();
  const padded = new Map<number, number>();
  const column = (words: readonly Columned[]): void => {
    const width = Math.max(...words.map(({ word }) => word.length));
    for (const { span } of words) padded.set(span.start, width);
  };
  visit(file, (node) => {
    if (node.kind === "Range") {
      if (node.min !== undefined) tightAfter.add(node.min.span.end);
      if (node.max !== undefined) tightBefore.add(node.max.span.start);
    } else if (node.kind === "AtStep") {
      if (node.peer !== undefined && node.otherPeer !== undefined) tightAfter.add(node.peer.span.end);
      if (node.otherPeer !== undefined) tightBefore.add(node.otherPeer.span.start);
    } else if (node.kind === "Comparison") {
      const property = node.property.at(-1);
      if (property !== undefined) compared.add(property.span.end);
    } else if (node.kind === "ListType" || node.kind === "MapType" || node.kind === "Any") {
      single.add(node.span.start);
    } else if (node.kind === "Node" || node.kind === "Interface" || node.kind === "Pipeline") {
      const ports: Columned[] = [];
      for (const member of node.members) {
        if (member.kind === "Port") ports.push({ word: member.direction, span: member.span });
      }
      column(ports);
    } else if (node.kind === "Remote") {
      column(node.targets.map(({ role, span }) => ({ word: role, span })));
    }
  });
  return { tightAfter, tightBefore, compared, single, padded };
}
