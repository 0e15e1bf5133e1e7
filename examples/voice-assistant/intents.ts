/** What a small rover understands without a language model. */

const unknownIntent = "Sorry, I can only go forward, go back, turn and stop.";

const small = [
  ..."zero one two three four five six seven eight nine ten eleven twelve".split(" "),
  ..."thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split(" "),
];
/** From twenty on. */
const tens = "twenty thirty forty fifty sixty seventy eighty ninety".split(" ");

interface Intent {
  readonly says: RegExp;
  answer(groups: Readonly<Record<string, string | undefined>>): string;
}

const intents: readonly Intent[] = [
  {
    says: /\b(?:go|move|drive)\s+(?<way>forward|back|backward)s?\b(?:(?<words>.*?)\s+met(?:er|re)s?\b)?/,
    answer({ way, words }) {
      const direction = way === "forward" ? "forward" : "back";
      const meters = words === undefined ? undefined : trailingNumber(words);
      if (meters === undefined) return `Going ${direction}.`;
      return `Going ${direction} ${meters} ${meters === 1 ? "meter" : "meters"}.`;
    },
  },
  { says: /\bturn\s+(?:to\s+the\s+)?(?<way>left|right)\b/, answer: ({ way }) => `Turning ${way}.` },
  { says: /\b(?:stop|halt|wait)\b/, answer: () => "I have stopped." },
];

/** What the rover says to a command that it knows, and to any other. */
export function intentOf(text: string): string {
  const lower = text.toLowerCase();
  for (const { says, answer } of intents) {
    const found = says.exec(lower);
    if (found !== null) return answer(found.groups ?? {});
  }
  return unknownIntent;
}

/** The number that a text ends with, as a recogniser writes it: `about twenty five`, `two hundred and ten`, `12`. */
function trailingNumber(text: string): number | undefined {
  const words = text.split(/[\s-]+/).filter((word) => word !== "");
  let first = words.length;
  while (first > 0 && isNumberWord(words[first - 1] ?? "", first < words.length)) first -= 1;
  const number = words.slice(first).filter((word) => word !== "and" && word !== "a");
  if (number.length === 0) return undefined;
  let sum = 0;
  for (const word of number) {
    if (word === "hundred") sum = Math.max(sum, 1) * 100;
    else sum += valueOf(word) ?? 0;
  }
  return sum;
}

/** @param inside whether a word of the number follows: `and` and `a` are none by themselves */
function isNumberWord(word: string, inside: boolean): boolean {
  if (word === "and" || word === "a") return inside;
  return word === "hundred" || valueOf(word) !== undefined;
}

function valueOf(word: string): number | undefined {
  if (/^\d{1,4}$/.test(word)) return Number(word);
  if (small.includes(word)) return small.indexOf(word);
  return tens.includes(word) ? 20 + 10 * tens.indexOf(word) : undefined;
}
