/** How text from a file stands on a terminal: columns, not code units. */

/** Columns from one tab stop to the next. */
const tabWidth = 4;

/** East Asian wide and fullwidth forms (Unicode TR 11) and the emoji that terminals draw over two columns. */
const wideRanges: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x231a, 0x231b],
  [0x23e9, 0x23ec],
  [0x2614, 0x2615],
  [0x26a1, 0x26a1],
  [0x2705, 0x2705],
  [0x274c, 0x274c],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa000, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1f64f],
  [0x1f680, 0x1f6ff],
  [0x1f900, 0x1f9ff],
  [0x1fa70, 0x1faff],
  [0x20000, 0x3fffd],
];

/** Marks that combine with the character before, joiners, variation selectors: no column of their own. */
const zeroWidth = /^[\p{Mn}\p{Me}\u200b-\u200d\u2060\ufe00-\ufe0f]$/u;

/** 0, 1 or 2 columns. */
function characterWidth(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x300) return 1;
  if (zeroWidth.test(character)) return 0;
  return wideRanges.some(([low, high]) => code >= low && code <= high) ? 2 : 1;
}

/** One cell-filling piece of a line and where it came from. */
export interface Cell {
  readonly text: string;
  /** Offset in the line, in UTF-16 code units. */
  readonly offset: number;
  readonly column: number;
  readonly width: number;
}

/** Escape sequences in a source must not reach the terminal, nor may a text be shown in another order than it has. */
function visible(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (code === 0x7f) return "\u2421";
  const hidden =
    (code >= 0x80 && code < 0xa0) || (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
  return hidden || (code >= 0xd800 && code <= 0xdfff) ? "\ufffd" : character;
}

/** Lays a line out in columns: tabs become spaces, control characters their pictures. */
export function layOut(line: string): Cell[] {
  const cells: Cell[] = [];
  let column = 0;
  let offset = 0;
  for (const character of line) {
    const text = character === "\t" ? " ".repeat(tabWidth - (column % tabWidth)) : visible(character);
    const width = character === "\t" ? text.length : characterWidth(text);
    cells.push({ text, offset, column, width });
    column += width;
    offset += character.length;
  }
  return cells;
}

/** Columns that a text takes. */
export function textWidth(text: string): number {
  return layOut(text).reduce((sum, cell) => sum + cell.width, 0);
}

/** The text with control characters made visible; line breaks stay. */
export function printable(text: string): string {
  return text
    .split(/\r?\n/)
    .map((line) =>
      layOut(line)
        .map((cell) => cell.text)
        .join(""),
    )
    .join("\n");
}
