import type { TypeSyntax } from "../../../grammar/syntax.ts";
import type { CheckedProgram } from "../../check/checked-program.ts";
import type { ParsedFile } from "../../check/sources.ts";
import type { Analysis } from "../files.ts";
import { carried, declaredOf, defaultPortOf, fieldsOf, portsOf } from "../names/flow-names.ts";
import type { Declared, Meaning } from "../names/meaning.ts";
import { keywordDocs } from "../words.ts";
import { capabilityItems, propertyItems } from "./capabilities.ts";
import { cursorAt, headOf, type Cursor } from "./cursor.ts";
import { Offer, type DeclarationKind } from "./declared.ts";
import { Fit } from "./fit.ts";
import { keyword, words, type Completion, type CompletionItem } from "./item.ts";
import { balancing, followers, linkOptions, runOptions, statements } from "./statements.ts";
import { completeString } from "./strings.ts";
import { targetItems } from "./targets.ts";
import { formatItems, scalarValues, typeItems } from "./values.ts";

/**
 * What may stand at an offset.
 * @param checked the program as it was last checked, which tells what fits; undefined where nothing has been checked yet
 */
export function complete(
  analysis: Analysis,
  path: string,
  offset: number,
  checked: CheckedProgram | undefined,
): Completion | undefined {
  const file = analysis.parsed(path);
  const cursor = file && cursorAt(file, offset);
  if (file === undefined || cursor === undefined) return undefined;
  if (cursor.string !== undefined) return completeString(analysis, file, cursor);
  const offer = new Offer(analysis, file, { start: cursor.word.start, end: offset });
  const items = new Place(analysis, file, cursor, checked, offer).items();
  return { span: cursor.word, items, isPart: offer.isPart };
}

/** One place in a text, and what may stand there. */
class Place {
  readonly #analysis: Analysis;
  readonly #file: ParsedFile;
  readonly #cursor: Cursor;
  readonly #checked: CheckedProgram | undefined;
  readonly #offer: Offer;
  readonly #line: readonly string[];
  readonly #previous: string;
  /** The block around, as its head begins: `pipeline`, `with`, …; empty outside of all. */
  readonly #block: string;
  readonly #head: readonly string[];
  /** The declaration around. */
  readonly #owner: Declared | undefined;

  constructor(analysis: Analysis, file: ParsedFile, cursor: Cursor, checked: CheckedProgram | undefined, offer: Offer) {
    this.#analysis = analysis;
    this.#file = file;
    this.#cursor = cursor;
    this.#checked = checked;
    this.#offer = offer;
    this.#line = cursor.line;
    this.#previous = cursor.tokens[cursor.index - 1]?.text ?? "";
    const heads = cursor.openers.filter((one) => one.text === "{").map((one) => headOf(cursor.tokens, one.index));
    this.#head = heads[0] ?? [];
    this.#block = this.#head[0] ?? "";
    const outer = heads.at(-1) ?? [];
    const name = outer[0] === "scenario" ? outer[outer.indexOf("for") + 1] : outer[1];
    this.#owner = name === undefined ? undefined : analysis.names.find(file, name)?.declared;
  }

