import type { AnySyntaxNode, DeclarationSyntax, FileSyntax, PipelineMemberSyntax, Span } from "../../grammar/syntax.ts";
import type { SyntaxProblem } from "../../grammar/index.ts";
import { nodeAt } from "../../grammar/walk.ts";

/** Nodes that are read as a whole: of one with a problem of syntax in it nothing else is told. */
const statements: ReadonlySet<AnySyntaxNode["kind"]> = new Set([
  ...(["Import", "Field", "EnumValue", "TypeVariable", "Parameter"] as const),
  ...(["Port", "Requires", "Latency", "From", "Converts", "Join", "Marker"] as const),
  ...(["Let", "Budget", "Flow", "Target"] as const),
  ...(["Retry", "Timeout", "Breaker", "Via", "Resume", "Standby", "Auth", "Failback"] as const),
  ...(["Runs", "PeerStrings", "Provides"] as const),
]);

/** Problems behind which the tree has all its parts: an arrow, a number or a string that is only written wrongly. */
const slips: readonly string[] = ["MESH1011", "MESH1012", "MESH1018", "MESH1020", "MESH1021"];

/** A place that could not be read. */
interface Wound {
  /** The statement around the problem, and the lines that it stands on. */
  readonly span: Span;
  /** The declaration around it; undefined between declarations. */
  readonly declaration: DeclarationSyntax | undefined;
  /** What is wrong with a flow, a let or a remote changes nothing about how a pipeline looks from outside. */
  readonly inside: boolean;
  /** It is a flow or a budget, which declare nothing. */
  readonly declares: boolean;
  /** All parts of the statement are there. */
  readonly whole: boolean;
}

/**
 * What the problems of syntax of a file cost it. What seems to be wrong because of them is a consequence, and one mistake
 * gives one diagnostic.
 */
export class Damage {
  readonly #text: string;
  readonly #fileOf: () => FileSyntax;
  readonly #problems: readonly SyntaxProblem[];
  #known: readonly Wound[] | undefined;
  #spoiledOnes: readonly DeclarationSyntax[] | undefined;
  #mayBeDeclared: ReadonlySet<string> | undefined;

  /** @param file asked for where something is wrong, which most often nothing is */
  constructor(text: string, file: () => FileSyntax, problems: readonly SyntaxProblem[]) {
    this.#text = text;
    this.#fileOf = file;
    this.#problems = problems;
  }

