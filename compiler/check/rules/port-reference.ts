import { isMissing, type NameSyntax, type PortReferenceSyntax } from "../../../grammar/syntax.ts";
import { suggest } from "../../diagnostics/suggest.ts";
import type { CheckedPipeline } from "../checked-pipeline.ts";
import { namedInstance } from "../graph.ts";
import { listed } from "../load.ts";
import type { DeclarationSymbol, FileInfo } from "../program.ts";
import { replaceFix, type Reporter } from "../reporter.ts";
import type { WayEnd } from "./latency.ts";

interface Tools {
  readonly reporter: Reporter;
}

/** Says that a name is not known, with the nearest one as a fix. */
export function unknownName(
  file: FileInfo,
  name: NameSyntax,
  message: string,
  known: readonly string[],
  lead: string,
  { reporter }: Tools,
  within?: DeclarationSymbol,
): void {
  if (within?.file.damage.mayName(within.syntax.span, name.text) === true) return;
  const near = suggest(name.text, known);
  reporter.report("MESH2001", file.source, name.span, message, {
    hint: near === undefined ? listed(lead, known) : `Did you mean \`${near}\`?`,
    fixes: near === undefined ? [] : [replaceFix(`Change to \`${near}\``, file.source, name.span, near, false)],
    ...(within !== undefined && { cause: `nothing named ${name.text} in ${within.key}` }),
  });
}

/**
 * A port of a pipeline as a budget or a scenario names it: one of its own, or a box inside with or without a port.
 * @param file where the reference stands
 * @returns undefined after a mistake that has been reported, and for what could not be read
 */
export function resolvePort(
  checked: CheckedPipeline,
  syntax: PortReferenceSyntax,
  side: "from" | "to",
  tools: Tools,
  file: FileInfo = checked.symbol.file,
): WayEnd | undefined {
  const { target, port } = syntax;
  if (isMissing(target) || (port !== undefined && isMissing(port))) return undefined;
  const { graph } = checked;
  const { inputs, outputs } = graph.signature;
  const own = inputs.get(target.text) ?? outputs.get(target.text);
  if (own !== undefined) {
    if (port !== undefined) {
      const message = `\`${target.text}\` is a port of the pipeline; it has no ports of its own.`;
      tools.reporter.report("MESH2002", file.source, port.span, message);
      return undefined;
    }
    if ((own.direction === "in") !== (side === "from")) {
      const message =
        side === "from"
          ? `\`${target.text}\` is an output of the pipeline; a way begins at an input.`
          : `\`${target.text}\` is an input of the pipeline; a way ends at an output.`;
      tools.reporter.report("MESH5006", file.source, target.span, message, { hint: "Are both ends swapped?" });
      return undefined;
    }
    return { instance: undefined, port: target.text };
  }
  const instance = namedInstance(graph, target.text);
  if (instance === undefined) {
    // What was declared but could not be read has been reported there.
    if (graph.lets.has(target.text) || graph.remotes.has(target.text)) return undefined;
    const known = [...inputs.keys(), ...outputs.keys(), ...graph.lets.keys(), ...graph.remotes.keys()];
    const message = `Nothing named \`${target.text}\` is in \`${checked.symbol.name}\`.`;
    unknownName(file, target, message, known, "It has", tools, checked.symbol);
    return undefined;
  }
  const { signature } = instance;
  if (port !== undefined && !signature.inputs.has(port.text) && !signature.outputs.has(port.text)) {
    const known = [...signature.inputs.keys(), ...signature.outputs.keys()];
    const near = suggest(port.text, known);
    const message = `\`${signature.symbol.name}\` has no port named \`${port.text}\`.`;
    tools.reporter.report("MESH2002", file.source, port.span, message, {
      hint: near === undefined ? listed("Its ports are", known) : `Did you mean \`${near}\`?`,
      fixes: near === undefined ? [] : [replaceFix(`Change to \`${near}\``, file.source, port.span, near, false)],
      about: [signature.symbol],
    });
    return undefined;
  }
  return { instance, port: port?.text };
}

/** Both ends of a way; where each is what the other should be, that is one mistake. */
export function resolveWay(
  checked: CheckedPipeline,
  { from, to }: { readonly from: PortReferenceSyntax | undefined; readonly to: PortReferenceSyntax | undefined },
  tools: Tools,
  file?: FileInfo,
): { readonly from: WayEnd | undefined; readonly to: WayEnd | undefined } {
  const { inputs, outputs } = checked.graph.signature;
  const isSwapped =
    from?.port === undefined &&
    to?.port === undefined &&
    outputs.has(from?.target.text ?? "") &&
    inputs.has(to?.target.text ?? "");
  return {
    from: from && resolvePort(checked, from, "from", tools, file),
    to: to && !isSwapped ? resolvePort(checked, to, "to", tools, file) : undefined,
  };
}
