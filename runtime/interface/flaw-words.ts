/** What is said of data that a schema refuses. Zod Mini brings no words of its own, and those of Zod are for all that it knows. */
import type * as z from "zod/mini";

/** What is wrong, to be read behind a colon: `expected string, found 7`. Texts and objects are not repeated: they may be large. */
export function flawOf(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return `expected ${issue.expected}, found ${kindOf(issue.input)}`;
    case "invalid_value":
      return `expected ${issue.values.map((value) => JSON.stringify(value)).join(" or ")}`;
    case "too_small":
      return `expected ${issue.inclusive === false ? "more than" : "at least"} ${issue.minimum}${unitOf(issue.origin)}`;
    case "too_big":
      return `expected ${issue.inclusive === false ? "less than" : "at most"} ${issue.maximum}${unitOf(issue.origin)}`;
    case "unrecognized_keys":
      return `found ${issue.keys.map((key) => JSON.stringify(key.slice(0, 64))).join(", ")}, which does not belong there`;
    case "invalid_union":
      return issue.discriminator === undefined
        ? "it is nothing that may stand there"
        : `its \`${issue.discriminator}\` is none of those that there are`;
    case "invalid_key":
      return "it has a name that may not stand there";
    default:
      return "it cannot be read";
  }
}

/** What a bound counts. */
function unitOf(origin: string): string {
  return origin === "string" ? " characters" : origin === "array" ? " items" : "";
}

function kindOf(input: unknown): string {
  if (input === undefined) return "nothing";
  if (typeof input === "number" || input === null) return String(input);
  return Array.isArray(input) ? "array" : typeof input;
}
