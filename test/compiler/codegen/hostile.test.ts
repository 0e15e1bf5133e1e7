import * as fc from "fast-check";
import { ts } from "ts-morph";
import { describe, expect, it } from "vitest";
import { memoryHost } from "../../../compiler/host/memory.ts";
import type { Plan } from "../../../runtime/interface/plan.ts";
import { generate } from "./support/generate.ts";

/** What people try: ends of strings, comments, expressions and types, and what tools read as ends of lines. */
const nasty = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      '"',
      "'",
      "`",
      "${process.exit()}",
      "\\",
      '\\"',
      "*/",
      "/*",
      "//",
      "\n",
      "\r",
      "\u2028",
      "\u2029",
      "\t",
      "\0",
      "</script>",
      "<!--",
      "}",
      "{",
      ");",
      "]",
      "\\u0022",
      "\\x27",
      "$&",
      "$1",
      "\u202e",
      "\ufeff",
      "\ud800",
      "\udfff",
      "\ue000",
      "\ue0010\ue001",
      "\ue0020\ue003",
      "@generated",
      "*/ } process.exit(1) /*",
      '"; process.exit(1); //',
      "import('fs')",
      "é",
      "語",
      "😀",
      "/",
      "[",
      "(",
      ")",
      "|",
      "?",
      "+",
      "^",
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 6 }) },
);
const nastyText = fc.array(nasty, { maxLength: 8 }).map((parts) => parts.join(""));
const words = [
  "class",
  "__proto__",
  "constructor",
  "toString",
  "default",
  "await",
  "z",
  "plan",
  "Promise",
  "then",
  "Nodes",
  "string",
  "any2",
  "_",
  "__",
  "Object",
  "program",
  "close",
  "import",
  "arguments",
  "eval",
  "prototype",
  "hasOwnProperty",
];
const name = fc.oneof(
  fc.constantFrom(...words),
  fc.string({ unit: fc.constantFrom(..."abXY_09"), minLength: 1, maxLength: 5 }).map((one) => `n${one}`),
);

/** A string of the language; what it cannot hold is left out. */
const quoted = (value: string): string => JSON.stringify(value.replace(/[\ud800-\udfff]|\p{Cc}/gu, ""));
/** A pattern that matches the text. */
const pattern = (value: string): string => value.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
/** A documentation comment: whatever stands on its lines. */
const comment = (value: string): string =>
  `${value
    .split(/\r\n|[\n\r\u2028\u2029]/)
    .map((line) => `/// ${line}`)
    .join("\n")}\n`;

const programs = fc
  .record({
    // The plan keeps declarations by name, in records that cannot hold this one.
    names: fc
      .uniqueArray(name, { minLength: 8, maxLength: 8 })
      .filter(([a, b, c, d, , , , h]) => ![a, b, c, d, h].includes("__proto__")),
    texts: fc.array(nastyText, { minLength: 8, maxLength: 8 }),
  })
  .map(({ names: [a, b, c, d, e, f, g, h], texts: [s, t, u, v, w, x, y] }) => ({
    source: `
${comment(s ?? "")}record ${a} {
  ${comment(t ?? "").trimEnd()}
  ${e}: text matches ${quoted(pattern(u ?? ""))}
  ${f}: text = ${quoted(v ?? "")}
  ${g}: [${a}] = []
}
${comment(y ?? "")}enum ${b} { ${e}, ${f}, ${g} }
${comment(w ?? "")}node ${c}(${e}: text = ${quoted(w ?? "")}, ${f}: [text] = [${quoted(x ?? "")}], ${h}: ${b} = "${g}") {
  in  ${e}: ${a}
  ${comment(y ?? "").trimEnd()}
  out ${f}: ${a}
  from ${quoted(`./${(x ?? "").replaceAll("/", "")}.ts`)}
}
${comment(x ?? "")}pipeline ${d}(${g}: text = ${quoted(s ?? "")}) {
  ${comment(t ?? "").trimEnd()}
  in  ${e}: ${a}
  out ${f}: ${a}
  ${e} -> ${c}(${e}: ${g}, ${f}: [${quoted(y ?? "")}]) -> ${f}
}
peer ${h} { runs ${d}
 listens env(${quoted(v ?? "")}, "webrtc://127.0.0.1:7443") }