  get #file(): FileSyntax {
    return this.#fileOf();
  }

  get #wounds(): readonly Wound[] {
    return (this.#known ??= this.#problems.map((problem) => this.#wound(problem)));
  }

  /** Declarations with a broken head and several broken members: they are of another kind than they seem. */
  get #spoiled(): readonly DeclarationSyntax[] {
    if (this.#problems.length < 3) return [];
    return (this.#spoiledOnes ??= this.#file.declarations.filter(({ span }) => {
      const own = this.#wounds.filter((one) => overlap(one.span, span));
      return own.length >= 3 && own.some((one) => one.span.start <= span.start);
    }));
  }

  /** The end of the file is missing: what is not declared may still come. */
  get #unfinished(): boolean {
    if (this.#problems.length === 0) return false;
    const end = this.#text.trimEnd().length;
    return this.#problems.some((problem) => problem.span.end >= end);
  }

  /** True when a place stands in what could not be read. */
  covers(place: Span): boolean {
    return [...this.#wounds, ...this.#spoiled].some(({ span }) => span.start <= place.start && place.start <= span.end);
  }

  /** True when something within a span is lost, so that what seems to be missing may be there. */
  loses(span: Span): boolean {
    return this.#wounds.some((one) => (!one.whole || this.#unfinished) && overlap(one.span, span));
  }

  /** True when what a declaration looks like from outside is not known as a whole. */
  touches({ span }: DeclarationSyntax): boolean {
    return this.#wounds.some((one) => !one.inside && overlap(one.declaration?.span ?? one.span, span));
  }

  /** True when a declaration or import of this name is what could not be read, as far as can be told. */
  mayDeclare(name: string): boolean {
    if (this.#wounds.length === 0) return false;
    if (this.#unfinished) return true;
    this.#mayBeDeclared ??= this.#wordsLost();
    return this.#mayBeDeclared.has(name);
  }

  /** Every word that what could not be read may have declared or imported. */
  #wordsLost(): ReadonlySet<string> {
    const words = new Set<string>();
    const add = (text: string): void => {
      for (const [word] of text.matchAll(/\w+/g)) words.add(word);
    };
    const heads = /\b(?:record|enum|interface|node|pipeline|policy|peer|import)\b([^\n\r]*)/g;
    for (const one of this.#wounds) if (one.declaration === undefined) add(this.#textOf(one));
    for (const text of [...this.#wounds.map((one) => this.#textOf(one)), this.#textBetween()]) {
      for (const [, rest = ""] of text.matchAll(heads)) add(rest);
    }
    return words;
  }

  /** True when a declaration has no name, or an import no names: any name that is not known may be meant. */
  get hasNameless(): boolean {
    if (this.#wounds.length === 0) return false;
    const { imports, declarations } = this.#file;
    if (imports.some((one) => one.names.length === 0 && this.covers(one.span))) return true;
    return declarations.some((one) => one.kind !== "Scenario" && one.name.text === "");
  }

  /** True when what a name means at a place may be what could not be read of the declaration around it. */
  mayName(place: Span, name: string): boolean {
    if (this.#wounds.length === 0) return false;
    const around = this.#file.declarations.find(({ span }) => overlap(span, { start: place.start, end: place.start }));
    if (around === undefined) return false;
    const own = this.#wounds.filter((one) => overlap(one.span, around.span));
    if (own.length === 0) return false;
    const members = around.kind === "Pipeline" ? around.members : [];
    return members.some(isNameless) || own.some((one) => one.declares && this.#holds(one, name));
  }

  #wound({ code, span: problem }: SyntaxProblem): Wound {
    const path = nodeAt(this.#file, problem.start);
    const statement = path.findLast((one) => statements.has(one.kind));
    const declaration = path.find((one): one is DeclarationSyntax => this.#file.declarations.includes(one as never));
    const lines = { start: this.#lineStart(problem.start), end: this.#lineEnd(problem.end) };
    const { start, end } = statement?.span ?? lines;
    const within = declaration?.kind === "Pipeline" ? declaration.members.find((one) => path.includes(one)) : undefined;
    const kind = within?.kind ?? "";
    const flow = statement?.kind === "Flow" && statement.hops.length > 0;
    return {
      span: { start: Math.min(start, lines.start), end: Math.max(end, lines.end) },
      declaration,
      inside: ["Flow", "Let", "Remote", "Budget"].includes(kind),
      declares: !flow && statement?.kind !== "Budget",
      whole: statement !== undefined && slips.includes(code),
    };
  }

  #lineStart(offset: number): number {
    return Math.max(this.#text.lastIndexOf("\n", offset - 1), this.#text.lastIndexOf("\r", offset - 1)) + 1;
  }

  #lineEnd(offset: number): number {
    const length = this.#text.slice(offset).search(/[\r\n]/);
    return length === -1 ? this.#text.length : offset + length;
  }

  #textOf({ span }: Wound): string {
    return this.#text.slice(span.start, span.end);
  }

  /** The text that belongs to no declaration and no import: what was passed over. */
  #textBetween(): string {
    let text = "";
    let at = 0;
    for (const { span } of [...this.#file.imports, ...this.#file.declarations].toSorted(
      (a, b) => a.span.start - b.span.start,
    )) {
      text += this.#text.slice(at, Math.max(at, span.start));
      at = Math.max(at, span.end);
    }
    return text + this.#text.slice(at);
  }

  #holds(wound: Wound, name: string): boolean {
    return new RegExp(`\\b${name}\\b`, "u").test(this.#textOf(wound));
  }
}

function overlap(a: Span, b: Span): boolean {
  return a.start <= b.end && b.start <= a.end;
}

/** A member that should have a name and has none. */
function isNameless(member: PipelineMemberSyntax): boolean {
  if (member.kind === "Port") return member.name === undefined && member.type === undefined;
  return (member.kind === "Let" || member.kind === "Remote") && member.name.text === "";
}
