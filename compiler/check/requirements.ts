import type { RequiresSyntax } from "../../grammar/syntax.ts";
import type { CapabilityValue, Condition, KnownValue, PlanValue } from "../../runtime/interface/plan.ts";
import type { Place } from "../source/source-file.ts";
import type { Asked, CapabilityReader } from "./capabilities.ts";
import type { CheckedPipeline } from "./checked-pipeline.ts";
import type { Known } from "./judged.ts";
import type { SignatureSymbol } from "./program.ts";
import type { ParameterInfo } from "./parameter.ts";
import type { Scope } from "./scope.ts";
import type { Signatures } from "./signature.ts";
import type { CheckedRemote } from "./targets.ts";

/** Something that the peer must provide on which a pipeline runs. */
export interface Requirement extends Asked {
  /** Who asks for it, from the outside in: `["Assistant", "stt", "LocalHearing", "Recognise"]`. */
  readonly path: readonly string[];
  /** Where the outermost pipeline uses what asks for it; undefined where it asks itself. */
  readonly use: Place | undefined;
}

type Arguments = ReadonlyMap<string, PlanValue>;

/** One use of a node or pipeline by another pipeline. */
interface Use {
  readonly callee: SignatureSymbol;
  readonly given: Arguments;
  readonly name: string;
  readonly place: Place | undefined;
}

interface Sources {
  readonly scope: Scope;
  readonly capabilities: CapabilityReader;
  readonly signatures: Signatures;
  readonly pipelines: Known<CheckedPipeline>;
  readonly remotes: Known<ReadonlyMap<string, CheckedRemote>>;
}

/** Knows what declarations require, alone and with all that runs along with them in one process. */
export class Requirements {
  readonly #sources: Sources;
  readonly #own = new Map<SignatureSymbol, readonly Asked[]>();
  readonly #known = new Map<SignatureSymbol, readonly Requirement[]>();

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  /** What the `requires` of one declaration ask for, read once. */
  own(symbol: SignatureSymbol): readonly Asked[] {
    const known = this.#own.get(symbol);
    if (known !== undefined) return known;
    const { capabilities, signatures } = this.#sources;
    const members = symbol.syntax.members as readonly { kind: string }[];
    const conditions = members.flatMap((one) => (one.kind === "Requires" ? (one as RequiresSyntax).conditions : []));
    const read = capabilities.asked(symbol.file, conditions, signatures.read(symbol).params);
    this.#own.set(symbol, read);
    return read;
  }

