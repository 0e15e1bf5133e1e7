import { layOut, textWidth } from "../../diagnostics/text-width.ts";

/** A line that takes no more than so many columns; what was cut off leaves an ellipsis. */
export function clipped(line: string, columns: number): string {
  if (textWidth(line) <= columns) return line;
  let text = "";
  for (const cell of layOut(line)) {
    if (cell.column + cell.width > columns - 1) break;
    text += cell.text;
  }
  return `${text}…`;
}

/** A text of several lines as one. */
export function oneLine(text: string): string {
  return text.trim().replaceAll(/\s*\n\s*/g, " ");
}
