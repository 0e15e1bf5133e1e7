import type { NameSyntax, ParameterSyntax, PortSyntax, Span, TypeVariableSyntax } from "../../grammar/syntax.ts";
import type { Alternative, DimensionValue } from "../../runtime/interface/caps.ts";
import { suggest } from "../diagnostics/suggest.ts";
import { lostName, type TypeNames } from "./formats.ts";
import { readClauses, type Clauses, type JoinInfo } from "./clauses.ts";
import { scalarOf, type ParameterInfo } from "./parameter.ts";
import type { FileInfo, SignatureSymbol } from "./program.ts";
import { replaceFix, type Reporter } from "./reporter.ts";
import type { PatternType, TypeReader } from "./types.ts";
import type { ValueReader } from "./values.ts";

export interface PortInfo {
  readonly name: string;
  readonly direction: "in" | "out";
  readonly type: PatternType;
  /** Carries control pulses, not data. */
  readonly signal: boolean;
  /** May be left unconnected. */
  readonly optional: boolean;
  readonly span: Span;
  readonly documentation: string | undefined;
}

export interface VariableInfo {
  readonly name: string;
  readonly span: Span;
  readonly dimension: string;
  readonly bound: readonly Alternative<DimensionValue>[] | undefined;
}

/** The inputs that come together, and how. */
export interface SignatureJoin extends JoinInfo {
  readonly inputs: readonly string[];
}

/** What a node, an interface or a pipeline looks like from outside. */
export interface Signature extends Omit<Clauses, "join" | "converts"> {
  readonly symbol: SignatureSymbol;
  readonly variables: ReadonlyMap<string, VariableInfo>;
  readonly params: ReadonlyMap<string, ParameterInfo>;
  readonly inputs: ReadonlyMap<string, PortInfo>;
  readonly outputs: ReadonlyMap<string, PortInfo>;
  /** Names of ports that are declared twice: which one is meant, nobody knows. */
  readonly lost: ReadonlySet<string>;
  readonly batch: boolean;
  readonly join: SignatureJoin | undefined;
}

/** The word for a dimension in `<R: rate>`; `side` is one side of a tensor's shape. */
const variableDimensions: readonly string[] = ["codec", "rate", "channels", "size", "fps", "element", "side"];

interface PortTables {
  readonly inputs: Map<string, PortInfo>;
  readonly outputs: Map<string, PortInfo>;
  readonly lost: Set<string>;
}

/** Where signatures are asked for. */
export interface Signatures {
  read(symbol: SignatureSymbol): Signature;
}

/** Reads signatures, each once. */
export class SignatureReader implements Signatures {
  readonly #types: TypeReader;
  readonly #values: ValueReader;
  readonly #reporter: Reporter;
  readonly #known = new Map<SignatureSymbol, Signature>();

  constructor(types: TypeReader, values: ValueReader, reporter: Reporter) {
    this.#types = types;
    this.#values = values;
    this.#reporter = reporter;
  }

  read(symbol: SignatureSymbol): Signature {
    const known = this.#known.get(symbol);
    if (known !== undefined) return known;
    const signature = this.#make(symbol);
    this.#known.set(symbol, signature);
    return signature;
  }

  /** Takes over what the uses of a pipeline's parameters leave of them. */
  refine(symbol: SignatureSymbol, params: Signature["params"]): void {
    const known = this.read(symbol);
    if (params !== known.params) this.#known.set(symbol, { ...known, params });
  }

