import { accepts, formatType, type Schemas } from "../../runtime/interface/caps.ts";
import { currentType } from "./cells.ts";
import { portTypes } from "./instances.ts";
import type { CheckedPipeline } from "./checked-pipeline.ts";
import type { Reporter } from "./reporter.ts";
import type { PortInfo, Signature } from "./signature.ts";

/** A pipeline conforms when its inputs accept at least, and its outputs give at most, what the interface says. */
export function checkConformance(
  checked: CheckedPipeline,
  contract: Signature,
  schemas: Schemas,
  reporter: Reporter,
): void {
  const { graph, symbol } = checked;
  const name = symbol.syntax.conformsTo;
  if (name === undefined) return;
  const wanted = portTypes(contract.symbol.name, contract, new Map());
  const scopes = { producer: schemas, consumer: schemas };
  const complain = (port: PortInfo, message: string, span = name.span): void =>
    reporter.report("MESH3006", symbol.file.source, span, message, {
      related: [
        { place: { source: contract.symbol.file.source, span: port.span }, message: "what the interface asks for" },
      ],
    });
  for (const port of [...contract.inputs.values(), ...contract.outputs.values()]) {
    const input = port.direction === "in";
    const own = (input ? graph.signature.inputs : graph.signature.outputs).get(port.name);
    const word = input ? "input" : "output";
    if (own === undefined) {
      if (!port.optional)
        complain(port, `\`${symbol.name}\` lacks the ${word} \`${port.name}\` of \`${contract.symbol.name}\`.`);
      continue;
    }
    const given = (input ? graph.own.inputs : graph.own.outputs).get(port.name);
    const asked = (input ? wanted.inputs : wanted.outputs).get(port.name);
    if (given === undefined || asked === undefined || given.kind === "unknown" || asked.kind === "unknown") continue;
    const fits = input
      ? accepts(currentType(given), currentType(asked), scopes)
      : accepts(currentType(asked), currentType(given), scopes);
    if (fits) continue;
    const shown = formatType(currentType(given));
    complain(
      port,
      `The ${word} \`${port.name}\` is ${shown}; \`${contract.symbol.name}\` asks for ${formatType(currentType(asked))}.`,
      own.span,
    );
  }
  for (const own of graph.signature.inputs.values()) {
    if (own.optional || own.signal || contract.inputs.has(own.name)) continue;
    complain(
      own,
      `\`${symbol.name}\` needs the input \`${own.name}\`, which \`${contract.symbol.name}\` does not have.`,
      own.span,
    );
  }
}
