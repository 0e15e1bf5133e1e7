/**
 * "Did you mean …?": the nearest of the names that could have stood there.
 *
 * The distance counts insertions, deletions, replacements and swaps of neighbours (Damerau and Levenshtein, in the
 * restricted form that edits no part twice).
 */

/** Longer names are not compared: the work grows with the product of the lengths, and the text is not ours. */
const longest = 128;

/** Steps from one text to the other; where there are more than `limit`, any number above it. */
export function editDistance(a: string, b: string, limit = Number.POSITIVE_INFINITY): number {
  const columns = b.length + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: columns }, (_, column) => column);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j < columns; j += 1) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        best = Math.min(best, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(best);
    }
    beforeLast = last;
    last = row;
    // What follows only adds to the least of the last two rows.
    if (limit < i && Math.min(...last) > limit && Math.min(...beforeLast) > limit) return limit + 1;
  }
  return last[b.length] ?? 0;
}

/**
 * The candidates near enough to be meant, nearest first; equally near ones in the order given. Case alone counts little.
 * @param limit how many steps away one may be; by default one for a word of one or two characters, two for a longer one
 */
export function suggestions(word: string, candidates: Iterable<string>, limit = word.length < 3 ? 1 : 2): string[] {
  if (word.length === 0 || word.length > longest) return [];
  const lower = word.toLowerCase();
  const near: { name: string; distance: number }[] = [];
  for (const name of new Set(candidates)) {
    if (name === word || name.length > longest || Math.abs(name.length - word.length) > limit) continue;
    const folded = editDistance(lower, name.toLowerCase(), limit);
    // A name of two letters is one step from every name of one letter; that is no likeness.
    if (folded <= limit && folded < name.length) near.push({ name, distance: folded });
  }
  return near.toSorted((a, b) => a.distance - b.distance).map((one) => one.name);
}

/** The nearest candidate, undefined when none is near. */
export function suggest(word: string, candidates: Iterable<string>): string | undefined {
  return suggestions(word, candidates)[0];
}

/**
 * The keyword that was meant. Stricter than for names: where it is wrong about a name of the user's, what follows is
 * read as something else.
 */
export function suggestKeyword(word: string, keywords: Iterable<string>): string | undefined {
  return word.length < 2 ? undefined : suggestions(word, keywords, word.length < 5 ? 1 : 2)[0];
}
