import type { Span } from "../../grammar/syntax.ts";
import { formatDimension, fixDimension } from "../../runtime/interface/caps.ts";
import { describeType, type Cell } from "../check/cells.ts";
import type { CheckedProgram } from "../check/checked-program.ts";
import type { CheckedPipeline, GraphLink, Instance } from "../check/graph.ts";

export interface InlayHint {
  readonly offset: number;
  readonly label: string;
  readonly kind: "converters" | "formats" | "targets";
  /** Why, in Markdown. */
  readonly tooltip: string;
}

/** What the compiler decided and the text does not say: converters behind `~>`, formats that were left open, who a remote is. */
export function inlayHints(checked: CheckedProgram, path: string, range: Span): readonly InlayHint[] {
  const { root } = checked.program;
  if (root.module !== path) return [];
  const isIn = ({ start, end }: Span): boolean => start <= range.end && end >= range.start;
  const hints = [...root.declarations.values()].flatMap(({ syntax, key }) => {
    const pipeline = syntax.kind === "Pipeline" && isIn(syntax.span) ? checked.pipelines.get(key) : undefined;
    return pipeline === undefined
      ? []
      : [
          ...converterHints(pipeline),
          ...formatHints(pipeline),
          ...variableHints(pipeline),
          ...targetHints(checked, pipeline),
        ];
  });
  return hints.filter((one) => isIn({ start: one.offset, end: one.offset })).toSorted((a, b) => a.offset - b.offset);
}

function converterHints({ graph }: CheckedPipeline): InlayHint[] {
  const byArrow = new Map<number, GraphLink[]>();
  for (const link of graph.links) {
    if (link.chain.length === 0) continue;
    byArrow.set(link.arrowSpan.end, [...(byArrow.get(link.arrowSpan.end) ?? []), link]);
  }
  return [...byArrow].flatMap(([offset, links]) => {
    const chains = new Set(links.map((one) => one.chain.map(callOf).join(" ~> ")));
    return [...chains].map((chain): InlayHint => {
      const tooltip = links
        .map(
          (one) =>
            `\`${one.from.text}\` gives \`${describeType(one.from.type)}\`, \`${one.to.text}\` takes \`${describeType(one.to.type)}\``,
        )
        .join("\n\n");
      return { offset, label: ` ${chain} ~>`, kind: "converters", tooltip };
    });
  });
}

function callOf({ signature, paramCells }: Instance): string {
  const found = [...paramCells].map(
    ([name, cell]) => `${name}: ${formatDimension(cell.dimension, [fixDimension(cell.dimension, cell.values)])}`,
  );
  return found.length === 0 ? signature.symbol.name : `${signature.symbol.name}(${found.join(", ")})`;
}

/** A port of the pipeline that says less of its format than the links inside have found out. */
function formatHints({ graph, symbol }: CheckedPipeline): InlayHint[] {
  const { source } = symbol.file;
  return symbol.syntax.members.flatMap((member): InlayHint[] => {
    if (member.kind !== "Port" || member.type === undefined) return [];
    const name = member.name?.text ?? member.direction;
    const type = graph.own.inputs.get(name) ?? graph.own.outputs.get(name);
    if (type === undefined || type.kind !== "media") return [];
    const solved = describeType(type);
    const { start, end } = member.type.span;
    const written = source.text.slice(start, end).replaceAll(/\s+/g, "");
    if (written === solved.replaceAll(/\s+/g, "") || solved === type.media) return [];
    const isSame = sameParts(written, solved);
    return isSame
      ? []
      : [{ offset: end, label: ` ${solved}`, kind: "formats", tooltip: "What the links inside leave of it." }];
  });
}

/** What the type variables of a node have become, where it is first named in a flow: its signature leaves that open. */
function variableHints({ graph }: CheckedPipeline): InlayHint[] {
  const places = new Map<Instance, number>();
  for (const { from, to } of graph.links) {
    for (const { instance, span } of [from, to]) {
      if (instance !== undefined) places.set(instance, Math.min(places.get(instance) ?? Infinity, span.end));
    }
  }
  return [...places].flatMap(([instance, offset]): InlayHint[] => {
    const { name: node } = instance.signature.symbol;
    const found = [...instance.signature.variables.values()].flatMap(({ name, dimension }) => {
      const cell = cellOfVariable(instance, name);
      return cell === undefined ? [] : [{ name, dimension, values: cell.values }];
    });
    if (found.length === 0) return [];
    const label = found
      .map(({ name, dimension, values }) => `${name}: ${formatDimension(dimension, values)}`)
      .join(", ");
    const tooltip = found
      .map(({ name, dimension, values }) => {
        const become = values === undefined ? "a session decides" : `it is ${formatDimension(dimension, values)} here`;
        return `\`${node}\` leaves its ${dimension} \`${name}\` open; ${become}.`;
      })
      .join("\n\n");
    return [{ offset, label: ` ${label}`, kind: "formats", tooltip }];
  });
}

/** Where the solver has what a variable stands for: at any port whose format names it. */
function cellOfVariable({ signature, inputs, outputs }: Instance, variable: string): Cell | undefined {
  for (const port of [...signature.inputs.values(), ...signature.outputs.values()]) {
    if (port.type.kind !== "media") continue;
    const type = (port.direction === "in" ? inputs : outputs).get(port.name);
    for (const [dimension, pattern] of Object.entries(port.type.dims)) {
      if (pattern.kind !== "variable" || pattern.name !== variable || type?.kind !== "media") continue;
      return type.dims.get(dimension);
    }
  }
  return undefined;
}

/** The same dimensions in another order. */
function sameParts(a: string, b: string): boolean {
  const partsOf = (text: string): string =>
    text.replaceAll(/\s+/g, "").replaceAll(/[<>]/g, ",").split(",").filter(Boolean).toSorted().join(",");
  return partsOf(a) === partsOf(b);
}

/** How many targets a remote has and by what it is reached; of a peer's pipeline, where it listens. */
function targetHints(checked: CheckedProgram, pipeline: CheckedPipeline): InlayHint[] {
  const remotes = checked.remotes.get(pipeline.symbol.key);
  return [...pipeline.graph.remotes].flatMap(([name]) =>
    (remotes?.get(name)?.targets ?? []).flatMap((target): InlayHint[] => {
      const { value } = target.syntax;
      if (target.kind !== "peer" || value === undefined) return [];
      const [first] = checked.peers.get(target.peer.key)?.listens ?? [];
      const literal = first !== undefined && "literal" in first.value ? first.value.literal : undefined;
      if (typeof literal !== "string") return [];
      return [
        {
          offset: value.span.end,
          label: ` ${literal}/${target.as}`,
          kind: "targets",
          tooltip: `\`${target.peer.name}\` listens there.`,
        },
      ];
    }),
  );
}
