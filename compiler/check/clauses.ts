import type {
  ConvertsSyntax,
  FromSyntax,
  JoinSyntax,
  LatencySyntax,
  SignatureMemberSyntax,
  Span,
} from "../../grammar/syntax.ts";
import type { JoinPlan } from "../../runtime/interface/plan.ts";
import { suggest } from "../diagnostics/suggest.ts";
import { isRelative, joinPath, listed } from "./load.ts";
import { kindWords, isStandard, type SignatureSymbol } from "./program.ts";
import { describeLiteral } from "./quantities.ts";
import { replaceFix, type Details, type Reporter } from "./reporter.ts";
import type { DiagnosticCode } from "../diagnostics/catalog.ts";

export interface JoinInfo {
  readonly mode: JoinPlan["mode"];
  /** Only for `time`. */
  readonly withinMs: number | undefined;
  readonly span: Span;
}

/** What a signature says beside its ports. */
export interface Clauses {
  /** The cost of inserting it for a `~>`; undefined when it is no converter. */
  readonly convertsAtCost: number | undefined;
  readonly converts: ConvertsSyntax | undefined;
  readonly from: FromSyntax | undefined;
  readonly join: JoinInfo | undefined;
  /** What it declares to take for a frame. */
  readonly latencyMs: number | undefined;
  /** May close a loop of streams. */
  readonly delays: boolean;
  readonly idempotent: boolean;
}

/** Clauses that may stand only once, with what a message calls them. */
const single: Readonly<Record<string, string>> = {
  Join: "join",
  Latency: "latency",
  From: "from",
  Converts: "converts",
};
const joinModes: readonly string[] = ["time", "index", "latest"] satisfies JoinPlan["mode"][];

/** Reads the clauses of a node, an interface or a pipeline. */
export function readClauses(symbol: SignatureSymbol, reporter: Reporter): Clauses {
  return new ClauseReader(symbol, reporter).read();
}

class ClauseReader {
  readonly #symbol: SignatureSymbol;
  readonly #reporter: Reporter;

  constructor(symbol: SignatureSymbol, reporter: Reporter) {
    this.#symbol = symbol;
    this.#reporter = reporter;
  }

  read(): Clauses {
    const found = new Map<string, SignatureMemberSyntax>();
    const markers = new Set<string>();
    for (const member of this.#symbol.syntax.members) {
      if (member.kind === "Marker") markers.add(member.marker);
      const word = single[member.kind];
      if (word === undefined) continue;
      const earlier = found.get(member.kind);
      if (earlier === undefined) found.set(member.kind, member as SignatureMemberSyntax);
      else {
        this.#report("MESH2003", member.span, `\`${word}\` stands here twice.`, {
          related: [
            { place: { source: this.#symbol.file.source, span: earlier.span }, message: "first declared here" },
          ],
          hint: "Remove one of them.",
        });
      }
    }
    const converts = this.#ofNode(found.get("Converts") as ConvertsSyntax | undefined);
    const from = this.#ofNode(found.get("From") as FromSyntax | undefined);
    const join = found.get("Join") as JoinSyntax | undefined;
    const latency = found.get("Latency") as LatencySyntax | undefined;
    return {
      convertsAtCost: converts && this.#cost(converts),
      converts,
      from: from && this.#implementation(from),
      join: join && this.#join(join),
      latencyMs: latency && this.#duration(latency.value),
      delays: markers.has("delays"),
      idempotent: markers.has("idempotent"),
    };
  }

