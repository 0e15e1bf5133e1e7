/** One thing that the compiler decided at a place, for people. */
export interface Section {
  /** As the program writes it: `mic ~> vad`. */
  readonly head: string;
  readonly facts: readonly Fact[];
}

/** `format: audio<opus, 48kHz, mono>`, with the reasons below. */
export interface Fact {
  readonly name: string;
  readonly text: string;
  /** Why; one line each. */
  readonly because: readonly string[];
}

export function fact(name: string, text: string, because: readonly string[] = []): Fact {
  return { name, text, because };
}
