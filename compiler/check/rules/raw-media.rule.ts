import type { PortSyntax } from "../../../grammar/syntax.ts";
import type { Fix, TextEdit } from "../../diagnostics/diagnostic.ts";
import type { CheckedPipeline } from "../checked-pipeline.ts";
import type { GraphEnd, GraphLink } from "../graph.ts";
import { isStandard } from "../program.ts";
import { describeType } from "../cells.ts";
import { compressed, formatBitrate, rawRate } from "./media-rate.ts";
import type { Rule, RuleContext } from "./rule.ts";

/** Sound and pictures should be compressed before they leave for another peer. */
export const rawMedia: Rule = {
  codes: ["MESH8002"],
  check(context) {
    for (const checked of context.pipelines.values()) {
      const told = new Set<string>();
      for (const link of checked.graph.links) {
        for (const end of [link.to, link.from]) checkEnd(checked, link, end, told, context);
      }
    }
  },
};

function checkEnd(
  checked: CheckedPipeline,
  link: GraphLink,
  end: GraphEnd,
  told: Set<string>,
  context: RuleContext,
): void {
  const { instance, port } = end;
  if (instance?.kind !== "remote") return;
  const key = `${instance.id}.${port.name}`;
  const targets = context.remotes.get(checked.symbol.key)?.get(instance.id)?.targets ?? [];
  const rate = rawRate(end.type);
  const contract = instance.signature.symbol;
  if (context.reporter.isUnreadable(contract.file.source, contract.syntax.span)) return;
  if (told.has(key) || rate === undefined || !targets.some((one) => one.kind !== "local")) return;
  told.add(key);
  const better = compressed[rate.codec] ?? "";
  context.reporter.report(
    "MESH8002",
    checked.symbol.file.source,
    link.arrowSpan,
    `\`${end.text}\` ${end === link.to ? "is sent" : "sends"} ${describeType(end.type)} over the network: ${formatBitrate(rate.bitsPerSecond)} that are not compressed.`,
    {
      label: end === link.to ? "to another peer" : "from another peer",
      related: [
        {
          place: { source: contract.file.source, span: port.span },
          message: `\`${contract.name}\` asks for ${rate.codec}`,
        },
      ],
      hint: `Let \`${contract.name}\` ask for \`${better}\`, and connect it with \`~>\`, which puts in what encodes and decodes.`,
      fixes: fixOf(end, link, checked, better),
    },
  );
}

/** Asks for the compressed format in the interface, and lets the arrow convert. */
function fixOf(end: GraphEnd, link: GraphLink, checked: CheckedPipeline, better: string): Fix[] {
  const { symbol } = end.instance?.signature ?? {};
  if (symbol === undefined || isStandard(symbol.file.module)) return [];
  const members = symbol.syntax.members as readonly { kind: string }[];
  const port = members.find(
    (one): one is PortSyntax =>
      one.kind === "Port" && ((one as PortSyntax).name?.text ?? (one as PortSyntax).direction) === end.port.name,
  );
  if (port?.type?.kind !== "NamedType") return [];
  const { source } = symbol.file;
  const edits: TextEdit[] = [];
  for (const cap of port.type.caps ?? []) {
    const [first] = cap.alternatives;
    if (first?.kind === "Name" && compressed[first.text] !== undefined) {
      edits.push({ place: { source, span: cap.span }, newText: better });
    } else if (
      better === "opus" &&
      first?.kind === "Literal" &&
      first.quantity === "frequency" &&
      first.value !== 48_000
    ) {
      // Opus is decoded at 48 kHz.
      edits.push({ place: { source, span: cap.span }, newText: "48kHz" });
    }
  }
  if (edits.length === 0) return [];
  if (!link.adapt) edits.push({ place: { source: checked.symbol.file.source, span: link.arrowSpan }, newText: "~>" });
  return [{ title: `Ask for \`${better}\` in \`${symbol.name}\``, edits, applicability: "suggested" }];
}
