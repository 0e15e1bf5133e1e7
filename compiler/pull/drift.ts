import { parse } from "../../grammar/index.ts";
import type { DeclarationSyntax, Span } from "../../grammar/syntax.ts";

/** One thing that an interface says otherwise than before. */
export interface Difference {
  /** In full words, such as "`Loud.answer` is `out answer: Reply` there, `out answer: text` here". */
  readonly message: string;
  /** Where it stands in the old text; undefined for what is new. */
  readonly span: Span | undefined;
}

/** What two texts of a pulled interface say differently, in the order of the old one; what is new comes last. */
export function differencesOf(old: string, fresh: string): Difference[] {
  const [here, there] = [partsOf(old), partsOf(fresh)];
  const found: Difference[] = [];
  for (const [name, part] of here) {
    const other = there.get(name);
    if (other === undefined) found.push({ message: `\`${name}\` is no longer there`, span: part.span });
    else if (other.text !== part.text) {
      found.push({ message: `\`${name}\` is \`${other.text}\` there, \`${part.text}\` here`, span: part.span });
    }
  }
  for (const [name, part] of there) {
    if (!here.has(name)) found.push({ message: `\`${name}\` is new there: \`${part.text}\``, span: undefined });
  }
  return found;
}

interface Part {
  readonly text: string;
  readonly span: Span;
}

/** The members of all declarations, by `Declaration.member`. */
function partsOf(text: string): Map<string, Part> {
  const parts = new Map<string, Part>();
  const add = (name: string, span: Span): void => {
    parts.set(name, { text: text.slice(span.start, span.end).replaceAll(/\s+/g, " ").replace(/,$/, ""), span });
  };
  for (const declaration of parse(text).file.declarations) {
    for (const [name, span] of membersOf(declaration)) add(name, span);
  }
  return parts;
}

function membersOf(declaration: DeclarationSyntax): (readonly [string, Span])[] {
  switch (declaration.kind) {
    case "Interface":
      return [
        // Whether it is a stream or answers requests stands before its name.
        [declaration.name.text, { start: declaration.span.start, end: declaration.name.span.end }],
        ...declaration.members.flatMap((one) =>
          one.kind === "Port"
            ? [[`${declaration.name.text}.${one.name?.text ?? one.direction}`, one.span] as const]
            : [],
        ),
      ];
    case "Record":
      return declaration.fields.map((one) => [`${declaration.name.text}.${one.name.text}`, one.span]);
    case "Enum":
      return declaration.values.map((one) => [`${declaration.name.text}.${one.name.text}`, one.span]);
    default:
      return [];
  }
}
