import type { Span } from "../../grammar/syntax.ts";
import type { Plan, PlanValue } from "../../runtime/interface/plan.ts";
import { describeType } from "../check/cells.ts";
import type { CheckedProgram } from "../check/check.ts";
import type { CheckedPipeline } from "../check/checked-pipeline.ts";
import { portTypes, type Instance } from "../check/instances.ts";
import type { FileInfo } from "../check/program.ts";
import { positionAt } from "../source/source-file.ts";
import { explainLink } from "./links.ts";
import { fact, type Section } from "./section.ts";
import { explainRemote } from "./transports.ts";
import { explainFlush } from "./ways.ts";

/**
 * What the compiler decided at one line of a file of the program: formats, converters, transports, targets, parameters,
 * requirements. Empty where it decided nothing.
 * @param line from 1
 */
export function explainLine(checked: CheckedProgram, plan: Plan | undefined, file: FileInfo, line: number): Section[] {
  const { source } = file;
  const touches = (span: Span): boolean =>
    positionAt(source, span.start).line + 1 <= line && line <= positionAt(source, span.end).line + 1;
  const begins = (span: Span): boolean => positionAt(source, span.start).line + 1 === line;
  const sections: Section[] = [];
  for (const pipeline of checked.pipelines.values()) {
    if (pipeline.symbol.file !== file || !touches(pipeline.symbol.syntax.span)) continue;
    sections.push(...ofPipeline(checked, pipeline, plan, begins, touches));
  }
  for (const peer of checked.peers.values()) {
    if (peer.symbol.file !== file) continue;
    for (const run of peer.runs) {
      if (!touches(run.syntax.span)) continue;
      const required = checked.requirements.of(run.pipeline, run.args);
      const lines = required.map((one) => `${one.condition.text}, by ${one.path.join(" → ")}`);
      sections.push({
        head: `runs ${run.pipeline.name} as "${run.as}"`,
        facts: [
          fact("sessions", run.shared ? "one instance for all callers" : "an instance for each caller"),
          fact(
            "requires",
            lines.length === 0 ? "nothing" : `${lines.length}, all provided by ${peer.symbol.name}`,
            lines,
          ),
        ],
      });
    }
  }
  return sections;
}

function ofPipeline(
  checked: CheckedProgram,
  pipeline: CheckedPipeline,
  plan: Plan | undefined,
  begins: (span: Span) => boolean,
  touches: (span: Span) => boolean,
): Section[] {
  const { graph } = pipeline;
  const sections: Section[] = [];
  for (const [name, port] of [...graph.signature.inputs, ...graph.signature.outputs]) {
    const type = graph.own.inputs.get(name) ?? graph.own.outputs.get(name);
    if (type === undefined || !begins(port.span)) continue;
    const written = portTypes(name, graph.signature, new Map());
    const declared = written.inputs.get(name) ?? written.outputs.get(name);
    const solved = describeType(type);
    const because =
      declared === undefined || describeType(declared) === solved
        ? []
        : [
            `declared as ${describeType(declared)}; the links inside narrow it, and this is what the pipeline advertises`,
          ];
    sections.push({ head: `${port.direction} ${name}`, facts: [fact("format", solved, because)] });
  }
  for (const instance of graph.instances.values()) {
    if (instance.inserted || instance.kind === "remote" || !begins(instance.span)) continue;
    const section = parametersOf(instance);
    if (section !== undefined) sections.push(section);
  }
  for (const [name, syntax] of graph.remotes) {
    if (touches(syntax.span)) sections.push(explainRemote(checked, pipeline, name));
  }
  for (const link of graph.links) if (begins(link.arrowSpan)) sections.push(explainLink(checked, pipeline, link, plan));
  for (const flush of graph.flushes) if (begins(flush.arrowSpan)) sections.push(explainFlush(flush));
  return sections;
}

function parametersOf(instance: Instance): Section | undefined {
  const { signature, args, id } = instance;
  if (signature.params.size === 0) return undefined;
  const lines = [...signature.params.values()].map((param) => {
    const given = args.get(param.name);
    if (given !== undefined) return `${param.name} = ${valueText(given)}`;
    if (param.defaultValue !== undefined) return `${param.name} = ${valueText(param.defaultValue)}, the default`;
    return `${param.name} is left out`;
  });
  return { head: `${id}: ${signature.symbol.name}`, facts: [fact("parameters", String(lines.length), lines)] };
}

function valueText(value: PlanValue): string {
  if ("literal" in value) return JSON.stringify(value.literal);
  if ("param" in value) return `the parameter ${value.param}`;
  if ("env" in value) {
    return `the variable ${value.env}${value.default === undefined ? "" : `, ${JSON.stringify(value.default)} where it is not set`}`;
  }
  return "as the formats settle it";
}