  #make(symbol: SignatureSymbol): Signature {
    const { syntax, file } = symbol;
    const variables = new Map<string, VariableInfo>();
    if (syntax.kind === "Node") for (const one of syntax.variables) this.#variable(file, one, variables);
    const params = new Map<string, ParameterInfo>();
    if (syntax.kind !== "Interface") for (const one of syntax.parameters) this.#parameter(file, one, params, variables);
    const names: TypeNames = {
      variables: new Map([...variables.values()].map((one) => [one.name, one.dimension])),
      parameters: new Map(
        [...params.values()].map((one) => [
          one.name,
          one.type === undefined ? lostName : (scalarOf(one.type)?.name ?? ""),
        ]),
      ),
    };
    const inputs = new Map<string, PortInfo>();
    const outputs = new Map<string, PortInfo>();
    const lost = new Set<string>();
    for (const member of syntax.members) {
      if (member.kind === "Port") this.#port(file, member, names, { inputs, outputs, lost });
    }
    const { converts, join, ...clauses } = readClauses(symbol, this.#reporter);
    const signature: Signature = {
      symbol,
      variables,
      params,
      inputs,
      outputs,
      lost,
      batch: syntax.batch,
      ...clauses,
      join: join && this.#join(symbol, join, inputs),
    };
    if (converts !== undefined && !isConverter(signature)) {
      this.#reporter.report(
        "MESH5005",
        file.source,
        converts.span,
        `\`${symbol.name}\` converts, so it takes one stream and gives one.`,
        { hint: "Make its other inputs optional, and its other outputs signals.", about: [symbol] },
      );
    }
    return signature;
  }

  #join(symbol: SignatureSymbol, join: JoinInfo, inputs: ReadonlyMap<string, PortInfo>): SignatureJoin | undefined {
    const joined = [...inputs.values()].filter((port) => !port.signal && !port.optional);
    if (joined.length >= 2) return { ...join, inputs: joined.map((port) => port.name) };
    this.#reporter.report("MESH5012", symbol.file.source, join.span, "There are no inputs to join.", {
      notes: ["Signals and optional inputs take no part in a join."],
      hint: "Declare two inputs at least, or remove the `join`.",
      about: [symbol],
    });
    return undefined;
  }

  #variable(file: FileInfo, syntax: TypeVariableSyntax, into: Map<string, VariableInfo>): void {
    const { name, dimension } = syntax;
    if (name.text === "" || this.#taken(file, name, into.get(name.text)?.span)) return;
    if (!variableDimensions.includes(dimension.text)) {
      into.set(name.text, { name: name.text, dimension: lostName, span: name.span, bound: undefined });
      if (dimension.text === "") return;
      const near = suggest(dimension.text, variableDimensions);
      this.#reporter.report(
        "MESH3004",
        file.source,
        dimension.span,
        `\`${dimension.text}\` is no dimension of a format.`,
        {
          hint:
            near === undefined ? `The dimensions are ${variableDimensions.join(", ")}.` : `Did you mean \`${near}\`?`,
          fixes:
            near === undefined ? [] : [replaceFix(`Change to \`${near}\``, file.source, dimension.span, near, false)],
        },
      );
      return;
    }
    const bound = syntax.bound && this.#types.formats.values(file, syntax.bound, undefined);
    const wrong = bound !== undefined && bound.dimension !== dimension.text;
    if (wrong) {
      this.#reporter.report(
        "MESH3004",
        file.source,
        syntax.bound?.span ?? syntax.span,
        `\`${name.text}\` stands for a ${dimension.text}; its bound is a ${bound.dimension}.`,
      );
    }
    const { span } = name;
    into.set(name.text, { name: name.text, dimension: dimension.text, span, bound: wrong ? undefined : bound?.values });
  }

  #parameter(
    file: FileInfo,
    syntax: ParameterSyntax,
    into: Map<string, ParameterInfo>,
    variables: ReadonlyMap<string, VariableInfo>,
  ): void {
    const earlier = into.get(syntax.name.text) ?? variables.get(syntax.name.text);
    if (syntax.name.text === "" || this.#taken(file, syntax.name, earlier?.span)) return;
    const type = this.#types.data(file, syntax.type);
    const defaultValue = syntax.defaultValue && this.#values.read(file, syntax.defaultValue, type, into);
    if (syntax.defaultValue !== undefined && defaultValue === undefined) {
      // It has a default, only not one that can be used: nobody is asked for a value because of that.
      into.set(syntax.name.text, { name: syntax.name.text, type: undefined, defaultValue, span: syntax.name.span });
      return;
    }
    into.set(syntax.name.text, { name: syntax.name.text, type, defaultValue, span: syntax.name.span });
  }

  #port(file: FileInfo, syntax: PortSyntax, names: TypeNames, { inputs, outputs, lost }: PortTables): void {
    const name = syntax.name?.text ?? syntax.direction;
    if (name === "") return;
    const span = syntax.name?.span ?? syntax.span;
    const earlier = inputs.get(name) ?? outputs.get(name);
    if (earlier !== undefined) {
      lost.add(name);
      this.#reporter.report("MESH2003", file.source, span, `There are two ports named \`${name}\`.`, {
        label: "declared again here",
        related: [{ place: { source: file.source, span: earlier.span }, message: "first declared here" }],
        hint:
          earlier.direction === syntax.direction
            ? "Give one of them another name."
            : "An input and an output may not share a name.",
      });
      return;
    }
    const optional = syntax.type?.kind === "OptionalType";
    const type = this.#types.pattern(
      file,
      syntax.type?.kind === "OptionalType" ? syntax.type.element : syntax.type,
      names,
    );
    const port: PortInfo = {
      name,
      direction: syntax.direction,
      type,
      signal: type.kind === "data" && type.type.kind === "signal",
      optional,
      span,
      documentation: syntax.documentation,
    };
    // `out words` may be a name whose type is missing.
    if (syntax.name === undefined && type.kind === "unknown") {
      lost.add(name);
      if (syntax.type?.kind === "NamedType") lost.add(syntax.type.name.text);
    }
    (syntax.direction === "in" ? inputs : outputs).set(name, port);
  }

  #taken(file: FileInfo, name: NameSyntax, earlier: Span | undefined): boolean {
    if (earlier === undefined) return false;
    this.#reporter.report("MESH2003", file.source, name.span, `\`${name.text}\` is declared twice here.`, {
      label: "declared again here",
      related: [{ place: { source: file.source, span: earlier }, message: "first declared here" }],
      hint: "Give one of them another name.",
    });
    return true;
  }
}

/** The port that is meant where none is named: the only one that is neither a signal nor optional, or the sole signal. */
export function defaultPort(ports: ReadonlyMap<string, PortInfo>): PortInfo | undefined {
  const all = [...ports.values()];
  const plain = all.filter((port) => !port.signal && !port.optional);
  if (plain.length > 0) return plain.length === 1 ? plain[0] : undefined;
  return all.length === 1 ? all[0] : undefined;
}

/** True when `~>` can put it between two ports: it has a default input and output, and needs no other input. */
export function isConverter(signature: Signature): boolean {
  return defaultPort(signature.inputs) !== undefined && defaultPort(signature.outputs) !== undefined;
}
