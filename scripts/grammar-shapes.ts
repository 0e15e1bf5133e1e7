/** The rules of the parser in the shape in which a reader wants them: lists as lists, tokens as they are written. */
import type { ISerializedGast } from "chevrotain";
import { recordedRules } from "../grammar/parser.ts";
import { Arrow, Literal, Name, Operator, Text } from "../grammar/tokens.ts";

export type Shape =
  | { readonly kind: "word"; readonly text: string }
  /** A rule of the grammar, or a kind of token. */
  | { readonly kind: "rule"; readonly name: string }
  | { readonly kind: "sequence"; readonly parts: readonly Shape[] }
  | { readonly kind: "choice"; readonly parts: readonly Shape[] }
  | { readonly kind: "optional"; readonly part: Shape }
  /** Once or more often, with something between. */
  | { readonly kind: "several"; readonly part: Shape; readonly separator?: Shape };

export interface Rule {
  readonly name: string;
  readonly shape: Shape;
}

/** Kinds of tokens by the name that they have in the rules of the page. */
export const tokenKinds: ReadonlyMap<string, string> = new Map([
  [Name.name, "NAME"],
  [Literal.name, "VALUE"],
  [Text.name, "STRING"],
]);

/** What a category of operators stands for, as a choice. */
const operators: ReadonlyMap<string, readonly string[]> = new Map([
  [Arrow.name, ["->", "~>"]],
  [Operator.name, ["==", "!=", ">=", ">", "<=", "<"]],
]);

/** Blocks whose members may be parted by commas; everywhere else a comma between two is required. */
const looseLists: ReadonlySet<string> = new Set(["record", "enum"]);

const comma: Shape = { kind: "word", text: "," };

function sequence(parts: readonly Shape[]): Shape {
  const flat = parts.flatMap((part) => (part.kind === "sequence" ? part.parts : [part]));
  return flat.length === 1 ? flat[0]! : { kind: "sequence", parts: flat };
}

function optional(part: Shape): Shape {
  return { kind: "optional", part };
}

function terminal({ name, label }: { readonly name: string; readonly label?: string | undefined }): Shape {
  const kind = tokenKinds.get(name);
  if (kind !== undefined) return { kind: "rule", name: kind };
  const texts = operators.get(name);
  if (texts !== undefined) return { kind: "choice", parts: texts.map((text) => ({ kind: "word", text })) };
  return { kind: "word", text: (label ?? name).replace(/^"(.*)"$/, "$1") };
}

/** What all kinds of recorded parts have, as far as it matters here. */
interface Serialized {
  readonly type: ISerializedGast["type"];
  readonly name?: string;
  readonly label?: string;
  readonly definition?: readonly Serialized[];
}

function isComma(node: Serialized | undefined): boolean {
  const [only, ...others] = node?.definition ?? [];
  return node?.type === "Option" && others.length === 0 && only?.type === "Terminal" && only.name === "Comma";
}

function shapeOf(node: Serialized, rule: string): Shape {
  const { type, name = "", label, definition = [] } = node;
  const parts = (from: readonly Serialized[]): Shape => sequence(from.map((part) => shapeOf(part, rule)));
  switch (type) {
    case "Terminal":
      return terminal({ name, label });
    case "NonTerminal":
      return { kind: "rule", name };
    case "Alternation":
      return { kind: "choice", parts: definition.map((part) => shapeOf(part, rule)) };
    case "Option":
      return optional(parts(definition));
    case "RepetitionMandatory":
      return { kind: "several", part: parts(definition) };
    case "Repetition": {
      if (!isComma(definition.at(-1)) || looseLists.has(rule))
        return optional({ kind: "several", part: parts(definition) });
      const list: Shape = { kind: "several", part: parts(definition.slice(0, -1)), separator: comma };
      return optional(sequence([list, optional(comma)]));
    }
    default:
      return parts(definition);
  }
}