`,
  }));

/** The value of a literal of plain data, read from the tree and not by running it. */
function valueOf(node: ts.Expression): unknown {
  if (ts.isStringLiteral(node)) return node.text;
  if (ts.isNumericLiteral(node)) return Number(node.text);
  if (ts.isPrefixUnaryExpression(node)) return -Number(node.operand.getText());
  if (ts.isArrayLiteralExpression(node)) return node.elements.map(valueOf);
  if (node.kind === ts.SyntaxKind.TrueKeyword || node.kind === ts.SyntaxKind.FalseKeyword) {
    return node.kind === ts.SyntaxKind.TrueKeyword;
  }
  if (node.kind === ts.SyntaxKind.NullKeyword) return null;
  if (!ts.isObjectLiteralExpression(node)) throw new Error(`no plain data: ${node.getText()}`);
  return Object.fromEntries(
    node.properties.map((property) => {
      if (!ts.isPropertyAssignment(property)) throw new Error(`no plain data: ${property.getText()}`);
      const { name: key } = property;
      const text = ts.isComputedPropertyName(key)
        ? valueOf(key.expression)
        : (key as ts.Identifier | ts.StringLiteral).text;
      // Outside brackets it would set the prototype.
      if (text === "__proto__" && !ts.isComputedPropertyName(key)) throw new Error("__proto__ is not computed");
      return [String(text), valueOf(property.initializer)];
    }),
  );
}

function parse(code: string): { file: ts.SourceFile; problems: readonly ts.Diagnostic[] } {
  const file = ts.createSourceFile("module.ts", code, ts.ScriptTarget.ES2022, true);
  const { parseDiagnostics = [] } = file as ts.SourceFile & { parseDiagnostics?: readonly ts.Diagnostic[] };
  return { file, problems: parseDiagnostics };
}

/** The statements of a module, by kind and name. */
function outline(file: ts.SourceFile): string[] {
  return file.statements.map((one) => {
    const named = ts.isVariableStatement(one)
      ? one.declarationList.declarations[0]?.name
      : (one as ts.InterfaceDeclaration).name;
    return `${ts.SyntaxKind[one.kind]} ${ts.isImportDeclaration(one) ? "" : (named?.getText() ?? "")}`.trim();
  });
}

function planIn(file: ts.SourceFile): unknown {
  for (const statement of file.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    const [declaration] = statement.declarationList.declarations;
    if (declaration?.type?.getText().endsWith("Plan") === true && declaration.initializer !== undefined) {
      return valueOf(declaration.initializer);
    }
  }
  throw new Error("the module has no plan");
}

describe("names and texts of a program", () => {
  it("cannot break out of the module that is generated", () => {
    let checked = 0;
    fc.assert(
      fc.property(programs, ({ source }) => {
        let generated;
        try {
          generated = generate("main.mesh", memoryHost({ "main.mesh": source }));
        } catch (error) {
          // Refused by the checker: two things of one name, a pattern that is none.
          if (error instanceof Error && /^MESH\d/.test(error.message)) return;
          throw error;
        }
        checked += 1;
        const { file, problems } = parse(generated.text);
        expect(problems.map((one) => one.messageText)).toEqual([]);
        // The plan in the module is the plan, so no text has become code, and no code text.
        expect(planIn(file)).toEqual(JSON.parse(JSON.stringify(generated.plan)) as Plan);
        const kinds = outline(file).map((one) => one.split(" ")[0]);
        expect(kinds.filter((kind) => kind === "FunctionDeclaration")).toHaveLength(2);
        expect(kinds.filter((kind) => kind === "ExpressionStatement")).toEqual([]);
        expect(new Set(kinds)).toEqual(
          new Set([
            "ImportDeclaration",
            "InterfaceDeclaration",
            "FirstStatement",
            "TypeAliasDeclaration",
            "FunctionDeclaration",
          ]),
        );
        // Nothing is hidden from who reads it, and nothing is left of how it was made.
        expect(generated.text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u2028-\u202e\u2066-\u2069\ue000-\uf8ff]/);
        const declared = outline(file).map((one) => one.split(" ")[1] ?? "");
        expect(declared.filter((one) => /^(Promise|string|class|default|import)$/.test(one))).toEqual([]);
      }),
      { numRuns: 400, seed: 7 },
    );
    expect(checked).toBeGreaterThan(200);
  });
});