  /** Code and conversion are matters of nodes. */
  #ofNode<S extends ConvertsSyntax | FromSyntax>(member: S | undefined): S | undefined {
    const { kind } = this.#symbol.syntax;
    if (member === undefined || kind === "Node") return member;
    const word = single[member.kind] ?? "";
    this.#report(
      "MESH2010",
      member.span,
      `\`${word}\` belongs to a node; \`${this.#symbol.name}\` is ${kindWords[kind]}.`,
      {
        hint: word === "from" ? "Its code is that of the nodes inside it." : "Only a node can be inserted by `~>`.",
      },
    );
    return undefined;
  }

  #cost({ cost, span }: ConvertsSyntax): number {
    if (cost === undefined) return 1;
    const isNumber = cost.kind === "Literal" && (cost.quantity === "int" || cost.quantity === "float");
    if (isNumber && cost.value >= 0) return cost.value;
    const found = cost.kind === "Literal" ? describeLiteral(cost) : "something else";
    this.#report("MESH3003", cost.span ?? span, `Expected a cost such as 2, found ${found}.`);
    return 1;
  }

  #implementation(from: FromSyntax): FromSyntax | undefined {
    const { path } = from;
    if (path === undefined) return from;
    if (!isRelative(path.value)) {
      this.#report("MESH2004", path.span, `${JSON.stringify(path.value)} is no path of a file.`, {
        hint: 'The path starts with "./" or "../" and is relative to this file.',
      });
      return undefined;
    }
    if (!/\.(?:[cm]?[jt]s|wasm)$/.test(path.value)) {
      this.#report("MESH2004", path.span, `${JSON.stringify(path.value)} is no code that runs here.`, {
        hint: "The code of a node is TypeScript, JavaScript or WebAssembly: `.ts`, `.js` or `.wasm`.",
      });
      return undefined;
    }
    if (!isStandard(this.#symbol.file.module) && joinPath(this.#symbol.file.source.path, path.value) === undefined) {
      this.#report("MESH2004", path.span, `${JSON.stringify(path.value)} lies outside the project.`, {
        hint: "The code of a node is inside the project.",
      });
      return undefined;
    }
    return from;
  }

  #join({ mode, within, span }: JoinSyntax): JoinInfo | undefined {
    if (mode.text === "") return undefined;
    if (!joinModes.includes(mode.text)) {
      const near = suggest(mode.text, joinModes);
      this.#report("MESH2010", mode.span, `There is no \`join ${mode.text}\`.`, {
        hint: near === undefined ? listed("There are", joinModes) : `Did you mean \`${near}\`?`,
        fixes:
          near === undefined
            ? []
            : [replaceFix(`Change to \`${near}\``, this.#symbol.file.source, mode.span, near, false)],
      });
      return undefined;
    }
    if (mode.text === "time") {
      if (within !== undefined) {
        const withinMs = this.#duration(within, true);
        return withinMs === undefined ? undefined : { mode: "time", withinMs, span };
      }
      this.#report("MESH2009", span, "`join time` needs the time that frames may lie apart.", {
        hint: "Write `join time within 20ms`.",
      });
      return undefined;
    }
    if (within !== undefined) {
      this.#report("MESH2010", within.span, `\`within\` belongs to \`join time\`, not to \`join ${mode.text}\`.`, {
        hint: "Remove it.",
      });
    }
    return { mode: mode.text as JoinInfo["mode"], withinMs: undefined, span };
  }

  #duration(value: LatencySyntax["value"], positive = false): number | undefined {
    if (value === undefined) return undefined;
    if (value.kind !== "Literal" || value.quantity !== "duration") {
      const found =
        value.kind === "Literal" ? describeLiteral(value) : value.kind === "String" ? "a text" : "something else";
      this.#report("MESH3003", value.span, `Expected a duration such as 20ms, found ${found}.`);
      return undefined;
    }
    if (value.value > 0 || (!positive && value.value === 0)) return value.value / 1000;
    this.#report("MESH3005", value.span, `${value.text} is not ${positive ? "more than" : "at least"} 0ms.`);
    return undefined;
  }

  #report(code: DiagnosticCode, span: Span, message: string, details: Details = {}): void {
    this.#reporter.report(code, this.#symbol.file.source, span, message, details);
  }
}
