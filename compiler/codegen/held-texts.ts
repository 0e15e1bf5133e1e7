/**
 * Texts of several lines that are laid out already. The printer would indent all but their first line, so it gets a
 * placeholder of private characters, which no other text can hold.
 */
export class HeldTexts {
  readonly texts: string[] = [];

  hold(text: string): string {
    this.texts.push(text);
    return `\u{E002}${this.texts.length - 1}\u{E003}`;
  }
}

/** Puts held texts in the places of their placeholders. */
export function released(printed: string, texts: readonly string[]): string {
  return printed.replace(/\u{E002}(\d+)\u{E003}/gu, (_found, index: string) => texts[Number(index)] ?? "");
}