  items(): CompletionItem[] {
    const [inner] = this.#cursor.openers;
    if (this.#line.length === 0 && inner?.text !== "(" && inner?.text !== "[" && inner?.text !== "<")
      return this.#start();
    if (inner?.text === "<") return this.#caps(inner.index);
    if (inner?.text === "(") return this.#parentheses(inner.index);
    if (this.#block === "import") return this.#importNames();
    if (this.#block === "with") return this.#options();
    const few = followers[this.#previous];
    if (few !== undefined) return words(few);
    if (this.#previous === "." || this.#previous === "..") return this.#previous === "." ? this.#behindDot() : [];
    switch (this.#block) {
      case "":
        return this.#heading();
      case "record":
        return this.#typed(false);
      case "peer":
        return this.#peer();
      case "scenario":
        return this.#scenario();
      case "remote":
        return this.#remote();
      case "route":
        return this.#line.length === 1 && this.#previous === "else" ? [] : this.#flow();
      case "policy":
      case "enum":
        return [];
      default:
        return this.#member();
    }
  }

  /** The beginning of a line. */
  #start(): CompletionItem[] {
    if (this.#block === "import") return this.#importNames();
    if (this.#block === "with") return this.#options();
    if (this.#block === "route") return [...this.#routeValues(), keyword("else", keywordDocs["else"], "else -> ")];
    const own = statements[this.#block] ?? [];
    return this.#block === "pipeline" ? [...own, ...this.#boxes("out"), ...this.#nodes(undefined)] : [...own];
  }

  /** The head of a declaration, or the words before its name. */
  #heading(): CompletionItem[] {
    const { tokens, index } = this.#cursor;
    const head = headOf(tokens, index);
    const [first] = head;
    if (first === "pipeline" && this.#previous === ":") return this.#declared(["Interface"]);
    if (first === "scenario") return this.#previous === "for" ? this.#declared(["Pipeline"]) : [keyword("for")];
    if (first === "import" && this.#previous === "}") return [keyword("from", undefined, 'from "$1"')];
    return [];
  }

  /** A signature's lines, a pipeline's statements. */
  #member(): CompletionItem[] {
    const [first] = this.#line;
    if (this.#line.some((one) => one === "->" || one === "~>") && first !== "let") return this.#flow();
    switch (first) {
      case "in":
      case "out":
        return this.#typed(true);
      case "requires":
        return this.#conditions();
      case "converts":
        return this.#previous === "at" ? [keyword("cost")] : [];
      case "join":
        return this.#previous === "time" ? [keyword("within")] : [];
      case "let":
        if (this.#previous === "=") return this.#nodes(undefined);
        return this.#previous === ")" ? [keyword("with", keywordDocs["with"], "with { $1 }")] : [];
      case "remote":
        if (this.#previous === ":") return this.#declared(["Interface"]);
        return this.#previous === "with" ? this.#declared(["Policy"]) : [keyword("with", keywordDocs["with"])];
      case "budget":
        return this.#boxes(this.#line.includes("->") ? "in" : "out");
      default:
        return this.#flow();
    }
  }

  /** `name: type = value` */
  #typed(isPort: boolean): CompletionItem[] {
    const { tokens, index } = this.#cursor;
    if (this.#previous === "=") return this.#valuesFor(this.#typeBefore());
    const isType = [":", "[", "<", "|"].includes(this.#previous) || (isPort && this.#line.length === 1);
    if (isType) return this.#types(isPort);
    // Behind a type: what narrows it.
    const isBehindType = tokens.slice(Math.max(0, index - 6), index).some((one) => one.text === ":");
    return isBehindType && !isPort ? [keyword("in"), keyword("matches")] : [];
  }

  #types(isPort: boolean): CompletionItem[] {
    return [...typeItems(isPort), ...this.#declared(["Record", "Enum"])];
  }

  /** Between angle brackets. */
  #caps(open: number): CompletionItem[] {
    const { tokens, index } = this.#cursor;
    const before = tokens[open - 1]?.text ?? "";
    if (before === "map") return this.#types(false);
    const isVariables = !["audio", "video", "tensor"].includes(before);
    if (isVariables)
      return this.#previous === ":"
        ? words(["rate", "channels", "codec", "size", "fps", "element", "side"], "type")
        : [];
    const given = tokens.slice(open + 1, index).map((one) => one.text);
    // An alternative is of the dimension that it stands beside.
    const told = this.#previous === "|" ? given.slice(0, given.lastIndexOf(",") + 1) : given;
    const own = this.#owner === undefined ? [] : this.#analysis.names.members(this.#owner);
    const names = own.filter((one) => one.kind === "variable" || one.kind === "parameter").map((one) => one.name);
    return [...formatItems(before, told), ...words(names, "variable", 4)];
  }

  /** Between parentheses: of a call, of a declaration, of a choice, of what a peer provides. */
  #parentheses(open: number): CompletionItem[] {
    const { tokens } = this.#cursor;
    const callee = tokens[open - 1]?.text ?? "";
    if (callee === "any")
      return [...words(balancing), { label: "hash", kind: "value", rank: 2, snippet: "hash(${1:field})" }];
    if (callee === "hash") return this.#fields();
    if (callee === "first") return [{ label: "stagger", kind: "parameter", rank: 1, snippet: "stagger: ${1:50ms}" }];
    if (callee === "env") return [];
    const kind = tokens[open - 2]?.text;
    if (kind === "node" || kind === "pipeline" || tokens[open - 1]?.text === ">") return this.#typed(false);
    if (this.#line[0] === "provides" || this.#line[0] === "requires")
      return callee === "codecs" ? words(["opus", "pcmu", "vp8", "h264"]) : propertyItems(this.#analysis, callee);
    const declared = this.#analysis.names.find(this.#file, callee)?.declared;
    if (declared === undefined) return [];
    const parameters = this.#analysis.names.members(declared).filter((one) => one.kind === "parameter");
    if (this.#previous === ":") {
      const name = tokens[this.#cursor.index - 2]?.text;
      const parameter = parameters.find((one) => one.name === name);
      return parameter === undefined
        ? []
        : [...this.#valuesFor(typeOf(parameter), parameter.module), ...this.#parameters()];
    }
    if (this.#previous !== "(" && this.#previous !== ",") return [];
    const given = new Set(tokens.slice(open, this.#cursor.index).map((one) => one.text));
    return parameters
      .filter((one) => !given.has(one.name))
      .map((one) => ({
        label: one.name,
        kind: "parameter",
        rank: one.syntax.kind === "Parameter" && one.syntax.defaultValue === undefined ? 0 : 1,
        detail: this.#textOf(one),
        snippet: `${one.name}: `,
      }));
  }

  /** Parameters of the declaration around. */
  #parameters(): CompletionItem[] {
    const own = this.#owner === undefined ? [] : this.#analysis.names.members(this.#owner);
    return words(
      own.filter((one) => one.kind === "parameter").map((one) => one.name),
      "parameter",
      0,
    );
  }

  #valuesFor(type: TypeSyntax | undefined, module = this.#file.module): CompletionItem[] {
    if (type === undefined) return [];
    if (type.kind !== "NamedType") return this.#valuesFor("base" in type ? type.base : type.element, module);
    const file = this.#analysis.parsed(module);
    const declared = file && this.#analysis.names.find(file, type.name.text)?.declared;
    if (declared?.syntax.kind === "Enum")
      return words(
        declared.syntax.values.map((one) => one.name.text),
        "enumValue",
      );
    return scalarValues(type.name.text);
  }

  /** The type that is written on the line before a `=`. */
  #typeBefore(): TypeSyntax | undefined {
    const { tokens, index } = this.#cursor;
    const type = tokens.slice(0, index).findLastIndex((one) => one.text === ":");
    const name = tokens[type + 1];
    if (name === undefined) return undefined;
    return {
      kind: "NamedType",
      span: name.span,
      name: { kind: "Name", text: name.text, span: name.span },
      caps: undefined,
    };
  }

  #importNames(): CompletionItem[] {
    const { tokens, openers } = this.#cursor;
    const open = openers[0]?.index ?? 0;
    const close = tokens.findIndex((one, at) => at > open && (one.text === "}" || one.class === "string"));
    const from = close < 0 ? undefined : tokens.slice(close, close + 3).find((one) => one.class === "string");
    const given = new Set(tokens.slice(open, close < 0 ? undefined : close).map((one) => one.text));
    const kinds: DeclarationKind[] = ["Record", "Enum", "Interface", "Node", "Pipeline", "Policy", "Peer"];
    const resolved = from && this.#analysis.resolve(this.#file, from.text.slice(1, -1));
    const module = resolved?.kind === "file" ? resolved.module : undefined;
    return this.#offer.importable(kinds, module).filter(({ label }) => !given.has(label));
  }

  #options(): CompletionItem[] {
    const { tokens, index, openers } = this.#cursor;
    const isLet = /^let$/.test(this.#line[0] ?? "");
    const all = isLet ? runOptions : linkOptions;
    const known = all[tokens[index - 2]?.text ?? ""];
    if (this.#previous === ":") return words(known ?? []);
    const given = new Set(tokens.slice(openers[0]?.index ?? 0, index).map((one) => one.text));
    return Object.keys(all)
      .filter((one) => !given.has(one))
      .map((label) => ({ label, kind: "parameter", rank: 1, snippet: `${label}: ` }));
  }

  #conditions(): CompletionItem[] {
    const isStart = ["requires", "where", ",", "or"].includes(this.#previous);
    if (isStart) return capabilityItems(this.#analysis, "asked");
    return [">=", "<=", "==", "!=", ">", "<"].includes(this.#previous) ? this.#parameters() : [keyword("or")];
  }

  #peer(): CompletionItem[] {
    const [first] = this.#line;
    if (this.#previous === "runs") return this.#declared(["Pipeline"]);
    if (first === "runs")
      return [keyword("as", keywordDocs["as"], 'as "${1:name}"'), keyword("shared", keywordDocs["shared"])];
    return first === "provides" ? capabilityItems(this.#analysis, "provided") : [];
  }

  #remote(): CompletionItem[] {
    const [first] = this.#line;
    if (this.#previous === "at" || this.#previous === "else") return this.#targets();
    if (first !== "at" && first !== "else") return first === "retry" ? [keyword("times"), keyword("backoff")] : [];
    if (!this.#line.includes("service")) return [];
    if (this.#previous === ",") return [...capabilityItems(this.#analysis, "asked"), keyword("prefer")];
    return this.#line.includes("where") ? this.#conditions() : [keyword("where"), keyword("prefer")];
  }

  #targets(): CompletionItem[] {
    return targetItems(this.#offer, this.#head[this.#head.indexOf(":") + 1]);
  }

  #scenario(): CompletionItem[] {
    const [first] = this.#line;
    const own = this.#owner === undefined ? [] : this.#analysis.names.members(this.#owner);
    const ports = words(
      own.filter((one) => one.kind === "port").map((one) => one.name),
      "port",
    );
    const remotes = words(
      own.filter((one) => one.kind === "remote").map((one) => one.name),
      "remote",
    );
    if (first === "feed") return this.#previous === "feed" ? ports : [keyword("from")];
    if (first === "expect") {
      if (this.#previous === "expect")
        return [...ports, ...remotes, ...["gap", "latency", "no"].map((one) => keyword(one))];
      if (this.#previous === "uses") return this.#targets();
      if (this.#previous === "no") return words(["loss", "duplicates"]);
      if (["gap", "latency", "loss", "duplicates", "->"].includes(this.#previous)) return ports;
      return this.#line.length === 2 ? [keyword("emits"), keyword("uses")] : [keyword("within")];
    }
    if (first !== "at") return [];
    const actions = ["kill", "pause", "resume", "cut", "heal", "delay", "lose"];
    return actions.includes(this.#previous) || this.#previous === ".."
      ? this.#declared(["Peer"])
      : words(actions, "keyword");
  }

  /** A step of a flow, or the options behind one. */
  #flow(): CompletionItem[] {
    const isStep = ["->", "~>", "[", ","].includes(this.#previous);
    if (this.#previous === "route") return this.#fields();
    if (this.#previous === "flush") return this.#boxes("in");
    if (!isStep) return [keyword("->"), keyword("~>"), keyword("with", keywordDocs["with"], "with { $1 }")];
    const source = this.#source();
    const fit = this.#fit(source);
    const choices: CompletionItem[] = [
      keyword("any", keywordDocs["any"], "any(${1|round_robin,fastest,least_loaded,adaptive|}) [$2]"),
      keyword("first", keywordDocs["first"], "first(stagger: ${1:50ms}) [$2]"),
      keyword("route", keywordDocs["route"], "route ${1:field} { $2, else -> $3 }"),
      keyword("flush", keywordDocs["flush"], "flush $1"),
    ];
    return [...this.#boxes("in", fit), ...this.#nodes(fit), ...choices];
  }

  /** The names of the step before the arrow: `vad`, `speech`. */
  #source(): readonly string[] {
    const { tokens, index } = this.#cursor;
    let at = index - 1;
    while (at >= 0 && !["->", "~>"].includes(tokens[at]?.text ?? "")) at -= 1;
    at -= 1;
    const port = tokens[at - 1]?.text === "." ? tokens[at]?.text : undefined;
    if (port !== undefined) at -= 2;
    if (tokens[at]?.text === ")") {
      for (let depth = 0; at >= 0; at -= 1) {
        if (tokens[at]?.text === ")") depth += 1;
        if (tokens[at]?.text === "(" && --depth === 0) break;
      }
      at -= 1;
    }
    const name = tokens[at]?.text ?? "";
    return port === undefined ? [name] : [name, port];
  }

  #fit(source: readonly string[]): Fit | undefined {
    const { syntax } = this.#owner ?? {};
    return this.#checked === undefined || syntax?.kind !== "Pipeline"
      ? undefined
      : new Fit(this.#checked, syntax.name.text, source);
  }

  #nodes(fit: Fit | undefined): CompletionItem[] {
    const own = this.#owner?.syntax.name.text;
    return this.#offer
      .items(["Node", "Pipeline"], { asCall: true, rankOf: ({ name }) => 3 + (fit?.rankOf(name) ?? 2) })
      .filter(({ label, declared }) => label !== own || declared?.module !== this.#file.module);
  }

  /** Lets, remotes and ports of the pipeline. @param direction whether frames go into them or come from them */
  #boxes(direction: "in" | "out", fit?: Fit): CompletionItem[] {
    const own = this.#owner;
    if (own === undefined) return [];
    return this.#analysis.names.members(own).flatMap((one): CompletionItem[] => {
      const { syntax, kind, name } = one;
      if (syntax.kind === "Port" && (syntax.direction === "in") !== (direction === "out")) return [];
      if (kind !== "port" && kind !== "let" && kind !== "remote") return [];
      const rank = fit === undefined ? 1 : fit.rankOfBox(own.syntax.name.text, name);
      return [{ label: name, kind, rank, detail: this.#textOf(one) }];
    });
  }

  /** Ports of a box, properties of a capability, what a peer runs. */
  #behindDot(): CompletionItem[] {
    const { tokens, index } = this.#cursor;
    const [first] = this.#line;
    let name = tokens[index - 2]?.text ?? "";
    if (first === "requires" || this.#line.includes("where")) return propertyItems(this.#analysis, name);
    const top = this.#analysis.names.find(this.#file, name)?.declared;
    if (top?.syntax.kind === "Peer") {
      return top.syntax.members.flatMap((one) =>
        one.kind === "Runs" ? words([one.as?.value ?? one.instance.callee.text], "pipeline") : [],
      );
    }
    if (this.#line.at(-3) === "route" || this.#line.includes("hash")) return this.#fields();
    let declared: Declared | undefined;
    if (name === ")") {
      const open = tokens.slice(0, index - 1).findLastIndex((one) => one.text === "(");
      name = tokens[open - 1]?.text ?? "";
      declared = this.#analysis.names.find(this.#file, name)?.declared;
    } else {
      const box = this.#owner && this.#analysis.names.member(this.#owner, name);
      declared = box && declaredOf(box, this.#analysis.names, this.#file);
    }
    if (declared === undefined) return [];
    const isTarget = this.#line.slice(0, -2).some((one) => one === "->" || one === "~>");
    const preferred = isTarget ? "in" : "out";
    const other = isTarget ? "out" : "in";
    const ports = (direction: "in" | "out", rank: number): CompletionItem[] =>
      portsOf(declared, direction, this.#analysis.names).map((one) => {
        const isDefault = defaultPortOf(declared, direction, this.#analysis.names) === one;
        return { label: one.name, kind: "port", rank: rank + (isDefault ? 0 : 1), detail: this.#textOf(one) };
      });
    return [...ports(preferred, 0), ...ports(other, 4)];
  }

  /** The fields of the record that flows here. */
  #fields(): CompletionItem[] {
    return this.#recordFields().map((one) => ({ label: one.name, kind: "field", rank: 1, detail: this.#textOf(one) }));
  }

  #recordFields(): readonly Meaning[] {
    const own = this.#owner;
    const [name = "", port] = this.#source();
    const span = { start: 0, end: 0 };
    const syntax = (text: string) => ({ kind: "Name" as const, text, span });
    if (own === undefined) return [];
    const step = {
      kind: "Endpoint" as const,
      span,
      target: syntax(name),
      port: port === undefined ? undefined : syntax(port),
    };
    const type = carried(own, step, this.#analysis.names, this.#file);
    return type === undefined ? [] : fieldsOf(type, this.#analysis.names);
  }

  /** The values of the field that a route goes by. */
  #routeValues(): CompletionItem[] {
    const field = this.#recordFields().find((one) => one.name === this.#head[1]);
    const values = field === undefined ? [] : this.#valuesFor(typeOf(field), field.module);
    return values.map((one) => ({ ...one, label: `"${one.label}"`, snippet: `"${one.label}" -> ` }));
  }

  #declared(kinds: readonly DeclarationKind[]): CompletionItem[] {
    return this.#offer.items(kinds);
  }

  #textOf({ module, syntax }: Meaning): string {
    const text = this.#analysis.parsed(module)?.source.text ?? "";
    return text.slice(syntax.span.start, syntax.span.end).replaceAll(/\s+/g, " ").slice(0, 120);
  }
}

function typeOf({ syntax }: Meaning): TypeSyntax | undefined {
  return "type" in syntax && (syntax.kind === "Parameter" || syntax.kind === "Field" || syntax.kind === "Port")
    ? syntax.type
    : undefined;
}
