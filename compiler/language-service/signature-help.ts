import type { InstanceSyntax } from "../../grammar/syntax.ts";
import { documentationOf } from "./declaration-text.ts";
import type { Analysis } from "./files.ts";
import { meaningOf, type Meaning } from "./names/meaning.ts";
import { nodesAt } from "./names/lookup.ts";

export interface SignatureHelp {
  /** `Vad(threshold: float in 0..1 = 0.5)` */
  readonly label: string;
  readonly documentation: string | undefined;
  /** Where each stands in the label. */
  readonly parameters: readonly { readonly start: number; readonly end: number; readonly name: string }[];
  /** Undefined where the cursor is at none. */
  readonly active: number | undefined;
}

/** The parameters of the node or pipeline between whose parentheses an offset stands. */
export function signatureHelp(analysis: Analysis, path: string, offset: number): SignatureHelp | undefined {
  const file = analysis.parsed(path);
  const instance = nodesAt(analysis, path, offset).findLast((one): one is InstanceSyntax => one.kind === "Instance");
  const around = instance ?? openCall(analysis, path, offset);
  if (file === undefined || around === undefined) return undefined;
  const { text } = file.source;
  const open = text.indexOf("(", around.callee.span.end);
  const isInside = open >= 0 && open < offset && (text[around.span.end - 1] !== ")" || offset < around.span.end);
  const declared = isInside ? analysis.names.find(file, around.callee.text)?.declared : undefined;
  if (declared === undefined) return undefined;
  const parameters = analysis.names.members(declared).filter((one) => one.kind === "parameter");
  let label = `${around.callee.text}(`;
  const shown = parameters.map((one, index) => {
    const start = label.length + (index === 0 ? 0 : 2);
    label += `${index === 0 ? "" : ", "}${parameterText(analysis, one)}`;
    return { start, end: label.length, name: one.name };
  });
  label += ")";
  const active = activeOf(around, offset, text, parameters);
  return { label, documentation: documentationOf(meaningOf(declared)), parameters: shown, active };
}

/** A parameter as it is declared. */
export function parameterText(analysis: Analysis, { module, syntax }: Meaning): string {
  const { span } = syntax;
  return (analysis.parsed(module)?.source.text ?? "").slice(span.start, span.end).replaceAll(/\s+/g, " ").trim();
}

function activeOf(
  { arguments: given, callee }: InstanceSyntax,
  offset: number,
  text: string,
  parameters: readonly Meaning[],
): number | undefined {
  const at = given.find(({ span }) => span.start <= offset && offset <= span.end);
  const named = at && parameters.findIndex((one) => one.name === at.name.text);
  if (named !== undefined && named >= 0) return named;
  const before = text.slice(callee.span.end, offset);
  // A line that is not finished may have no arguments in the tree.
  const written = [...before.matchAll(/(\w+)\s*:/g)].map((one) => one[1]);
  const taken = new Set([...written, ...given.map((one) => one.name.text)]);
  const [, typed] = /[(,]\s*(\w+)\s*:?\s*$/.exec(before) ?? [];
  const meant = parameters.findIndex((one) => one.name === typed);
  if (meant >= 0) return meant;
  const next = parameters.findIndex((one) => !taken.has(one.name));
  return next < 0 ? undefined : next;
}

/** The call that a half-typed line has begun. */
function openCall(analysis: Analysis, path: string, offset: number): InstanceSyntax | undefined {
  const file = analysis.parsed(path);
  if (file === undefined) return undefined;
  const line = file.source.text.slice(file.source.text.lastIndexOf("\n", offset - 1) + 1, offset);
  const found = /([A-Za-z_]\w*)\s*\([^()]*$/.exec(line);
  if (found === null) return undefined;
  const start = offset - line.length + found.index;
  const callee = { kind: "Name" as const, text: found[1] ?? "", span: { start, end: start + (found[1]?.length ?? 0) } };
  return { kind: "Instance", callee, arguments: [], span: { start, end: offset } };
}
