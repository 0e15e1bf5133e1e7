import { isMissing, type NameSyntax } from "../../../grammar/syntax.ts";
import { renameDeclaration } from "../../fixes/rename-declaration.fix.ts";
import { isStandard, type DeclarationSymbol, type FileInfo } from "../program.ts";
import type { Reporter } from "../reporter.ts";
import type { Rule, RuleContext } from "./rule.ts";

const kinds: Readonly<Record<string, string>> = {
  Record: "record",
  Enum: "enum",
  Interface: "interface",
  Node: "node",
  Pipeline: "pipeline",
};

/**
 * Types, nodes and pipelines are named in UpperCamel, everything inside them in snake_case or camelCase. Peers and
 * policies are things rather than kinds and may be named either way; type variables and values of enums as one likes.
 */
export const naming: Rule = {
  codes: ["MESH9001", "MESH9002"],
  check(context) {
    for (const symbol of context.declarations) {
      const { file, syntax } = symbol;
      if (isStandard(file.module)) continue;
      const kind = kinds[syntax.kind];
      if (kind !== undefined) declaration(symbol, kind, context);
      const member = (name: NameSyntax | undefined, what: string): void => {
        if (name !== undefined) checkMember(file, name, what, context);
      };
      if (syntax.kind === "Record") for (const one of syntax.fields) member(one.name, "field");
      if (syntax.kind === "Node" || syntax.kind === "Pipeline") {
        for (const one of syntax.parameters) member(one.name, "parameter");
      }
      if (syntax.kind !== "Node" && syntax.kind !== "Pipeline" && syntax.kind !== "Interface") continue;
      for (const one of syntax.members) {
        if (one.kind === "Port") member(one.name, one.direction === "in" ? "input" : "output");
        else if (one.kind === "Let" || one.kind === "Remote") member(one.name, one.kind.toLowerCase());
      }
    }
  },
};

function declaration(symbol: DeclarationSymbol, kind: string, { reporter, view }: RuleContext): void {
  const { file } = symbol;
  const { name } = symbol.syntax;
  if (/^[A-Z][A-Za-z0-9]*$/.test(name.text) || isMisspelt(file, name, reporter)) return;
  const better = upperCamel(name.text);
  reporter.report("MESH9001", file.source, name.span, `The ${kind} \`${name.text}\` is not named in UpperCamel.`, {
    hint:
      better === undefined ? "Begin it with a capital letter." : `Name it \`${better}\`, here and where it is used.`,
    fixes: better === undefined ? [] : renameDeclaration(symbol, better, view.family("uses")),
  });
}

function checkMember(file: FileInfo, name: NameSyntax, what: string, { reporter }: RuleContext): void {
  if (
    /^_?[a-z][A-Za-z0-9]*$/.test(name.text) ||
    /^_?[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/.test(name.text) ||
    isMisspelt(file, name, reporter)
  ) {
    return;
  }
  const better = snake(name.text);
  const message = `The ${what} \`${name.text}\` is named neither in snake_case nor in camelCase.`;
  reporter.report("MESH9002", file.source, name.span, message, {
    hint: better === undefined ? "Begin it with a small letter." : `Name it \`${better}\`, here and where it is used.`,
  });
}

/** A name that is not there, or on a line that the parser has complained about. */
function isMisspelt(file: FileInfo, name: NameSyntax, reporter: Reporter): boolean {
  return isMissing(name) || reporter.hasErrorIn(file.source, name.span);
}

function wordsOf(name: string): string[] {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2")
    .split("_")
    .filter((word) => word !== "");
}

function upperCamel(name: string): string | undefined {
  const text = wordsOf(name)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");
  return /^[A-Z]/.test(text) ? text : undefined;
}

function snake(name: string): string | undefined {
  const text = wordsOf(name)
    .map((word) => word.toLowerCase())
    .join("_");
  return /^[a-z]/.test(text) ? text : undefined;
}
