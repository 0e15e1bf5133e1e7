import { accepts, formatType, type Schemas } from "../../runtime/interface/caps.ts";
import type { Related } from "../diagnostics/diagnostic.ts";
import { agree, conflict, Copies, currentType, type SolvedType } from "./cells.ts";
import { whyNotAll } from "./explain.ts";
import type { CheckedPipeline } from "./graph.ts";
import { portTypes, type PortTypes } from "./instances.ts";
import { counterpart } from "./port-match.ts";
import type { Reporter } from "./reporter.ts";
import type { PortInfo, Signature } from "./signature.ts";

type Side = "inputs" | "outputs";

/** A pipeline conforms when its inputs accept at least, and its outputs give at most, what the interface says. */
export function checkConformance(
  checked: CheckedPipeline,
  contract: Signature,
  schemas: Schemas,
  reporter: Reporter,
): void {
  new Conformance(checked, contract, schemas, reporter).check();
}

class Conformance {
  readonly #checked: CheckedPipeline;
  readonly #contract: Signature;
  readonly #schemas: Schemas;
  readonly #reporter: Reporter;
  /** Something inside is wrong, so what it leaves open may only seem so. */
  readonly #broken: boolean;
  readonly #wanted: PortTypes;

  constructor(checked: CheckedPipeline, contract: Signature, schemas: Schemas, reporter: Reporter) {
    this.#checked = checked;
    this.#contract = contract;
    this.#schemas = schemas;
    this.#reporter = reporter;
    this.#broken = isBroken(checked, reporter);
    this.#wanted = portTypes(contract.symbol.name, contract, new Map());
  }