  /**
   * All that a peer must provide to run a node or pipeline: its own needs, those of the interface it conforms to, of its
   * nodes, and of the targets of its remotes that run in the same process.
   * @param args what its parameters are, where they are known; others stay parameters
   */
  of(symbol: SignatureSymbol, args: Arguments): readonly Requirement[] {
    const { params } = this.#sources.signatures.read(symbol);
    return once(this.#all(symbol).map((one) => ({ ...one, condition: bindCondition(one.condition, params, args) })));
  }

  /**
   * The same with all parameters of the declaration still open; made once, for pipelines may stand in each other often,
   * and those that others are made of first, with a stack of its own, for they may call each other in a long chain.
   */
  #all(symbol: SignatureSymbol): readonly Requirement[] {
    const known = this.#known.get(symbol);
    if (known !== undefined) return known;
    // A circle is reported elsewhere; here it ends.
    this.#known.set(symbol, []);
    const stack = [{ symbol, uses: this.#usesOf(symbol), at: 0 }];
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const next = top.uses[top.at]?.callee;
      top.at += 1;
      if (next === undefined) {
        this.#known.set(top.symbol, once(this.#collect(top.symbol, top.uses)));
        stack.pop();
      } else if (!this.#known.has(next)) {
        this.#known.set(next, []);
        stack.push({ symbol: next, uses: this.#usesOf(next), at: 0 });
      }
    }
    return this.#known.get(symbol) ?? [];
  }

  #collect(symbol: SignatureSymbol, uses: readonly Use[]): Requirement[] {
    const found: Requirement[] = this.own(symbol).map((one) => ({ ...one, path: [symbol.name], use: undefined }));
    for (const { callee, given, name, place } of uses) {
      const { params } = this.#sources.signatures.read(callee);
      for (const one of this.#known.get(callee) ?? []) {
        const path = [symbol.name, ...(name === callee.name ? [] : [name]), ...one.path];
        found.push({ ...one, condition: bindCondition(one.condition, params, given), path, use: place });
      }
    }
    return found;
  }

  /** What runs along with a pipeline: what its interface asks for, its nodes, and targets in the same process. */
  #usesOf(symbol: SignatureSymbol): Use[] {
    const { pipelines, remotes } = this.#sources;
    const checked = symbol.syntax.kind === "Pipeline" ? pipelines.get(symbol.key) : undefined;
    if (checked === undefined) return [];
    const uses: Use[] = [];
    const contract = this.#contractOf(checked);
    if (contract !== undefined)
      uses.push({ callee: contract, given: new Map(), name: contract.name, place: undefined });
    const { source } = symbol.file;
    for (const { id, kind, signature, args, span } of checked.graph.instances.values()) {
      if (kind === "remote") continue;
      uses.push({ callee: signature.symbol, given: args, name: id.replace(/#\d+$/, ""), place: { source, span } });
    }
    for (const [name, remote] of remotes.get(symbol.key) ?? []) {
      for (const target of remote.targets) {
        if (target.kind !== "local") continue;
        uses.push({ callee: target.symbol, given: target.args, name, place: { source, span: target.syntax.span } });
      }
    }
    return uses;
  }

  #contractOf({ symbol }: CheckedPipeline): SignatureSymbol | undefined {
    const name = symbol.syntax.conformsTo;
    const found = name && this.#sources.scope.find(symbol.file, name.text);
    return found?.syntax.kind === "Interface" ? (found as SignatureSymbol) : undefined;
  }
}

/** The same condition of the same declaration counts once, however often the node stands in the pipeline. */
function once(found: readonly Requirement[]): Requirement[] {
  const seen = new Set<string>();
  return found.filter((one) => {
    const key = JSON.stringify([one.place.source.path, one.place.span.start, one.condition]);
    return !seen.has(key) && seen.add(key);
  });
}

function bind(value: PlanValue, params: ReadonlyMap<string, ParameterInfo>, args: Arguments): PlanValue {
  if (!("param" in value)) return value;
  return args.get(value.param) ?? params.get(value.param)?.defaultValue ?? value;
}

/** Puts in what parameters are; a name that stays is a parameter of the pipeline around. */
export function bindCondition(
  condition: Condition,
  params: ReadonlyMap<string, ParameterInfo>,
  args: Arguments,
): Condition {
  const value = (asked: CapabilityValue): CapabilityValue => {
    if (!("param" in asked)) return asked;
    const type = params.get(asked.param)?.type;
    const quantity = type?.kind === "scalar" ? type.name : "text";
    return knownValue(bind(asked, params, args), quantity) ?? asked;
  };
  return {
    ...condition,
    anyOf: condition.anyOf.map((part) =>
      part.kind === "compare"
        ? { ...part, value: value(part.value) }
        : {
            ...part,
            values: part.values.map(value),
            properties: Object.fromEntries(Object.entries(part.properties).map(([key, one]) => [key, value(one)])),
          },
    ),
  };
}

function knownValue(value: PlanValue, quantity: string): CapabilityValue | undefined {
  if ("param" in value) return value;
  const literal = (json: unknown): KnownValue => {
    const counted = quantity === "int" || quantity === "float" || quantity === "version";
    if (typeof json === "boolean") return { quantity: "bool", value: json ? 1 : 0 };
    return { quantity, value: typeof json === "number" && !counted ? json : String(json) };
  };
  if ("literal" in value) return literal(value.literal);
  if (!("env" in value)) return undefined;
  return { env: value.env, ...(value.default !== undefined && { default: literal(value.default) }) };
}
