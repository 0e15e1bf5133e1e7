import type { PropertySignatureStructure, OptionalKind, StatementStructures } from "ts-morph";
import type { EnumSyntax, FieldSyntax, RecordSyntax } from "../../grammar/syntax.ts";
import type { FieldType } from "../../runtime/interface/caps.ts";
import type { DeclarationSymbol, FileInfo, TypeSymbol } from "../check/program.ts";
import { docs } from "./docs.ts";
import { schemaText, typeText, unitOf } from "./payload.ts";
import { namesIn, type ModuleScope } from "./scope.ts";
import { codeSpan, dataLiteral, lineWidth, propertyKey, stringLiteral } from "./text.ts";
import { constDeclaration, structureKind } from "./structure-kind.ts";

/** The types and schemas of all records and enums that the module declares, each after those it speaks of. */
export function recordStatements(keys: readonly string[], scope: ModuleScope): StatementStructures[] {
  return inOrder(keys, scope).flatMap((symbol) => {
    const { syntax } = symbol;
    const made = syntax.kind === "Enum" ? enumStatements(symbol, syntax, scope) : recordOf(symbol, syntax, scope);
    scope.emitted(symbol);
    return made;
  });
}

/** Those that the given ones speak of come first, but for circles. */
function inOrder(keys: readonly string[], scope: ModuleScope): TypeSymbol[] {
  const found = new Set<TypeSymbol>();
  const visiting = new Set<string>();
  const visit = (key: string): void => {
    const symbol = scope.symbol(key);
    if (visiting.has(key) || !scope.isOwn(symbol)) return;
    visiting.add(key);
    const schema = scope.input.checked.schemas[key];
    if (schema?.kind === "record") for (const { type } of schema.fields) for (const one of namesIn(type)) visit(one);
    found.add(symbol);
  };
  for (const key of keys) visit(key);
  return [...found];
}

function enumStatements(symbol: TypeSymbol, syntax: EnumSyntax, scope: ModuleScope): StatementStructures[] {
  const { name } = scope.declared.schema(symbol);
  const values = [...new Set(syntax.values.map((one) => one.name.text))];
  const texts = values.map(stringLiteral);
  const flat = texts.join(" | ");
  const described = syntax.values
    .filter((one) => one.documentation !== undefined)
    .map((one) => `- ${codeSpan(one.name.text)}: ${one.documentation ?? ""}`);
  const z = scope.zod();
  const type = `${z}.ZodEnum<{ [Value in ${name}]: Value }>`;
  const line = `export const ${name}: ${type} = ${z}.enum([${texts.join(", ")}]);`;
  const list = line.length <= lineWidth ? `[${texts.join(", ")}]` : `[\n${texts.map((one) => `  ${one},\n`).join("")}]`;
  return [
    {
      kind: structureKind.TypeAlias,
      name,
      isExported: true,
      type:
        `export type ${name} = ${flat};`.length <= lineWidth
          ? flat || "never"
          : texts.map((one) => `\n  | ${one}`).join(""),
      ...docs(syntax.documentation, described.join("\n")),
    },
    {
      kind: structureKind.VariableStatement,
      isExported: true,
      declarationKind: constDeclaration,
      declarations: [
        values.length === 0
          ? { name, type: `${z}.ZodType<${name}>`, initializer: `${z}.never()` }
          : {
              name,
              type,
              initializer: scope.held.hold(`${scope.origins.at(place(symbol))}${z}.enum(${list})${scope.origins.end}`),
            },
      ],
    },
  ];
}

interface Field {
  readonly syntax: FieldSyntax;
  readonly info: FieldType;
  /** As a literal; undefined where the field has no default. */
  readonly fallback: string | undefined;
}