  check(): void {
    const { symbol, graph } = this.#checked;
    const contract = this.#contract;
    const name = symbol.syntax.conformsTo;
    if (name === undefined) return;
    // What the interface asks for may stand where it cannot be read.
    if (this.#reporter.isUnreadable(contract.symbol.file.source, contract.symbol.syntax.span)) return;
    if (contract.batch && !graph.signature.batch) {
      const message = `\`${contract.symbol.name}\` answers requests (\`batch\`), \`${symbol.name}\` is a stream.`;
      this.#report(name.span, message, contract.symbol.syntax.name.span);
    }
    const missing = this.#ports("inputs") | this.#ports("outputs");
    this.#join();
    if (missing === 0) this.#types();
  }

  /** Every port of the interface is there, and nothing else is needed. @returns the number of ports that are missing */
  #ports(side: Side): number {
    const { symbol, graph } = this.#checked;
    const own = graph.signature[side];
    const wanted = this.#contract[side];
    const word = side === "inputs" ? "input" : "output";
    const matched = new Set([...wanted.keys()].map((name) => counterpart(name, wanted, own)));
    const extra = [...own.values()].filter((port) => !matched.has(port) && !port.optional && !port.signal);
    let missing = 0;
    for (const port of wanted.values()) {
      const match = counterpart(port.name, wanted, own);
      if (match === undefined) {
        if (port.optional || graph.signature.lost.has(port.name)) continue;
        missing += 1;
        // One port under another name is one mistake, not two.
        const other = extra.shift();
        this.#report(
          symbol.syntax.conformsTo?.span ?? symbol.syntax.name.span,
          `\`${symbol.name}\` lacks the ${word} \`${port.name}\` of \`${this.#contract.symbol.name}\`.`,
          port.span,
          other && `Is \`${other.name}\` meant? Ports match by name.`,
        );
      } else if (side === "inputs" && port.optional && !match.optional && !match.signal) {
        const message = `The input \`${match.name}\` must be fed; \`${this.#contract.symbol.name}\` leaves that open.`;
        this.#report(match.span, message, port.span, "Make it optional: put a `?` after its type.");
      } else if (side === "outputs" && !port.optional && match.optional) {
        const message = `The output \`${match.name}\` may never be given; \`${this.#contract.symbol.name}\` promises it.`;
        this.#report(match.span, message, port.span, "Remove the `?` after its type.");
      }
    }
    // Of inputs that seem too many, one may be meant for each that is missing.
    if (side === "outputs" || missing > 0) return missing;
    for (const port of extra) {
      this.#report(
        port.span,
        `\`${symbol.name}\` needs the input \`${port.name}\`, which \`${this.#contract.symbol.name}\` does not have.`,
        this.#contract.symbol.syntax.name.span,
        "Make it optional, or add it to the interface.",
      );
    }
    return missing;
  }

  /** Frames that the interface brings together must not be dropped. */
  #join(): void {
    const { symbol, graph } = this.#checked;
    const wanted = this.#contract.join;
    const own = graph.signature.join;
    if (wanted === undefined) return;
    const said = wanted.mode === "time" ? `join time within ${wanted.withinMs}ms` : `join ${wanted.mode}`;
    if (own === undefined) {
      const at = symbol.syntax.conformsTo?.span ?? symbol.syntax.name.span;
      // A `join` that could not be read has been spoken of.
      if (symbol.syntax.members.some((one) => one.kind === "Join")) return;
      this.#report(at, `\`${this.#contract.symbol.name}\` says \`${said}\`; \`${symbol.name}\` does not.`, wanted.span);
    } else if (own.mode !== wanted.mode) {
      this.#report(
        own.span,
        `\`${this.#contract.symbol.name}\` says \`${said}\`, not \`join ${own.mode}\`.`,
        wanted.span,
      );
    } else if ((own.withinMs ?? 0) < (wanted.withinMs ?? 0)) {
      const message = `Frames that lie ${wanted.withinMs}ms apart belong together by \`${this.#contract.symbol.name}\`, but not here.`;
      this.#report(own.span, message, wanted.span, `Write \`${said}\`.`);
    }
  }

  #types(): void {
    const { graph, symbol } = this.#checked;
    const copies = new Copies();
    // Of a pipeline with mistakes only what it declares is looked at.
    const given = this.#broken
      ? portTypes(symbol.name, graph.signature, new Map(), { absent: "own" })
      : { inputs: copies.types(graph.own.inputs), outputs: copies.types(graph.own.outputs) };
    // What an input does not take settles nothing of what comes out.
    let isSettled = !this.#broken;
    for (const port of this.#contract.inputs.values()) {
      const [own, mine, asked] = this.#pair("inputs", port, given.inputs);
      if (own === undefined || mine === undefined || asked === undefined) continue;
      // What comes in by the interface settles what is open inside, and so what comes out; but one variable cannot be two.
      const fits = this.#accepts(mine, asked) && agree(new Copies().type(asked), mine, this.#schemas) === undefined;
      if (fits) continue;
      isSettled = false;
      this.#differs("inputs", own, port, mine, asked);
    }
    for (const port of this.#contract.outputs.values()) {
      const [own, mine, asked] = this.#pair("outputs", port, given.outputs);
      if (own === undefined || mine === undefined || asked === undefined) continue;
      const fits = isSettled ? this.#accepts(asked, mine) : conflict(mine, asked, this.#schemas) === undefined;
      if (!fits) this.#differs("outputs", own, port, mine, asked);
    }
  }

  #pair(
    side: Side,
    port: PortInfo,
    given: ReadonlyMap<string, SolvedType>,
  ): [PortInfo | undefined, SolvedType | undefined, SolvedType | undefined] {
    const own = counterpart(port.name, this.#contract[side], this.#checked.graph.signature[side]);
    return [own, own && given.get(own.name), this.#wanted[side].get(port.name)];
  }

  #accepts(consumer: SolvedType, producer: SolvedType): boolean {
    if (consumer.kind === "unknown" || producer.kind === "unknown") return true;
    const scopes = { producer: this.#schemas, consumer: this.#schemas };
    return accepts(currentType(consumer), currentType(producer), scopes);
  }

  #differs(side: Side, own: PortInfo, port: PortInfo, mine: SolvedType, asked: SolvedType): void {
    const [word, verb] = side === "inputs" ? ["input", "takes"] : ["output", "gives"];
    const [here, there] = [mine, asked].map((one) => formatType(currentType(one)));
    const name = this.#contract.symbol.name;
    const message = `The ${word} \`${own.name}\` ${verb} ${here}; \`${name}\` asks for ${there}.`;
    const hint =
      side === "inputs"
        ? "An input takes at least what the interface says."
        : "An output gives at most what the interface says.";
    const [consumer, producer] = side === "inputs" ? [mine, asked] : [asked, mine];
    const inside = this.#broken ? undefined : this.#checked.graph.own[side].get(own.name);
    // Where it stands itself needs no second mark.
    const why = whyNotAll(consumer, producer, inside).filter(({ place }) => place.span !== own.span);
    this.#report(own.span, message, port.span, hint, why);
  }

  #report(
    span: PortInfo["span"],
    message: string,
    asked: PortInfo["span"],
    hint?: string,
    why: readonly Related[] = [],
  ): void {
    const { source } = this.#contract.symbol.file;
    this.#reporter.report("MESH3006", this.#checked.symbol.file.source, span, message, {
      related: [{ place: { source, span: asked }, message: "what the interface asks for" }, ...why],
      hint,
      about: [this.#contract.symbol, this.#checked.symbol],
    });
  }
}

/** Something in it is wrong, or in a pipeline that stands in it. */
function isBroken(checked: CheckedPipeline, reporter: Reporter): boolean {
  const all = new Set([checked]);
  for (const { symbol, graph } of all) {
    if (reporter.hasErrorIn(symbol.file.source, symbol.syntax.span)) return true;
    for (const { inlined } of graph.instances.values()) if (inlined !== undefined) all.add(inlined.checked);
  }
  return false;
}
