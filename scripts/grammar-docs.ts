/** The pages of the grammar, made from the tokens and rules of the parser. */
import { units } from "../grammar/literals.ts";
import { MAX_DEPTH, MAX_SOURCE } from "../grammar/scan.ts";
import { keywords } from "../grammar/tokens.ts";
import { ebnfText } from "./grammar-ebnf.ts";
import { railroadSvg } from "./grammar-railroad.ts";
import { grammarSections, type Section } from "./grammar-shapes.ts";

/** Files in docs/ with what belongs into them. */
export function grammarDocs(): ReadonlyMap<string, string> {
  const sections = grammarSections();
  return new Map([
    ["grammar.md", page(sections)],
    ["grammar.svg", railroadSvg(sections)],
  ]);
}

const reserved = ["true", "false", "map"];

const lexical = `NAME      ::= [A-Za-z_] [A-Za-z0-9_]*
VALUE     ::= "true" | "false" | "mono" | "stereo" | QUANTITY
QUANTITY  ::= "-"? [0-9]+ ("." [0-9]+)* UNIT? | [0-9]+ "x" [0-9]+
STRING    ::= '"' ([^"\\#xA#xD] | ESCAPE)* '"'
ESCAPE    ::= "\\" (["\\/bfnrt] | "u" [0-9A-Fa-f] [0-9A-Fa-f] [0-9A-Fa-f] [0-9A-Fa-f])
COMMENT   ::= "//" [^#xA#xD]* | "/*" (COMMENT | any character)* "*/"`;

function code(text: string): string {
  return `\`\`\`ebnf\n${text}\n\`\`\`\n`;
}

function inRows(words: readonly string[], width: number): string {
  const rows: string[] = [];
  for (const word of words) {
    const last = rows.at(-1);
    if (last !== undefined && last.length + word.length + 3 < width) rows[rows.length - 1] = `${last} \`${word}\``;
    else rows.push(`\`${word}\``);
  }
  return rows.join("\n");
}

function unitTable(): string {
  const byQuantity = new Map<string, string[]>();
  for (const [unit, { quantity }] of units) byQuantity.set(quantity, [...(byQuantity.get(quantity) ?? []), unit]);
  const rows = [...byQuantity].map(
    ([quantity, own]) => `| ${quantity} | ${own.map((unit) => `\`${unit}\``).join(" ")} |`,
  );
  return `| measures | units |\n| --- | --- |\n${rows.join("\n")}\n`;
}

function page(sections: readonly Section[]): string {
  const indent = Math.max(...sections.flatMap(({ rules }) => rules.map(({ name }) => name.length)));
  const words = [...keywords.keys()].toSorted();
  return `<!-- Made by \`node scripts/grammar.mjs\` from the rules of the parser. Do not edit. -->
# Grammar

Every form of the Mesh language, in the [notation of the W3C](https://www.w3.org/TR/xml/#sec-notation): \`?\` is none or
one, \`*\` any number, \`+\` at least one, \`|\` a choice. The same rules as pictures: [grammar.svg](grammar.svg).

What the rules do not say:

- Space, line ends and comments may stand between any two tokens, with one exception: an arrow and the step after it stand
  on one line. So does a name with the \`(\` behind it.
- Every keyword may also be a NAME, but for ${reserved.map((word) => `\`${word}\``).join(", ")}. After an arrow \`any\`, \`first\`, \`route\` and \`flush\`
  begin a step of their own form.
- \`///\` on lines of their own before a declaration, field, port or remote document it.
- Strings end on the line on which they begin. Block comments nest.
- A file has at most ${MAX_SOURCE / 1024 / 1024} Mi characters, and brackets nest at most ${MAX_DEPTH} deep.

## Tokens

${code(lexical)}
A UNIT is one of these, or there is none; a number with several dots is a version.

${unitTable()}
Keywords:

${inRows(words, 110)}

${sections.map(({ title, rules }) => `## ${title}\n\n${code(ebnfText(rules, indent))}`).join("\n")}`;
}
