import type { StatementStructures } from "ts-morph";
import { fillCells, formatType, isCell, isMedia, type FlowType } from "../../runtime/interface/caps.ts";
import type { PipelinePlan } from "../../runtime/interface/plan.ts";
import type { PipelineSymbol } from "../check/checked-pipeline.ts";
import type { PortInfo } from "../check/signature.ts";
import { parameterProperties } from "./contracts.ts";
import { docs } from "./docs.ts";
import type { NodeSet } from "./nodes.ts";
import { needsSchema, schemaText, typeText } from "./payload.ts";
import type { ModuleScope } from "./scope.ts";
import { codeSpan, propertyKey, stringLiteral } from "./text.ts";
import { structureKind } from "./structure-kind.ts";

/** Members that every running pipeline has, or must not have; a port of such a name gets another property. */
const members: readonly string[] = ["closed", "describe", "topology", "end", "close", "then"];

interface ModulePort {
  readonly name: string;
  readonly property: string;
  readonly direction: "in" | "out";
  readonly type: FlowType;
  readonly info: PortInfo | undefined;
}

/** Names that are the same for all pipelines of a module. */
export interface SharedNames {
  readonly program: string;
  /** The type of the names of its peers; undefined where there are none to run here. */
  readonly peer: string | undefined;
}

/** For each pipeline of the file: its parameters, what runs, the options of its launch, and the launch. */
export function pipelineStatements(shared: SharedNames, nodes: NodeSet, scope: ModuleScope): StatementStructures[] {
  return [...scope.file.declarations.values()].flatMap((symbol) => {
    const { pipelines } = scope.input.plan;
    const plan = Object.hasOwn(pipelines, symbol.key) ? pipelines[symbol.key] : undefined;
    if (symbol.syntax.kind !== "Pipeline" || plan === undefined) return [];
    return pipelineOf(symbol as PipelineSymbol, plan, shared, nodes, scope);
  });
}

function pipelineOf(
  symbol: PipelineSymbol,
  plan: PipelinePlan,
  shared: SharedNames,
  nodes: NodeSet,
  scope: ModuleScope,
): StatementStructures[] {
  const { syntax } = symbol;
  const names = scope.declared.pipeline(symbol);
  const signature = scope.input.checked.signature(symbol);
  const ports = portsOf(plan, symbol, scope);
  const statements: StatementStructures[] = [];

  if (signature.params.size > 0) {
    statements.push({
      kind: structureKind.Interface,
      name: names.params,
      isExported: true,
      properties: parameterProperties(syntax, signature, scope, "caller"),
      ...docs(`The parameters of \`${symbol.name}\`.`),
    });
  }
  const isRequired = (name: string): boolean => {
    const param = signature.params.get(name);
    return param?.defaultValue === undefined && param?.type?.kind !== "optional";
  };
  const needsParams = [...signature.params.keys()].some(isRequired);
  const given = nodes.givenTo([symbol.key]);

  statements.push(
    {
      kind: structureKind.Interface,
      name: names.running,
      isExported: true,
      extends: [scope.type("RunningPipeline")],
      properties: ports.map(({ property, direction, type, info }) => ({
        name: property,
        isReadonly: true,
        type:
          direction === "in"
            ? `${scope.type("InputPort")}<${typeText(type, scope, "input")}>`
            : `${scope.type("OutputPort")}<${typeText(type, scope, "output")}>`,
        ...docs(info?.documentation, isMedia(type) ? codeSpan(formatType(type)) : undefined),
      })),
      ...docs(`A running \`${symbol.name}\`.`),
    },
    {
      kind: structureKind.Interface,
      name: names.options,
      isExported: true,
      extends: [`${scope.type("PipelineOptions")}${shared.peer === undefined ? "<never>" : `<${shared.peer}>`}`],
      properties: [
        ...(signature.params.size === 0
          ? []
          : [
              {
                name: "params",
                isReadonly: true,
                hasQuestionToken: !needsParams,
                type: `${names.params}${needsParams ? "" : " | undefined"}`,
              },
            ]),
        ...given.properties,
      ],
      ...docs(`What \`${names.launch}\` takes.`),
    },
    {
      kind: structureKind.Function,
      name: names.launch,
      isExported: true,
      isAsync: true,
      parameters: [
        {
          name: "options",
          type: names.options,
          ...(!needsParams && !given.required && { initializer: "{}" }),
        },
      ],
      returnType: `Promise<${names.running}>`,
      statements: [launchText(symbol, ports, shared, scope)],
      ...docs(
        syntax.documentation ?? `Starts a \`${symbol.name}\` in this process.`,
        "@throws {MeshError} when it cannot start; nothing is left running then",
      ),
    },
  );
  return statements;
}

function launchText(
  symbol: PipelineSymbol,
  ports: readonly ModulePort[],
  shared: SharedNames,
  scope: ModuleScope,
): string {
  const { source } = symbol.file;
  const mark = scope.origins.at({ source, span: symbol.syntax.name.span });
  const lines = ports.map((port) => {
    const at = scope.origins.at({ source, span: port.info?.span ?? symbol.syntax.name.span });
    return `  ${at}${propertyKey(port.property)}: ${portText(port, scope)},\n`;
  });
  const call = `${scope.value("launchPipeline")}(${shared.program}, ${stringLiteral(symbol.key)}, options, {`;
  const specs = lines.length === 0 ? "" : `\n${lines.join("")}`;
  return `${mark}return await ${call}${specs}${mark}});${scope.origins.end}`;
}

/** `outputPort(Transcript)`, `inputPort<Int16Array>()` */
function portText({ name, property, direction, type }: ModulePort, scope: ModuleScope): string {
  const schema = needsSchema(type) ? schemaText(type, scope) : undefined;
  const other = property === name ? [] : [schema ?? "undefined", stringLiteral(name)];
  const given = other.length > 0 ? other.join(", ") : (schema ?? "");
  // What is written is told by its type; what is read, by the schema where there is one.
  if (direction === "in") return `${scope.value("inputPort")}<${typeText(type, scope, "input")}>(${given})`;
  const text = schema === undefined ? `<${typeText(type, scope, "output")}>` : "";
  return `${scope.value("outputPort")}${text}(${given})`;
}

function portsOf(plan: PipelinePlan, symbol: PipelineSymbol, scope: ModuleScope): ModulePort[] {
  const signature = scope.input.checked.signature(symbol);
  const cells = plan.cells.map(({ allowed }) => (allowed === null || isCell(allowed) ? undefined : allowed));
  const properties = new Set([...Object.keys(plan.inputs), ...Object.keys(plan.outputs), ...members]);
  const propertyOf = (name: string): string => {
    if (!members.includes(name)) return name;
    let property = `${name}Port`;
    while (properties.has(property)) property += "2";
    properties.add(property);
    return property;
  };
  return (["in", "out"] as const).flatMap((direction) => {
    const isIn = direction === "in";
    return Object.entries(isIn ? plan.inputs : plan.outputs).map(([name, port]) => ({
      name,
      property: propertyOf(name),
      direction,
      type: fillCells(port.type, cells),
      info: (isIn ? signature.inputs : signature.outputs).get(name),
    }));
  });
}
