import type { NamedDeclaration } from "../check/program.ts";
import type { ParsedFile } from "../check/sources.ts";
import type { Meaning } from "./names/meaning.ts";

/** Members that are the business of the declaration alone. */
const inner: ReadonlySet<string> = new Set(["Let", "Remote", "Flow", "Budget", "From"]);

/** Long ones are cut. */
const mostMembers = 24;

/** A declaration as who uses it wants to see it: its head, and what there is to be seen of it from outside. */
export function declarationText(file: ParsedFile, syntax: NamedDeclaration): string {
  const { text } = file.source;
  const plain = (start: number, end: number): string => text.slice(start, end).replaceAll(/\s+/g, " ").trim();
  const members =
    syntax.kind === "Record"
      ? syntax.fields
      : syntax.kind === "Enum"
        ? syntax.values
        : syntax.kind === "Policy"
          ? syntax.clauses
          : syntax.members;
  const shown = members.filter((one) => !inner.has(one.kind)).toSorted((a, b) => a.span.start - b.span.start);
  const [first] = [...members].toSorted((a, b) => a.span.start - b.span.start);
  const open = text.lastIndexOf("{", first?.span.start ?? syntax.span.end);
  const headEnd = first === undefined || open < syntax.name.span.end ? syntax.span.end : open;
  const start = headStart(text, syntax);
  const head = plain(start, Math.max(headEnd, syntax.name.span.end)).replace(/\s*\{\s*\}?\s*$/, "");
  if (shown.length === 0) return head;
  const lines = shown.slice(0, mostMembers).map(({ span }) => `  ${withoutDocs(text.slice(span.start, span.end))}`);
  const more = shown.length > mostMembers ? ["  // …"] : [];
  return [`${head} {`, ...lines, ...more, "}"].join("\n");
}

/** One line of what stands inside a declaration. */
export function memberText(file: ParsedFile, { syntax }: Meaning): string {
  const { text } = file.source;
  const from = syntax.kind === "Remote" ? remoteHead(text, syntax.span.start, syntax.span.end) : syntax.span.end;
  return withoutDocs(text.slice(syntax.span.start, from));
}

function remoteHead(text: string, start: number, end: number): number {
  const open = text.indexOf("{", start);
  return open < 0 ? end : Math.min(open, end);
}

function withoutDocs(text: string): string {
  return text
    .replaceAll(/\/\/.*$/gm, "")
    .replaceAll(/\s+/g, " ")
    .trim();
}

/** The word that begins a declaration; its documentation may come first. */
function headStart(text: string, { span, name, kind }: NamedDeclaration): number {
  const head = text.slice(span.start, name.span.start);
  const at = head.search(new RegExp(String.raw`\b(?:batch\s+)?${kind.toLowerCase()}\s+$`));
  return at < 0 ? span.start : span.start + at;
}

/** The `///` lines before a declaration, a member of it, or a remote. */
export function documentationOf({ syntax }: Meaning): string | undefined {
  return "documentation" in syntax ? syntax.documentation : undefined;
}
