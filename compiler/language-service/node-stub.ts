import type { NodeSyntax } from "../../grammar/syntax.ts";
import type { FlowType, Schemas } from "../../runtime/interface/caps.ts";
import type { ParameterInfo } from "../check/parameter.ts";
import type { ParsedFile } from "../check/sources.ts";
import { typeText, unitOf, type Vocabulary } from "../codegen/payload.ts";
import type { Analysis } from "./files.ts";
import { portsOf } from "./names/flow-names.ts";

/** The code of a node with which it can be run: what it takes goes on as it is. Its parameters have the types that the plan gives them. */
export function stub(analysis: Analysis, file: ParsedFile, node: NodeSyntax): string {
  const outputs = portsOf({ module: file.module, syntax: node }, "out", analysis.names).map((one) => one.name);
  const checked = analysis.program(file.source.path);
  const symbol = checked?.program.root.declarations.get(node.name.text);
  const signature =
    checked !== undefined && symbol?.syntax.kind === "Node"
      ? checked.signature({ ...symbol, syntax: symbol.syntax })
      : undefined;
  const words = new InlineWords(checked?.schemas ?? {});
  const params = node.parameters.map((one) => one.name.text);
  const lines = params.flatMap((name) => parameterLines(name, signature?.params.get(name), words));
  const types = lines.length === 0 ? "" : `<{\n${lines.map((one) => `  ${one}\n`).join("")}}>`;
  const given = params.length === 0 ? "_" : `{ ${params.join(", ")} }`;
  const imported = words.usesJson ? "defineNode, type JsonValue" : "defineNode";
  return `import { ${imported} } from "pipeline-mesh";

export const ${node.name.text} = defineNode${types}({
  open: (${given}, { emit }) => ({
    process: ({ payload }) => emit(${JSON.stringify(outputs[0] ?? "out")}, payload),
  }),
});
`;
}

function parameterLines(name: string, info: ParameterInfo | undefined, words: InlineWords): string[] {
  const type = info?.type;
  if (type === undefined) return [`readonly ${name}: unknown;`];
  const unit = unitOf(type);
  const text = typeText(type, words, "input");
  const property = type.kind === "optional" ? `readonly ${name}?: ${text} | undefined;` : `readonly ${name}: ${text};`;
  return unit === undefined ? [property] : [`/** ${unit.replace(/^./, (first) => first.toUpperCase())}. */`, property];
}

/** Types written out where they stand, for a stub has no module of a build to name them. */
class InlineWords implements Vocabulary {
  usesJson = false;
  readonly #schemas: Schemas;
  /** The records around, for one may hold itself. */
  readonly #around = new Set<string>();

  constructor(schemas: Schemas) {
    this.#schemas = schemas;
  }

  named(key: string): { readonly name: string; readonly input: string; readonly declared: boolean } {
    const text = this.#text(key);
    return { name: text, input: text, declared: true };
  }

  json(): string {
    this.usesJson = true;
    return "JsonValue";
  }

  zod(): string {
    return "z";
  }

  #text(key: string): string {
    const schema = this.#schemas[key];
    if (schema === undefined || this.#around.has(key)) return "unknown";
    if (schema.kind === "enum") return schema.values.map((one) => JSON.stringify(one)).join(" | ");
    this.#around.add(key);
    const fields = schema.fields.map(({ name, type, optional }) => this.#field(name, type, optional));
    this.#around.delete(key);
    return `{ ${fields.join("; ")} }`;
  }

  #field(name: string, type: FlowType, optional: boolean): string {
    return `readonly ${name}${optional ? "?" : ""}: ${typeText(type, this, "input")}${optional ? " | undefined" : ""}`;
  }
}
