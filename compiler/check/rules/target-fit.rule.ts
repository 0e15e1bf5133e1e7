import { accepts, formatType, type Schemas } from "../../../runtime/interface/caps.ts";
import { Cell, currentType, unify, type SolvedType } from "../cells.ts";
import type { CheckedPipeline } from "../checked-pipeline.ts";
import { portTypes, type Instance, type PortTypes } from "../instances.ts";
import { counterpart } from "../port-match.ts";
import type { SignatureSymbol } from "../program.ts";
import type { PortInfo, Signature } from "../signature.ts";
import type { CheckedTarget } from "../targets.ts";
import { isBroken, type Rule, type RuleContext } from "./rule.ts";

/** Each known target must satisfy the interface of its remote, as the solved links have narrowed it. */
export const targetFit: Rule = {
  codes: ["MESH6003"],
  check(context) {
    for (const checked of context.pipelines.values()) {
      const remotes = context.remotes.get(checked.symbol.key) ?? [];
      for (const [name, remote] of remotes) {
        const instance = checked.graph.instances.get(name);
        if (instance === undefined) continue;
        for (const target of remote.targets) checkTarget(checked, instance, target, context);
      }
    }
  },
};

function checkTarget(checked: CheckedPipeline, instance: Instance, target: CheckedTarget, context: RuleContext): void {
  const symbol = target.kind === "peer" ? target.pipeline : target.kind === "local" ? target.symbol : undefined;
  if (symbol === undefined || isBroken(symbol, context)) return;
  const signature = context.signatures.read(symbol);
  const contract = instance.signature;
  const complain = (message: string, port?: PortInfo): void => {
    const at = port === undefined ? symbol.syntax.name.span : port.span;
    context.reporter.report("MESH6003", checked.symbol.file.source, target.syntax.span, message, {
      label: `cannot stand for \`${contract.symbol.name}\``,
      related: [
        { place: { source: symbol.file.source, span: at }, message: port === undefined ? "the target" : "this port" },
      ],
      hint: `Let \`${symbol.name}\` conform to \`${contract.symbol.name}\`, or name another target.`,
    });
  };
  if (contract.batch && !signature.batch) {
    complain(`\`${contract.symbol.name}\` answers requests (\`batch\`), \`${symbol.name}\` is a stream.`);
    return;
  }
  const shared = target.kind === "peer" && target.shared;
  const missing = missingPort(instance, contract, signature, symbol, shared);
  if (missing !== undefined) {
    complain(missing.message, missing.port);
    return;
  }
  const own = typesOf(symbol, signature, target, context);
  const remote = instance.id;
  for (const port of contract.inputs.values()) {
    const other = counterpart(port.name, contract.inputs, signature.inputs);
    const needed = instance.inputs.get(port.name);
    const given = other && own.inputs.get(other.name);
    if (other === undefined || needed === undefined || given === undefined) continue;
    if (!inputFits(given, needed, context.schemas)) {
      complain(
        `The input \`${other.name}\` of \`${symbol.name}\` takes ${shown(given)}; \`${remote}\` sends ${shown(needed)}.`,
        other,
      );
      return;
    }
    // What the caller sends settles what is open in the target, and so what comes out of it.
    unify(frozen(needed), given);
  }
  for (const port of contract.outputs.values()) {
    const other = counterpart(port.name, contract.outputs, signature.outputs);
    const needed = instance.outputs.get(port.name);
    const given = other && own.outputs.get(other.name);
    if (other === undefined || needed === undefined || given === undefined) continue;
    if (!inputFits(needed, given, context.schemas)) {
      complain(
        `The output \`${other.name}\` of \`${symbol.name}\` gives ${shown(given)}; \`${remote}\` must give ${shown(needed)}.`,
        other,
      );
      return;
    }
  }
}

function missingPort(
  instance: Instance,
  contract: Signature,
  signature: Signature,
  symbol: SignatureSymbol,
  shared: boolean,
): { readonly message: string; readonly port?: PortInfo } | undefined {
  const sides = [
    ["input", contract.inputs, signature.inputs],
    ["output", contract.outputs, signature.outputs],
  ] as const;
  for (const [word, wanted, own] of sides) {
    for (const port of wanted.values()) {
      if (port.optional || counterpart(port.name, wanted, own) !== undefined) continue;
      return {
        message: `\`${symbol.name}\` has no ${word} named \`${port.name}\`, which \`${contract.symbol.name}\` asks for.`,
      };
    }
  }
  // What a shared pipeline needs besides may come from other callers.
  if (shared) return undefined;
  for (const port of signature.inputs.values()) {
    const fed = [...contract.inputs.keys()].some(
      (name) => counterpart(name, contract.inputs, signature.inputs) === port,
    );
    if (fed || port.optional || port.signal) continue;
    return {
      message: `\`${symbol.name}\` needs the input \`${port.name}\`, which \`${instance.id}\` does not feed.`,
      port,
    };
  }
  return undefined;
}

/** The types of a target's ports over cells of their own, so that trying them changes nothing. */
function typesOf(
  symbol: SignatureSymbol,
  signature: Signature,
  target: CheckedTarget,
  context: RuleContext,
): PortTypes {
  const solved = context.pipelines.get(symbol.key)?.graph.own;
  if (solved === undefined) return portTypes(symbol.name, signature, target.kind === "local" ? target.args : new Map());
  const copies = new Map<Cell, Cell>();
  const copy = (type: SolvedType): SolvedType => {
    if (type.kind !== "media") return type;
    const dims = new Map<string, Cell>();
    for (const [name, cell] of type.dims) {
      const made = copies.get(cell.root) ?? new Cell(cell.dimension, cell.values);
      copies.set(cell.root, made);
      dims.set(name, made);
    }
    return { kind: "media", media: type.media, dims };
  };
  const all = (types: ReadonlyMap<string, SolvedType>): Map<string, SolvedType> =>
    new Map([...types].map(([name, type]) => [name, copy(type)]));
  return { inputs: all(solved.inputs), outputs: all(solved.outputs), paramCells: new Map() };
}

function frozen(type: SolvedType): SolvedType {
  if (type.kind !== "media") return type;
  const dims = new Map([...type.dims].map(([name, cell]) => [name, new Cell(name, cell.values)]));
  return { kind: "media", media: type.media, dims };
}

/** True when the consumer takes whatever the producer may send. */
function inputFits(consumer: SolvedType, producer: SolvedType, schemas: Schemas): boolean {
  if (consumer.kind === "unknown" || producer.kind === "unknown") return true;
  return accepts(currentType(consumer), currentType(producer), { producer: schemas, consumer: schemas });
}

function shown(type: SolvedType): string {
  return formatType(currentType(type));
}
