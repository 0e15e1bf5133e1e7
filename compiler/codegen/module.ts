import type {
  CodeBlockWriter,
  ImportDeclarationStructure,
  Project,
  StatementStructures,
  VariableStatementStructure,
} from "ts-morph";
import { isStandard } from "../check/program.ts";
import { contractStatements } from "./contracts.ts";
import { docs } from "./docs.ts";
import type { Morph } from "./morph.ts";
import { NodeSet } from "./nodes.ts";
import type { Marked } from "./origins.ts";
import { peerStatements } from "./peers.ts";
import { pipelineStatements } from "./pipelines.ts";
import { recordStatements } from "./records.ts";
import { ModuleScope, type ImportedName, type ModuleInput } from "./scope.ts";
import { dataTable, lineWidth, stringBody, stringLiteral } from "./text.ts";

/** Writes modules; keeps what can be used for the next one. */
export class ModuleWriter {
  readonly #morph: Morph;
  readonly #project: Project;

  constructor(morph: Morph) {
    this.#morph = morph;
    this.#project = new morph.Project({
      useInMemoryFileSystem: true,
      skipLoadingLibFiles: true,
      skipFileDependencyResolution: true,
      manipulationSettings: {
        indentationText: morph.IndentationText.TwoSpaces,
        newLineKind: morph.NewLineKind.LineFeed,
        quoteKind: morph.QuoteKind.Double,
      },
    });
  }

  /** The module of a program without errors, without its header. */
  write(input: ModuleInput): Marked {
    const scope = new ModuleScope(input);
    const statements = statementsOf(scope, this.#morph);
    const imports = scope.imports.map((one) => importOf(one, scope, this.#morph));
    const text = this.#print([...imports, ...statements]);
    return scope.origins.strip(tidied(scope.held.release(spaced(text))));
  }

  /**
   * The text of a file. Its last statement takes what has been printed and ends the work there: what follows would be to
   * parse the text, which takes longer than all the rest and helps nobody.
   */
  #print(statements: readonly StatementStructures[]): string {
    const done = new Error("the file is printed");
    let text: string | undefined;
    const last = (writer: CodeBlockWriter): void => {
      text = writer.toString();
      throw done;
    };
    try {
      this.#project.createSourceFile("module.ts", { statements: [...statements, last] });
    } catch (error) {
      if (error !== done) throw error;
    }
    return text ?? "";
  }
}

function statementsOf(scope: ModuleScope, morph: Morph): StatementStructures[] {
  const { names } = scope.declared;
  const { plan, target } = scope.input;
  const nodes = new NodeSet(scope);
  const hasPipelines = Object.keys(plan.pipelines).length > 0;
  const planName = hasPipelines ? names.take("plan") : "";
  const program = hasPipelines ? names.take("program") : "";
  const peers = target === "browser" ? undefined : peerStatements(program, nodes, scope, morph);

  const own = [...scope.file.declarations.values()].filter(
    ({ syntax }) => syntax.kind === "Record" || syntax.kind === "Enum",
  );
  const keys = [...own.map((symbol) => symbol.key), ...standardKeys(scope)];
  const statements = [
    ...recordStatements(keys, scope, morph),
    ...contractStatements(scope, morph),
    ...nodes.statements(morph),
    ...(peers?.names ?? []),
    ...pipelineStatements({ program, peer: peers?.type }, nodes, scope, morph),
    ...(peers?.launch ?? []),
  ];
  if (!hasPipelines) return statements;
  const table = dataTable(plan, ([section, ...inside]) => {
    if (section !== "pipelines") return inside.length === 0;
    return inside.length < 2 || (inside.length === 2 && (inside[1] === "nodes" || inside[1] === "remotes"));
  });
  return [
    ...statements,
    {
      ...constant(morph, planName, scope.type("Plan"), scope.held.hold(table), "What the runtime runs, as plain data."),
      isExported: true,
      leadingTrivia: "// prettier-ignore\n",
    },
    constant(
      morph,
      program,
      scope.type("Program"),
      scope.held.hold(
        `{\n  ${planName === "plan" ? planName : `plan: ${planName}`},\n  nodes: ${nodes.tableText()},\n}`,
      ),
      "The plan and the code of its nodes.",
    ),
  ];
}

function constant(
  morph: Morph,
  name: string,
  type: string,
  initializer: string,
  doc: string,
): VariableStatementStructure {
  return {
    kind: morph.StructureKind.VariableStatement,
    declarationKind: morph.VariableDeclarationKind.Const,
    declarations: [{ name, type, initializer }],
    ...docs(doc),
  };
}

/** Records and enums of the standard library that the file imports: nobody else exports them for it. */
function standardKeys(scope: ModuleScope): string[] {
  return [...scope.file.imports.values()].flatMap(({ symbol }) => {
    const { kind } = symbol.syntax;
    return (kind === "Record" || kind === "Enum") && isStandard(symbol.file.module) ? [symbol.key] : [];
  });
}

function importOf(
  { module, names }: { module: string; names: readonly ImportedName[] },
  scope: ModuleScope,
  morph: Morph,
): ImportDeclarationStructure {
  const typeOnly = names.every((one) => one.typeOnly);
  const texts = names.map(
    (one) =>
      `${one.typeOnly && !typeOnly ? "type " : ""}${one.name}${one.local === one.name ? "" : ` as ${one.local}`}`,
  );
  const flat = `import ${typeOnly ? "type " : ""}{ ${texts.join(", ")} } from ${stringLiteral(module)};`;
  return {
    kind: morph.StructureKind.ImportDeclaration,
    // The printer puts it in quotes, but escapes only those.
    moduleSpecifier: scope.held.hold(stringBody(module, '"')),
    isTypeOnly: typeOnly,
    namedImports:
      flat.length <= lineWidth
        ? texts
        : (writer) => void writer.write(scope.held.hold(`\n${texts.map((text) => `  ${text},\n`).join("")}`)),
  };
}

/** An empty line between statements but imports, wherever the printer left none. */
function spaced(text: string): string {
  const lines: string[] = [];
  for (const line of text.split("\n")) {
    const before = lines.at(-1);
    const begins = /^(\/\*\*|\/\/|export |const )/.test(line);
    const isLed = before === undefined || before === "" || /^( \*\/|\/\*\*.*\*\/$|\/\/)/.test(before);
    if (begins && !isLed) lines.push("");
    lines.push(line);
  }
  return lines.join("\n");
}

/** What the printer does not do: imports of several lines without spaces in their braces, long signatures broken up. */
function tidied(text: string): string {
  return text
    .replace(/^(export interface .*\{)\n\}/gm, "$1}")
    .replace(
      /^(export interface .* extends Omit<)([\w$]+), (.*)> \{$/gm,
      (line, head: string, base: string, keys: string) => {
        if (line.length <= lineWidth) return line;
        const list = keys.length + 2 <= lineWidth ? `  ${keys}` : `  | ${keys.replaceAll(" | ", "\n  | ")}`;
        return `${head}\n  ${base},\n${list}\n> {`;
      },
    )
    .replace(/^(import (?:type )?\{) \n([^}]+\n) \}/gm, "$1\n$2}")
    .replace(
      /^(export async function [\w$]+)\((.*)\)(: Promise<[\w$]+> \{)$/gm,
      (line, head: string, list: string, tail: string) => {
        const lines = list.split(", ").map((one) => `  ${one},\n`);
        return line.length <= lineWidth ? line : `${head}(\n${lines.join("")})${tail}`;
      },
    );
}
