import { locationOf, type Place } from "../source/source-file.ts";

/** Where a piece of generated code comes from; lines and columns count from 1. */
export interface Origin {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Text without marks, and where in it each origin begins; lines and columns count from 0. */
export interface Marked {
  readonly text: string;
  readonly segments: readonly {
    readonly line: number;
    readonly column: number;
    /** Undefined where code begins that has no origin. */
    readonly origin: Origin | undefined;
  }[];
}

/**
 * Marks in generated text that say where what follows comes from. They are of private characters, which no other text
 * that is written can hold, and are taken out when the text is complete.
 */
export class Origins {
  readonly all: Origin[] = [];

  /** What follows comes from this place. */
  at(place: Place): string {
    this.all.push(locationOf(place));
    return `\u{E000}${this.all.length - 1}\u{E001}`;
  }

  /** What follows comes from no place in particular. */
  get end(): string {
    return "\u{E000}\u{E001}";
  }
}

/** Takes the marks out of a text. @param origins what they refer to by number */
export function stripped(text: string, origins: readonly Origin[]): Marked {
  const segments: { line: number; column: number; origin: Origin | undefined }[] = [];
  const lines = text.split("\n").map((marked, line) => {
    if (!marked.includes("\u{E000}")) return marked;
    let plain = "";
    for (const part of marked.split(/(\u{E000}\d*\u{E001})/u)) {
      if (!part.startsWith("\u{E000}")) {
        plain += part;
        continue;
      }
      const index = part.slice(1, -1);
      const origin = index === "" ? undefined : origins[Number(index)];
      const last = segments.at(-1);
      // The later of two marks at one place is the one that counts.
      if (last?.line === line && last.column === plain.length) segments.pop();
      segments.push({ line, column: plain.length, origin });
    }
    return plain;
  });
  return { text: lines.join("\n"), segments };
}
