import type {
  FromSyntax,
  NameSyntax,
  ParameterSyntax,
  PortSyntax,
  SignatureMemberSyntax,
  Span,
  TypeVariableSyntax,
} from "../../grammar/syntax.ts";
import type { Alternative, DimensionValue } from "../../runtime/interface/caps.ts";
import { suggest } from "../diagnostics/suggest.ts";
import type { ParameterInfo } from "./parameter.ts";
import type { FileInfo, SignatureSymbol } from "./program.ts";
import { replaceFix, type Reporter } from "./reporter.ts";
import type { PatternType, TypeNames, TypeReader } from "./types.ts";
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
  readonly dimension: string;
  readonly bound: readonly Alternative<DimensionValue>[] | undefined;
}

/** What a node, an interface or a pipeline looks like from outside. */
export interface Signature {
  readonly symbol: SignatureSymbol;
  readonly variables: ReadonlyMap<string, VariableInfo>;
  readonly params: ReadonlyMap<string, ParameterInfo>;
  readonly inputs: ReadonlyMap<string, PortInfo>;
  readonly outputs: ReadonlyMap<string, PortInfo>;
  readonly batch: boolean;
  /** The cost of inserting it for a `~>`; undefined when it is no converter. */
  readonly convertsAtCost: number | undefined;
  readonly from: FromSyntax | undefined;
  /** May close a loop of streams. */
  readonly delays: boolean;
}

/** The word for a dimension in `<R: rate>`; `side` is one side of a tensor's shape. */
const variableDimensions: readonly string[] = ["codec", "rate", "channels", "size", "fps", "element", "side"];

/** Reads signatures, each once. */
export class SignatureReader {
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

  #make(symbol: SignatureSymbol): Signature {
    const { syntax, file } = symbol;
    const variables = new Map<string, VariableInfo>();
    if (syntax.kind === "Node") for (const one of syntax.variables) this.#variable(file, one, variables);
    const params = new Map<string, ParameterInfo>();
    if (syntax.kind !== "Interface") for (const one of syntax.parameters) this.#parameter(file, one, params);
    const names: TypeNames = {
      variables: new Map([...variables.values()].map((one) => [one.name, one.dimension])),
      parameters: new Map(
        [...params.values()].map((one) => [one.name, one.type?.kind === "scalar" ? one.type.name : ""]),
      ),
    };
    const inputs = new Map<string, PortInfo>();
    const outputs = new Map<string, PortInfo>();
    const members = syntax.members as readonly (SignatureMemberSyntax | { kind: string })[];
    for (const member of members) {
      if (member.kind === "Port") this.#port(file, member as PortSyntax, names, inputs, outputs);
    }
    const find = <K extends SignatureMemberSyntax["kind"]>(
      kind: K,
    ): Extract<SignatureMemberSyntax, { kind: K }> | undefined =>
      members.find((one) => one.kind === kind) as Extract<SignatureMemberSyntax, { kind: K }> | undefined;
    const converts = find("Converts");
    const cost = converts?.cost;
    return {
      symbol,
      variables,
      params,
      inputs,
      outputs,
      batch: syntax.batch,
      convertsAtCost: converts === undefined ? undefined : cost?.kind === "Literal" ? cost.value : 1,
      from: find("From"),
      delays: members.some((one) => one.kind === "Marker" && (one as { marker?: string }).marker === "delays"),
    };
  }

  #variable(file: FileInfo, syntax: TypeVariableSyntax, into: Map<string, VariableInfo>): void {
    const { name, dimension } = syntax;
    if (name.text === "" || this.#taken(file, name, into)) return;
    if (!variableDimensions.includes(dimension.text)) {
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
    const bound = syntax.bound && this.#types.capValues(file, syntax.bound, undefined);
    into.set(name.text, { name: name.text, dimension: dimension.text, bound: bound?.values });
  }

  #parameter(file: FileInfo, syntax: ParameterSyntax, into: Map<string, ParameterInfo>): void {
    if (syntax.name.text === "" || this.#taken(file, syntax.name, into)) return;
    const type = this.#types.data(file, syntax.type);
    const defaultValue =
      syntax.defaultValue === undefined ? undefined : this.#values.read(file, syntax.defaultValue, type, into);
    into.set(syntax.name.text, { name: syntax.name.text, type, defaultValue, span: syntax.name.span });
  }

  #port(
    file: FileInfo,
    syntax: PortSyntax,
    names: TypeNames,
    inputs: Map<string, PortInfo>,
    outputs: Map<string, PortInfo>,
  ): void {
    const name = syntax.name?.text ?? syntax.direction;
    if (name === "") return;
    const span = syntax.name?.span ?? syntax.span;
    const earlier = inputs.get(name) ?? outputs.get(name);
    if (earlier !== undefined) {
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
    (syntax.direction === "in" ? inputs : outputs).set(name, port);
  }

  #taken(file: FileInfo, name: NameSyntax, into: ReadonlyMap<string, unknown>): boolean {
    if (!into.has(name.text)) return false;
    this.#reporter.report("MESH2003", file.source, name.span, `\`${name.text}\` is declared twice in this list.`, {
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
