/** Somebody who types at random, the same for the same seed. */

/** Numbers from 0 up to `below` (mulberry32). */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const typed = [
  ...'{}()[]<>:,.|=~->" \n',
  "a -> ",
  "~> ",
  "pipeline P {",
  "}\n",
  "let x = ",
  "at ",
  "48kHz",
  "// ",
  "/*",
  "/// ",
  "import { ",
];

/** Something taken away, copied or typed somewhere in a text. @returns where the cursor stands then */
export function randomEdit(
  text: string,
  random: (below: number) => number,
): { readonly text: string; readonly at: number } {
  const at = random(text.length + 1);
  switch (random(4)) {
    case 0:
      return { text: text.slice(0, at) + text.slice(at + 1 + random(8)), at };
    case 1: {
      const from = random(text.length + 1);
      const piece = text.slice(from, from + random(40));
      return { text: text.slice(0, at) + piece + text.slice(at), at: at + piece.length };
    }
    default: {
      const piece = typed[random(typed.length)] ?? "";
      return { text: text.slice(0, at) + piece + text.slice(at), at: at + piece.length };
    }
  }
}