function recordOf(symbol: TypeSymbol, syntax: RecordSyntax, scope: ModuleScope): StatementStructures[] {
  const { name, input } = scope.declared.schema(symbol);
  const differs = scope.differs(symbol.key);
  const schema = scope.input.checked.schemas[symbol.key];
  const fields = (schema?.kind === "record" ? schema.fields : []).flatMap((info): Field[] => {
    const field = syntax.fields.find((one) => one.name.text === info.name);
    if (field === undefined) return [];
    const fallback = info.default === undefined ? undefined : dataLiteral(info.default);
    return [{ syntax: field, info, fallback }];
  });
  const statements: StatementStructures[] = [
    {
      kind: structureKind.Interface,
      name,
      isExported: true,
      properties: fields.map((field) => property(field, symbol.file, scope, "output")),
      ...docs(syntax.documentation),
    },
  ];
  if (differs) {
    const changed = fields.filter((field) => changes(field, scope));
    statements.push({
      kind: structureKind.Interface,
      name: input,
      isExported: true,
      extends: [`Omit<${name}, ${changed.map(({ info }) => stringLiteral(info.name)).join(" | ")}>`],
      properties: changed.map((field) => property(field, symbol.file, scope, "input")),
      ...docs(`A \`${name}\` as it may be sent: what has a default may be left out.`),
    });
  }
  const z = scope.zod();
  const lines = fields.map(({ syntax: field, info, fallback }) => {
    const mark = scope.origins.at({ source: symbol.file.source, span: field.name.span });
    return `  ${mark}${propertyKey(info.name)}: ${fieldSchema(info, fallback, scope)},\n`;
  });
  statements.push({
    kind: structureKind.VariableStatement,
    isExported: true,
    declarationKind: constDeclaration,
    declarations: [
      {
        name,
        type: `${z}.ZodType<${differs ? `${name}, ${input}` : name}>`,
        initializer: scope.held.hold(
          `${scope.origins.at(place(symbol))}${z}.object({${lines.length === 0 ? "" : "\n"}${lines.join("")}})${scope.origins.end}`,
        ),
      },
    ],
  });
  return statements;
}

/** True when the field is written otherwise than it reads. */
function changes({ info, fallback }: Field, scope: ModuleScope): boolean {
  return fallback !== undefined || namesIn(info.type).some((key) => scope.differs(key));
}

function property(
  { syntax, info, fallback }: Field,
  file: FileInfo,
  scope: ModuleScope,
  side: "input" | "output",
): OptionalKind<PropertySignatureStructure> {
  const mayLack = fallback === undefined ? info.optional : side === "input";
  return {
    name: info.name,
    isReadonly: true,
    hasQuestionToken: mayLack,
    type: `${typeText(info.type, scope, side)}${mayLack ? " | undefined" : ""}`,
    ...(side === "output" && docs(syntax.documentation, declaredAs(syntax, info, file))),
  };
}

/** `duration in 0ms..2s = 200ms`, in microseconds; undefined where the TypeScript type says it all. */
export function declaredAs(
  syntax: Pick<FieldSyntax, "name" | "span" | "defaultValue">,
  info: Pick<FieldType, "type">,
  file: FileInfo,
): string | undefined {
  const unit = unitOf(info.type);
  const inner = info.type.kind === "optional" ? info.type.element : info.type;
  const narrowed =
    inner.kind === "scalar" &&
    (inner.name === "int" || inner.min !== undefined || inner.max !== undefined || inner.pattern !== undefined);
  if (unit === undefined && !narrowed && syntax.defaultValue === undefined) return undefined;
  const text = file.source.text.slice(syntax.name.span.end, syntax.span.end).replace(/^\s*:/, "");
  return `${codeSpan(text)}${unit === undefined ? "" : `, ${unit}`}`;
}

function fieldSchema(info: FieldType, fallback: string | undefined, scope: ModuleScope): string {
  if (fallback !== undefined) return `${schemaText(info.type, scope)}.default(${fallback})`;
  if (info.type.kind === "optional") return `${schemaText(info.type.element, scope)}.nullish()`;
  return `${schemaText(info.type, scope)}${info.optional ? ".optional()" : ""}`;
}

function place(symbol: DeclarationSymbol) {
  return { source: symbol.file.source, span: symbol.syntax.name.span };
}
