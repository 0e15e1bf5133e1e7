import { MeshError } from "../interface/errors.ts";
import { maxJsonDepth } from "./limits.ts";

const quote = 0x22;
const backslash = 0x5c;

/**
 * Refuses text that would parse to something so deep that code which walks it runs out of stack.
 * @throws {MeshError} `protocol-violation`
 */
export function checkJsonDepth(text: string, limit: number = maxJsonDepth): void {
  // Each level takes an opening and a closing character.
  if (text.length <= 2 * limit || openings(text, limit) <= limit) return;
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (inString) {
      if (code === backslash) i++;
      else if (code === quote) inString = false;
    } else if (code === quote) {
      inString = true;
    } else if (code === 0x5b || code === 0x7b) {
      depth++;
      if (depth > limit) throw new MeshError("protocol-violation", `JSON is nested deeper than ${limit} levels.`);
    } else if (code === 0x5d || code === 0x7d) {
      depth--;
    }
  }
}

/** How many characters there are that might open a level, or one more than `most`: found faster than by a walk, and mostly few. */
function openings(text: string, most: number): number {
  let count = 0;
  for (const opening of ["[", "{"]) {
    for (let at = text.indexOf(opening); at >= 0 && count <= most; at = text.indexOf(opening, at + 1)) count += 1;
  }
  return count;
}
