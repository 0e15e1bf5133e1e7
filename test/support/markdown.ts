/**
 * What a page of the documentation shows: its fenced blocks, each with the notes that stand as comments right before it.
 *
 * - `<!-- file: shout.mesh -->`: the block is that file, for the blocks and commands after it.
 * - `<!-- around … -->`: a program with a line `…` in it, in whose place the block belongs.
 * - `<!-- mistake shout.mesh ["-> Upper()", "-> Uper()"] -->`: the block is what the compiler says when the first text of
 *   the file is replaced by the second one.
 * - `<!-- grammar: Flows -->`: the block is that section of `grammar.md`.
 */
export interface Block {
  /** What stands behind the backquotes: `mesh`, `ts`, `sh`, `text`, `ebnf`. */
  readonly language: string;
  readonly text: string;
  /** Counted from 1; the first line of the text. */
  readonly line: number;
  readonly file: string | undefined;
  readonly around: string | undefined;
  readonly mistake: Mistake | undefined;
  readonly grammar: string | undefined;
}

export interface Mistake {
  readonly file: string;
  readonly right: string;
  readonly wrong: string;
}

const fence = /(?:<!-- (file|around|mistake|grammar)(?::? ([^\n]*?) |\n([^]*?)^)-->\n+)?^```(\w*)\n([^]*?)^```$/gm;

/** The blocks of a page, in order. */
export function blocksOf(page: string): Block[] {
  return [...page.matchAll(fence)].map((match) => {
    const [whole, note, short = "", long, language = "", text = ""] = match;
    const before = page.slice(0, match.index) + whole.slice(0, whole.lastIndexOf(`\`\`\`${language}\n${text}`));
    return {
      language,
      text,
      line: before.split("\n").length + 1,
      file: note === "file" ? short : undefined,
      around: note === "around" ? long : undefined,
      mistake: note === "mistake" ? mistakeOf(short) : undefined,
      grammar: note === "grammar" ? short : undefined,
    };
  });
}

function mistakeOf(text: string): Mistake {
  const [, file = "", change = ""] = /^(\S+) (.*)$/.exec(text) ?? [];
  const [right, wrong] = JSON.parse(change) as [string, string];
  return { file, right, wrong };
}

/** The page with the texts of some blocks replaced; undefined leaves a block as it is. */
export function withTexts(page: string, texts: (block: Block, index: number) => string | undefined): string {
  const blocks = blocksOf(page);
  let index = -1;
  return page.replace(fence, (whole: string) => {
    index += 1;
    const block = blocks[index];
    const text = block && texts(block, index);
    if (block === undefined || text === undefined) return whole;
    const head = whole.slice(0, whole.length - block.text.length - "```".length);
    return `${head}${text}\`\`\``;
  });
}

/** The blocks of a page that are marked as one language. */
export function textsIn(page: string, language: string): string[] {
  return blocksOf(page).flatMap((one) => (one.language === language ? [one.text] : []));
}

/** The program that a block of a page stands for, and the line of it, from 0, on which the block begins. */
export function programOf({ text, around }: Block): { readonly text: string; readonly offset: number } {
  if (around === undefined) return { text, offset: 0 };
  const match = /^( *)…\n/m.exec(around);
  if (match === null) throw new Error(`nothing stands for the block at ${JSON.stringify(around)}`);
  const [line, indent = ""] = match;
  const before = around.slice(0, match.index);
  const shown = text.replaceAll(/^(?=.)/gm, indent);
  return {
    text: before + shown + around.slice(match.index + line.length),
    offset: before.split("\n").length - 1,
  };
}
