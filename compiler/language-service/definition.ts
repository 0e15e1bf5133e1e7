import type { Span, StringSyntax } from "../../grammar/syntax.ts";
import { joinPath } from "../check/paths.ts";
import { isStandard } from "../check/program.ts";
import { conformingPipeline } from "./conformance.ts";
import type { Analysis, FilePlace } from "./files.ts";
import { declaredOf } from "./names/flow-names.ts";
import { meaningOf, type Meaning } from "./names/meaning.ts";
import { nodesAt, occurrenceAt, occurrencesOf, placeOf } from "./names/lookup.ts";

/** Where something is, and the text that leads there. */
export interface Target extends FilePlace {
  readonly origin: Span;
}

/** Where the name, the import, the code or the service at an offset is declared. */
export function definition(analysis: Analysis, path: string, offset: number): readonly Target[] {
  const found = occurrenceAt(analysis, path, offset);
  if (found !== undefined) return [{ ...placeOf(found.meaning), origin: found.span }];
  const nodes = nodesAt(analysis, path, offset);
  const text = nodes.at(-1);
  const parent = nodes.at(-2);
  if (text?.kind !== "String") return [];
  if (parent?.kind === "ServiceTarget") return servicesNamed(analysis, text);
  const file = fileOf(analysis, path, parent?.kind ?? "", text.value);
  return file === undefined ? [] : [{ path: file, start: 0, end: 0, origin: text.span }];
}

/** The declaration behind a value: the node of a `let`, the interface of a remote, the record of a port or field. */
export function typeDefinition(analysis: Analysis, path: string, offset: number): readonly Target[] {
  const found = occurrenceAt(analysis, path, offset);
  const file = found && analysis.parsed(found.meaning.module);
  if (found === undefined || file === undefined) return [];
  const declared = declaredOf(found.meaning, analysis.names, file) ?? namedType(found.meaning, analysis);
  return declared === undefined ? [] : [{ ...placeOf(meaningOf(declared)), origin: found.span }];
}

/** What makes a declaration true: pipelines that conform to an interface, the code of a node. */
export function implementation(analysis: Analysis, path: string, offset: number): readonly Target[] {
  const found = occurrenceAt(analysis, path, offset);
  if (found === undefined) return [];
  const { meaning, span: origin } = found;
  if (meaning.syntax.kind === "Node") {
    const code = meaning.syntax.members.find((one) => one.kind === "From")?.path;
    const file = code && fileOf(analysis, meaning.module, "From", code.value);
    return file === undefined ? [] : [{ path: file, start: 0, end: 0, origin }];
  }
  if (meaning.syntax.kind !== "Interface") return [];
  return occurrencesOf(analysis, meaning).flatMap(({ path: module, occurrence }) => {
    const pipeline = conformingPipeline(analysis, module, occurrence.span);
    return pipeline === undefined ? [] : [{ ...placeOf(pipeline), origin }];
  });
}

/** The file that a text of a program leads to; undefined where it leads to none. */
export function fileOf(analysis: Analysis, path: string, parent: string, written: string): string | undefined {
  const file = analysis.parsed(path);
  if (file === undefined) return undefined;
  if (parent === "Import") {
    const resolved = analysis.resolve(file, written);
    return resolved.kind === "file" ? resolved.module : undefined;
  }
  if ((parent !== "From" && parent !== "FeedStep") || isStandard(path)) return undefined;
  return parent === "FeedStep" && !written.startsWith(".") ? joinPath(path, `./${written}`) : joinPath(path, written);
}

/** Where peers run something under a name. */
function servicesNamed(analysis: Analysis, { value, span: origin }: StringSyntax): readonly Target[] {
  return analysis.modules.flatMap((path) =>
    (analysis.parsed(path)?.syntax.declarations ?? []).flatMap((one) =>
      (one.kind === "Peer" ? one.members : []).flatMap((member) => {
        if (member.kind !== "Runs" || (member.as?.value ?? member.instance.callee.text) !== value) return [];
        const { span } = member.as ?? member.instance.callee;
        return [{ path, start: span.start, end: span.end, origin }];
      }),
    ),
  );
}

function namedType({ syntax, module }: Meaning, { names }: Analysis) {
  const typed =
    syntax.kind === "Port" || syntax.kind === "Field" || syntax.kind === "Parameter" ? syntax.type : undefined;
  const file = names.file(module);
  let type = typed;
  while (type !== undefined && type.kind !== "NamedType") type = "base" in type ? type.base : type.element;
  return type && file && names.find(file, type.name.text)?.declared;
}
