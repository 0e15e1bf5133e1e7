import type { ImportDeclarationStructure, StatementStructures, VariableStatementStructure } from "ts-morph";
import { isStandard } from "../check/program.ts";
import { contractStatements } from "./contracts.ts";
import { docs, docText } from "./docs.ts";
import { NodeSet } from "./nodes.ts";
import type { Origin } from "./origins.ts";
import { peerStatements } from "./peers.ts";
import { pipelineStatements } from "./pipelines.ts";
import { recordStatements } from "./records.ts";
import { ModuleScope, type ImportedName, type ModuleInput } from "./scope.ts";
import { constDeclaration, structureKind } from "./structure-kind.ts";
import { lineWidth, stringBody, stringLiteral } from "./text.ts";

/** What a module is to say, as plain data: it may be printed on another thread than it was made on. */
export interface ModuleDraft {
  readonly statements: readonly StatementStructures[];
  /** Texts that stand in the statements by number, see `HeldTexts`. */
  readonly held: readonly string[];
  /** The number of the held text in whose place the plan goes: the printer lays it out. */
  readonly planAt: number | undefined;
  /** Places that marks in the statements refer to by number, see `Origins`. */
  readonly origins: readonly Origin[];
}

/** What the module of a program without errors says. */
export function draftOf(input: ModuleInput): ModuleDraft {
  const scope = new ModuleScope(input);
  const { statements, planAt } = statementsOf(scope);
  const imports = scope.imports.map((one) => importOf(one, scope));
  return { statements: [...imports, ...statements], held: scope.held.texts, planAt, origins: scope.origins.all };
}

function statementsOf(scope: ModuleScope): Pick<ModuleDraft, "statements" | "planAt"> {
  const { names } = scope.declared;
  const { plan, target } = scope.input;
  const nodes = new NodeSet(scope);
  const hasPipelines = Object.keys(plan.pipelines).length > 0;
  const planName = hasPipelines ? names.take("plan") : "";
  const program = hasPipelines ? names.take("program") : "";
  const peers = target === "browser" ? undefined : peerStatements(program, nodes, scope);

  const own = [...scope.file.declarations.values()].filter(
    ({ syntax }) => syntax.kind === "Record" || syntax.kind === "Enum",
  );
  const keys = [...own.map((symbol) => symbol.key), ...standardKeys(scope)];
  const statements = [
    ...recordStatements(keys, scope),
    ...contractStatements(scope),
    ...nodes.statements(),
    ...(peers?.names ?? []),
    ...pipelineStatements({ program, peer: peers?.type }, nodes, scope),
    ...(peers?.launch ?? []),
  ];
  if (!hasPipelines) return { statements, planAt: undefined };
  const workers = nodes.workersText();
  const planAt = scope.held.texts.length;
  const data: StatementStructures[] = [
    {
      ...constant(planName, scope.type("Plan"), scope.held.hold("")),
      isExported: true,
      leadingTrivia: `// prettier-ignore\n${docText("", "What the runtime runs, as plain data.")}`,
    },
    {
      ...constant(
        program,
        scope.type("Program"),
        scope.held.hold(
          `{\n  ${planName === "plan" ? planName : `plan: ${planName}`},\n  nodes: ${nodes.tableText()},\n${workers === undefined ? "" : `  workers: ${workers},\n`}}`,
        ),
      ),
      ...docs("The plan and the code of its nodes."),
    },
  ];
  return { statements: [...statements, ...data], planAt };
}

function constant(name: string, type: string, initializer: string): VariableStatementStructure {
  return {
    kind: structureKind.VariableStatement,
    declarationKind: constDeclaration,
    declarations: [{ name, type, initializer }],
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
): ImportDeclarationStructure {
  const typeOnly = names.every((one) => one.typeOnly);
  const texts = names.map(
    (one) =>
      `${one.typeOnly && !typeOnly ? "type " : ""}${one.name}${one.local === one.name ? "" : ` as ${one.local}`}`,
  );
  const flat = `import ${typeOnly ? "type " : ""}{ ${texts.join(", ")} } from ${stringLiteral(module)};`;
  return {
    kind: structureKind.ImportDeclaration,
    // The printer puts it in quotes, but escapes only those.
    moduleSpecifier: scope.held.hold(stringBody(module, '"')),
    isTypeOnly: typeOnly,
    // One text: the printer would take two writers for each name.
    namedImports: [
      scope.held.hold(
        flat.length <= lineWidth ? texts.join(", ") : `\n${texts.map((text) => `  ${text},\n`).join("")}`,
      ),
    ],
  };
}
