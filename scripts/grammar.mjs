// Writes docs/grammar.md and docs/grammar.svg from the rules of the parser. `node scripts/grammar.mjs`
import { writeFileSync } from "node:fs";
import { register } from "tsx/esm/api";

const unregister = register();
const { grammarDocs } = await import("./grammar-docs.ts");
for (const [file, text] of grammarDocs()) {
  writeFileSync(new URL(`../docs/${file}`, import.meta.url), text);
  console.log(`docs/${file}`);
}
await unregister();
