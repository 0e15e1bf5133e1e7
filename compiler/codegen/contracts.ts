import type { OptionalKind, PropertySignatureStructure, StatementStructures } from "ts-morph";
import type { NodeSyntax, ParameterSyntax, PipelineSyntax } from "../../grammar/syntax.ts";
import type { DeclarationSymbol, FileInfo, SignatureSymbol } from "../check/program.ts";
import type { PortInfo, Signature } from "../check/signature.ts";
import { isWasmPath } from "../check/wasm-shape.ts";
import { docs, docText } from "./docs.ts";
import { patternText, typeText } from "./payload.ts";
import { declaredAs } from "./records.ts";
import type { ModuleScope } from "./scope.ts";
import { codeSpan, lineWidth, propertyKey } from "./text.ts";
import { structureKind } from "./structure-kind.ts";

/** The parameters and the contract of each node that the file declares. */
export function contractStatements(scope: ModuleScope): StatementStructures[] {
  return [...scope.file.declarations.values()].flatMap((symbol) =>
    symbol.syntax.kind === "Node" ? contractOf(symbol, symbol.syntax, scope) : [],
  );
}

function contractOf(symbol: DeclarationSymbol, syntax: NodeSyntax, scope: ModuleScope): StatementStructures[] {
  const names = scope.declared.node(symbol);
  const signature = scope.input.checked.signature(symbol as SignatureSymbol);
  const statements: StatementStructures[] = [];
  if (signature.params.size > 0) {
    statements.push({
      kind: structureKind.Interface,
      name: names.params,
      isExported: true,
      properties: parameterProperties(syntax, signature, scope, "node"),
      ...docs(`The parameters of \`${symbol.name}\`, as its code gets them.`),
    });
  }
  const from = signature.from?.path?.value;
  const types = {
    params: signature.params.size > 0 ? names.params : "object",
    inputs: scope.held.hold(portsText(signature.inputs, syntax, scope)),
    outputs: scope.held.hold(portsText(signature.outputs, syntax, scope)),
  };
  statements.push(
    {
      kind: structureKind.Interface,
      name: names.contract,
      isExported: true,
      properties: Object.entries(types).map(([name, type]) => ({ name, type, isReadonly: true })),
      ...docs(`What \`${symbol.name}\` is given, takes and sends.`),
    },
    {
      kind: structureKind.TypeAlias,
      name: names.code,
      isExported: true,
      type: `${scope.type("TypedNode")}<${names.contract}>`,
      ...docs(
        syntax.documentation,
        from === undefined
          ? `What the code of \`${symbol.name}\` has to be; it is given at launch.`
          : isWasmPath(from)
            ? `What the code of \`${symbol.name}\` has to be where it is given at launch, in place of ${codeSpan(from)}.`
            : `What the code of \`${symbol.name}\` in ${codeSpan(from)} has to be.`,
      ),
    },
  );
  return statements;
}

/** `{ question: Transcript }`, a line for each where they are many or have something to say. */
function portsText(ports: ReadonlyMap<string, PortInfo>, syntax: NodeSyntax, scope: ModuleScope): string {
  if (ports.size === 0) return "object";
  const all = [...ports.values()].map((port) => ({
    port,
    entry: `${propertyKey(port.name)}: ${patternText(port.type, scope)}`,
    doc: docText("    ", port.documentation, mediaDoc(port, syntax, scope.file)),
  }));
  const flat = `{ ${all.map(({ entry }) => entry).join("; ")} }`;
  if (flat.length < lineWidth - 12 && all.every(({ doc }) => doc === "")) return flat;
  return `{\n${all.map(({ entry, doc }) => `${doc}    ${entry};\n`).join("")}  }`;
}

/** The format of a port as the program writes it; undefined for what the TypeScript type says already. */
function mediaDoc(port: PortInfo, syntax: NodeSyntax, file: FileInfo): string | undefined {
  if (port.type.kind !== "media") return undefined;
  for (const member of syntax.members) {
    if (member.kind !== "Port" || member.direction !== port.direction || member.type === undefined) continue;
    if ((member.name?.text ?? member.direction) !== port.name) continue;
    return codeSpan(file.source.text.slice(member.type.span.start, member.type.span.end));
  }
  return undefined;
}

/**
 * The parameters of a node or a pipeline as properties.
 * @param of the code of a node gets all of them, whereas a caller may leave those out that have a default
 */
export function parameterProperties(
  syntax: NodeSyntax | PipelineSyntax,
  signature: Signature,
  scope: ModuleScope,
  of: "node" | "caller",
): OptionalKind<PropertySignatureStructure>[] {
  return [...signature.params.values()].map((param) => {
    const { type } = param;
    const declared: ParameterSyntax | undefined = syntax.parameters.find((one) => one.name.text === param.name);
    const isOptional = type?.kind === "optional" || (of === "caller" && param.defaultValue !== undefined);
    const text = type === undefined ? scope.json() : typeText(type, scope, "input");
    return {
      name: param.name,
      isReadonly: true,
      hasQuestionToken: isOptional,
      type: `${text}${isOptional ? " | undefined" : ""}`,
      ...(type !== undefined && declared !== undefined && docs(declaredAs(declared, { type }, signature.symbol.file))),
    };
  });
}
