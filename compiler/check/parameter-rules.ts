import { formatDimension, formatScalar, formatType, intersectDimension } from "../../runtime/interface/caps.ts";
import type { CheckedPipeline, PipelineGraph } from "./graph.ts";
import { Copies, type Cell } from "./cells.ts";
import { explainNarrowing } from "./explain.ts";
import { argumentProblem, narrowByDefaults } from "./inline.ts";
import { holds, type ParameterLimits } from "./parameter.ts";
import type { FileInfo } from "./program.ts";
import type { Place } from "../source/source-file.ts";
import type { Reporter } from "./reporter.ts";
import type { InstanceSyntax } from "../../grammar/syntax.ts";
import type { PlanValue } from "../../runtime/interface/plan.ts";

/** A default must be among what the uses of its parameter leave it. */
export function checkDefaults(graph: PipelineGraph, limits: ParameterLimits, reporter: Reporter): void {
  const { source } = graph.symbol.file;
  /** By the format that they fix: what its first default makes of it. */
  const fixed = new Map<Cell, { readonly name: string; readonly copy: Cell; readonly place: Place }>();
  for (const [name, param] of graph.signature.params) {
    const value = param.defaultValue;
    const literal = value !== undefined && "literal" in value ? value.literal : undefined;
    if (literal === undefined) continue;
    const limit = limits.get(name);
    if (limit !== undefined && !holds(literal, limit.type)) {
      const shown = typeof literal === "number" ? formatScalar(limit.type.name, literal) : JSON.stringify(literal);
      const message = `\`${name}\` is ${shown} by default, but ${limit.asker} takes only ${formatType(limit.type)}.`;
      reporter.report("MESH3005", source, param.span, message, {
        related: [{ place: limit.place, message: `it goes to ${limit.asker} here` }],
      });
      continue;
    }
    const cell = graph.own.paramCells.get(name);
    if (cell === undefined) continue;
    const copy = new Copies().cell(cell);
    const problem = argumentProblem(
      { symbol: graph.symbol, graph },
      name,
      value,
      { cell, copy },
      new Set(graph.signature.params.keys()),
    );
    const { values, dimension } = cell;
    if (problem === undefined) {
      const other = fixed.get(cell.root);
      if (other === undefined) fixed.set(cell.root, { name, copy, place: { source, span: param.span } });
      else if (intersectDimension(other.copy.values, copy.values) === "empty") {
        const [mine, theirs] = [copy.values, other.copy.values].map((one) => formatDimension(dimension, one));
        const message = `\`${name}\` is ${mine} by default, but \`${other.name}\`, which has to be the same, is ${theirs}.`;
        reporter.report("MESH3005", source, param.span, message, {
          related: [
            { place: other.place, message: `\`${other.name}\` is ${theirs} here` },
            ...explainNarrowing(dimension, cell),
          ],
          hint: "Inside, both stand for the same format: give them the same default, or make them one parameter.",
        });
      }
      continue;
    }
    const message = `The default of \`${name}\` is not possible: inside, only ${formatDimension(dimension, values)} is.`;
    reporter.report("MESH3005", source, param.span, message, { related: explainNarrowing(dimension, cell) });
  }
}

/** The arguments of a use that runs on its own, such as `runs P(rate: 16kHz)`, against what is solved inside. */
export function checkFormatArguments(
  file: FileInfo,
  syntax: InstanceSyntax,
  checked: CheckedPipeline,
  args: ReadonlyMap<string, PlanValue>,
  reporter: Reporter,
): void {
  const cells = new Copies();
  const given = new Set(args.keys());
  narrowByDefaults(checked, given, cells);
  for (const [name, cell] of checked.graph.own.paramCells) {
    const problem = argumentProblem(checked, name, args.get(name), { cell, copy: cells.cell(cell) }, given);
    const argument = syntax.arguments.find((one) => one.name.text === name);
    if (problem === undefined || argument === undefined) continue;
    reporter.report("MESH3005", file.source, argument.value?.span ?? argument.span, problem.message, {
      related: problem.related,
      hint: problem.hint,
    });
  }
}
