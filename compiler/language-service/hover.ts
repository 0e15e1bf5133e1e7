import type { Span } from "../../grammar/syntax.ts";
import { units } from "../../grammar/literals.ts";
import { describeType } from "../check/cells.ts";
import type { CheckedProgram } from "../check/checked-program.ts";
import type { CheckedPipeline, GraphEnd } from "../check/graph.ts";
import { isStandard } from "../check/program.ts";
import { describeLiteral } from "../check/quantities.ts";
import { explainLink } from "../explain/links.ts";
import { explainRemote } from "../explain/transports.ts";
import { fact } from "../explain/section.ts";
import { explainFlush } from "../explain/ways.ts";
import { declarationText, documentationOf, memberText } from "./declaration-text.ts";
import type { Analysis } from "./files.ts";
import { latencyFact } from "./latency-fact.ts";
import { codeBlock, factMarkdown, parts, sectionMarkdown } from "./markdown.ts";
import { declaredOf } from "./names/flow-names.ts";
import { meaningOf, type Meaning } from "./names/meaning.ts";
import { nodesAt, occurrenceAt } from "./names/lookup.ts";
import { tokenAt } from "./tokens.ts";
import { keywordDocs, typeDocs } from "./words.ts";

export interface Hover {
  readonly span: Span;
  readonly markdown: string;
}

/** What is known of what stands at an offset. */
export function hover(analysis: Analysis, path: string, offset: number): Hover | undefined {
  const file = analysis.parsed(path);
  if (file === undefined) return undefined;
  const checked = analysis.program(path);
  const arrow = checked && arrowAt(checked, path, offset);
  if (arrow !== undefined) return arrow;
  const found = occurrenceAt(analysis, path, offset);
  if (found !== undefined) {
    const markdown = parts(aboutMeaning(analysis, found.meaning), checked && aboutPlace(checked, path, found.span));
    return { span: found.span, markdown };
  }
  return moduleHover(analysis, path, offset) ?? wordHover(analysis, path, offset);
}

function aboutMeaning(analysis: Analysis, meaning: Meaning): string {
  const file = analysis.parsed(meaning.module);
  if (file === undefined) return "";
  const isTop = meaning.syntax === meaning.owner;
  const from = isStandard(meaning.module) && isTop ? `*from \`${meaning.module}\`*` : undefined;
  const code = codeBlock(isTop ? declarationText(file, meaning.owner) : memberText(file, meaning));
  const box = isTop ? undefined : declaredOf(meaning, analysis.names, file);
  const behind = box && analysis.parsed(box.module);
  return parts(
    [code, from, documentationOf(meaning)].filter((one) => one !== undefined).join("\n\n"),
    box &&
      behind &&
      [codeBlock(declarationText(behind, box.syntax)), documentationOf(meaningOf(box))]
        .filter((one) => one !== undefined)
        .join("\n\n"),
  );
}

function pipelinesOf(checked: CheckedProgram, path: string, offset: number): CheckedPipeline[] {
  const { root } = checked.program;
  if (root.module !== path) return [];
  return [...root.declarations.values()].flatMap(({ syntax, key }) => {
    if (syntax.kind !== "Pipeline" || offset < syntax.span.start || offset > syntax.span.end) return [];
    return checked.pipelines.get(key) ?? [];
  });
}

/** Format, converters, transport and latency of the links of an arrow. */
function arrowAt(checked: CheckedProgram, path: string, offset: number): Hover | undefined {
  for (const pipeline of pipelinesOf(checked, path, offset)) {
    const isHere = ({ arrowSpan }: { readonly arrowSpan: Span }): boolean =>
      arrowSpan.start <= offset && offset <= arrowSpan.end;
    const links = pipeline.graph.links.filter(isHere);
    const flushes = pipeline.graph.flushes.filter(isHere);
    const span = (links[0] ?? flushes[0])?.arrowSpan;
    if (span === undefined) continue;
    const sections = links.map((link) => {
      const section = explainLink(checked, pipeline, link, undefined);
      const latency = latencyFact(checked, pipeline, link.to);
      return { ...section, facts: latency === undefined ? section.facts : [...section.facts, latency] };
    });
    return { span, markdown: parts(...[...sections, ...flushes.map(explainFlush)].map(sectionMarkdown)) };
  }
  return undefined;
}

/** The solved format of the port that is named at a span, and of a remote where it is tried. */
function aboutPlace(checked: CheckedProgram, path: string, { start, end }: Span): string | undefined {
  for (const pipeline of pipelinesOf(checked, path, start)) {
    const { graph } = pipeline;
    const { source } = pipeline.symbol.file;
    const facts: string[] = [];
    const name = source.text.slice(start, end);
    if (graph.remotes.has(name)) facts.push(sectionMarkdown(explainRemote(checked, pipeline, name)));
    const ends = graph.links.flatMap(({ from, to }) => [from, to]).filter((one) => isAt(one, start, end));
    const shown = new Set(ends.map((one) => factMarkdown(fact(one.text, describeType(one.type)))));
    facts.push([...shown].join("\n"));
    const own = [...graph.signature.inputs.values(), ...graph.signature.outputs.values()].find(
      (one) => one.span.start === start,
    );
    const type = own && (graph.own.inputs.get(own.name) ?? graph.own.outputs.get(own.name));
    if (type !== undefined) facts.push(factMarkdown(fact("format", describeType(type))));
    return parts(...facts);
  }
  return undefined;
}

function isAt({ span }: GraphEnd, start: number, end: number): boolean {
  return span.start <= start && end <= span.end;
}

/** What a file that is imported declares. */
function moduleHover(analysis: Analysis, path: string, offset: number): Hover | undefined {
  const nodes = nodesAt(analysis, path, offset);
  const text = nodes.at(-1);
  const file = analysis.parsed(path);
  if (text?.kind !== "String" || nodes.at(-2)?.kind !== "Import" || file === undefined) return undefined;
  const resolved = analysis.resolve(file, text.value);
  const there = resolved.kind === "file" ? analysis.parsed(resolved.module) : undefined;
  if (there === undefined) return undefined;
  const declared = [...analysis.names.declarationsOf(there).values()].map(
    ({ kind, name }) => `- ${kind.toLowerCase()} \`${name.text}\``,
  );
  return { span: text.span, markdown: [`\`${there.module}\` declares`, declared.join("\n")].join("\n\n") };
}

/** A word or a value of the language itself. */
function wordHover(analysis: Analysis, path: string, offset: number): Hover | undefined {
  const file = analysis.parsed(path);
  const token = file && tokenAt(file, offset);
  if (token === undefined) return undefined;
  const { span, text } = token;
  const literal = nodesAt(analysis, path, offset).at(-1);
  if (literal?.kind === "Literal" && token.class !== "keyword") {
    const [, unit = ""] = /([A-Za-z%]+)$/.exec(text) ?? [];
    const base = units.has(unit) && literal.quantity === "duration" ? `, ${literal.value / 1000} ms` : "";
    return { span, markdown: `${codeBlock(text)}\n\n${describeLiteral(literal)}${base}` };
  }
  const docs = Object.hasOwn(typeDocs, text) && literal?.kind === "Name" ? typeDocs[text] : undefined;
  const keyword = token.class === "keyword" && Object.hasOwn(keywordDocs, text) ? keywordDocs[text] : undefined;
  const markdown = docs ?? keyword;
  return markdown === undefined ? undefined : { span, markdown: `${codeBlock(text)}\n\n${markdown}` };
}