/** `x ("," x)*` as a list of `x`, where what comes before the repetition is what is repeated. */
function withLists(shape: Shape): Shape {
  switch (shape.kind) {
    case "sequence": {
      const parts = shape.parts.map(withLists);
      for (let at = 0; at < parts.length; at++) {
        const part = parts[at]!;
        if (part.kind !== "optional" || part.part.kind !== "several" || part.part.part.kind !== "sequence") continue;
        const [separator, ...repeated] = part.part.part.parts;
        const before = parts.slice(at - repeated.length, at);
        if (separator?.kind !== "word" || JSON.stringify(before) !== JSON.stringify(repeated)) continue;
        parts.splice(at - repeated.length, repeated.length + 1, {
          kind: "several",
          part: sequence(repeated),
          separator,
        });
        at -= repeated.length;
      }
      return sequence(parts);
    }
    case "choice":
      return { kind: "choice", parts: shape.parts.map(withLists) };
    case "optional":
      return optional(withLists(shape.part));
    case "several":
      return { ...shape, part: withLists(shape.part) };
    default:
      return shape;
  }
}

/** Rules that only stand for what they hold. */
const inlined: ReadonlySet<string> = new Set(["hops"]);

function inline(shape: Shape, rules: ReadonlyMap<string, Shape>): Shape {
  switch (shape.kind) {
    case "rule":
      return inlined.has(shape.name) ? (rules.get(shape.name) ?? shape) : shape;
    case "sequence":
      return sequence(shape.parts.map((part) => inline(part, rules)));
    case "choice":
      return { kind: "choice", parts: shape.parts.map((part) => inline(part, rules)) };
    case "optional":
      return optional(inline(shape.part, rules));
    case "several":
      return { ...shape, part: inline(shape.part, rules) };
    default:
      return shape;
  }
}

export interface Section {
  readonly title: string;
  readonly rules: readonly Rule[];
}

const sections: readonly (readonly [title: string, rules: readonly string[]])[] = [
  ["Files", ["file", "topLevel", "import", "signature"]],
  ["Data", ["record", "field", "enum", "enumValue"]],
  ["Types", ["type", "listType", "mapType", "namedType", "caps", "cap", "capValue", "shape"]],
  ["Signatures", ["interface", "node", "variables", "parameters", "signatureMember", "port", "property"]],
  ["Pipelines", ["pipeline", "pipelineMember", "let", "instance", "budget", "portReference"]],
  [
    "Flows",
    [
      ...["flow", "hop", "step", "endpoint", "group", "branch", "anyStep", "firstStep", "routeStep", "routeCase"],
      ...["routeMatch", "flushStep", "options"],
    ],
  ],
  ["Remotes", ["remote", "remoteMember", "target", "targetValue", "peerTarget", "serviceTarget"]],
  ["Policies", ["policy", "clause", "retry", "timeout", "breaker", "simpleClause"]],
  ["Capabilities", ["conditions", "conditionPart", "capability", "capabilityValues"]],
  ["Peers", ["peer", "peerMember", "runs", "peerStrings", "provides", "stringOrCall"]],
  ["Scenarios", ["scenario", "scenarioStep", "scenarioAt", "feedStep", "expectStep", "expectSubject", "usedTarget"]],
  [
    "Values",
    [
      ...["expression", "literalOrRange", "nameOrCall", "call", "callArguments", "listExpression", "namedArguments"],
      "argument",
    ],
  ],
];

/**
 * All rules, by what they are about.
 * @throws {Error} where a rule of the parser is in no section, or a section has one that the parser lacks
 */
export function grammarSections(): Section[] {
  const recorded = recordedRules() as readonly Serialized[];
  const all = new Map(
    recorded.map(({ name = "", definition = [] }) => [
      name,
      withLists(sequence(definition.map((part) => shapeOf(part, name)))),
    ]),
  );
  const listed = new Set(sections.flatMap(([, names]) => names));
  for (const name of all.keys()) {
    if (!listed.has(name) && !inlined.has(name)) throw new Error(`the rule ${name} is in no section`);
  }
  return sections.map(([title, names]) => ({
    title,
    rules: names.map((name) => {
      const shape = all.get(name);
      if (shape === undefined) throw new Error(`the parser has no rule ${name}`);
      return { name, shape: inline(shape, all) };
    }),
  }));
}
