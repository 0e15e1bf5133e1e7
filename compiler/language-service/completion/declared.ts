import type { NamedDeclaration } from "../../check/program.ts";
import { isStandard } from "../../check/program.ts";
import { relativeImport } from "../relative-import.ts";
import type { ParsedFile } from "../../check/sources.ts";
import { declarationText, documentationOf } from "../declaration-text.ts";
import type { Analysis } from "../files.ts";
import { parameterText } from "../signature-help.ts";
import { isNamed, meaningOf, type Declared } from "../names/meaning.ts";
import type { CompletionItem, ItemKind } from "./item.ts";

export type DeclarationKind = NamedDeclaration["kind"];

/** A declaration that may be named at a place, in sight or to be imported. */
export interface Candidate {
  readonly name: string;
  readonly declared: Declared;
  readonly isInSight: boolean;
}

/** All declarations of some kinds: first those in sight, then those of other files. */
export function candidates(analysis: Analysis, file: ParsedFile, kinds: readonly DeclarationKind[]): Candidate[] {
  const found: Candidate[] = [];
  const taken = new Set<string>();
  for (const [name, { declared }] of analysis.names.inSight(file)) {
    taken.add(name);
    if (kinds.includes(declared.syntax.kind)) found.push({ name, declared, isInSight: true });
  }
  for (const module of new Set([...analysis.standardModules, ...analysis.modules])) {
    const other = module === file.module ? undefined : analysis.parsed(module);
    for (const syntax of other?.syntax.declarations ?? []) {
      if (!isNamed(syntax) || !kinds.includes(syntax.kind) || taken.has(syntax.name.text)) continue;
      taken.add(syntax.name.text);
      found.push({ name: syntax.name.text, declared: { module, syntax }, isInSight: false });
    }
  }
  return found;
}

/** @param asCall with parentheses, and the parameters that have to be given */
export function itemOf(
  analysis: Analysis,
  file: ParsedFile,
  candidate: Candidate,
  options: { readonly asCall: boolean; readonly rank?: number },
): CompletionItem {
  const { name, declared, isInSight } = candidate;
  const isCallable = declared.syntax.kind === "Node" || declared.syntax.kind === "Pipeline";
  return {
    label: name,
    kind: declared.syntax.kind.toLowerCase() as ItemKind,
    rank: (options.rank ?? 1) + (isInSight ? 0 : 10),
    detail: isInSight ? declared.syntax.kind.toLowerCase() : `import from "${importPath(file, declared.module)}"`,
    declared: { module: declared.module, name: declared.syntax.name.text },
    // There may be hundreds, of which somebody looks at a few.
    get documentation() {
      return documentationOfDeclared(analysis, declared);
    },
    ...(options.asCall && isCallable && { snippet: `${name}(${givenParameters(analysis, declared)})` }),
    ...(!isInSight && { edits: [importEdit(file, name, importPath(file, declared.module))] }),
  };
}

/** What is said of a declaration beside a list; undefined where there is none of that name. */
export function documentationOfItem(
  analysis: Analysis,
  { module, name }: { readonly module: string; readonly name: string },
): string | undefined {
  const declared = analysis.names.exported(module, name);
  return declared && documentationOfDeclared(analysis, declared);
}

function documentationOfDeclared(analysis: Analysis, declared: Declared): string {
  const there = analysis.parsed(declared.module);
  const text = there === undefined ? "" : `\`\`\`mesh\n${declarationText(there, declared.syntax)}\n\`\`\``;
  const docs = documentationOf(meaningOf(declared));
  return docs === undefined ? text : `${text}\n\n${docs}`;
}

/** The parameters without a default, to be filled in. */
function givenParameters(analysis: Analysis, declared: Declared): string {
  const needed = analysis.names
    .members(declared)
    .filter(
      ({ syntax }) =>
        syntax.kind === "Parameter" && syntax.defaultValue === undefined && syntax.type?.kind !== "OptionalType",
    );
  return needed
    .map((one, index) => {
      const type = parameterText(analysis, one)
        .replace(/^\w+\s*:\s*/, "")
        .replaceAll(/[$}\\]/g, "");
      return `${one.name}: \${${index + 1}:${type}}`;
    })
    .join(", ");
}

export function importPath(file: ParsedFile, module: string): string {
  return isStandard(module) ? module : relativeImport(file.source.path, module);
}

/** Adds a name to the import of its module, or a line for it behind the other imports. */
export function importEdit(
  file: ParsedFile,
  name: string,
  from: string,
): { readonly start: number; readonly end: number; readonly newText: string } {
  const { imports } = file.syntax;
  const same = imports.find((one) => one.from?.value === from && one.names.length > 0);
  const last = same?.names.at(-1);
  if (last !== undefined) return { start: last.span.end, end: last.span.end, newText: `, ${name}` };
  const line = `import { ${name} } from "${from}"`;
  const behind = imports.at(-1);
  if (behind !== undefined) return { start: behind.span.end, end: behind.span.end, newText: `\n${line}` };
  // In front of everything but what a file says of itself at its top.
  const [first] = file.syntax.declarations;
  return { start: 0, end: 0, newText: first === undefined && file.source.text === "" ? `${line}\n` : `${line}\n\n` };
}
