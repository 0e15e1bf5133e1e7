import { conflict, type SolvedType } from "../../check/cells.ts";
import type { CheckedProgram } from "../../check/checked-program.ts";
import { namedInstance, type PipelineGraph } from "../../check/graph.ts";
import type { SignatureSymbol } from "../../check/program.ts";
import { defaultPort } from "../../check/signature.ts";

/** What flows where a step is to be named, as far as the last check knows it. */
export class Fit {
  readonly #checked: CheckedProgram;
  readonly #type: SolvedType | undefined;

  /** @param source the step before the arrow: `mic`, `vad.speech`, `Vad` of `Vad()` */
  constructor(checked: CheckedProgram, pipeline: string, source: readonly string[]) {
    this.#checked = checked;
    const symbol = checked.program.root.declarations.get(pipeline);
    const graph = symbol?.syntax.kind === "Pipeline" ? checked.pipelines.get(symbol.key)?.graph : undefined;
    this.#type = graph && typeOf(graph, source);
  }

  /** Less is better: 0 takes what flows as it is, 2 something of its kind, 4 something else. */
  rankOf(name: string): number {
    const { root } = this.#checked.program;
    const symbol = root.declarations.get(name) ?? root.imports.get(name)?.symbol;
    if (symbol === undefined || this.#type === undefined) return 2;
    const { kind } = symbol.syntax;
    if (kind !== "Node" && kind !== "Pipeline" && kind !== "Interface") return 4;
    return this.rankOfType(this.#checked.takenBy(symbol as SignatureSymbol));
  }

  /** The same of a type. */
  rankOfType(type: SolvedType | undefined): number {
    const here = this.#type;
    if (here === undefined || type === undefined) return 3;
    if (conflict(here, type, this.#checked.schemas) === undefined) return 0;
    return here.kind === "media" && type.kind === "media" && here.media === type.media ? 2 : 4;
  }

  /** The same of something that has a name in the pipeline. */
  rankOfBox(pipeline: string, name: string): number {
    const symbol = this.#checked.program.root.declarations.get(pipeline);
    const graph = symbol?.syntax.kind === "Pipeline" ? this.#checked.pipelines.get(symbol.key)?.graph : undefined;
    const instance = graph && namedInstance(graph, name);
    const port = instance && defaultPort(instance.signature.inputs);
    return this.rankOfType(port === undefined ? graph?.own.outputs.get(name) : instance?.inputs.get(port.name));
  }
}

function typeOf(graph: PipelineGraph, [name = "", port]: readonly string[]): SolvedType | undefined {
  const instance = namedInstance(graph, name) ?? graph.instances.get(name);
  if (instance === undefined) return graph.own.inputs.get(name);
  const named = port ?? defaultPort(instance.signature.outputs)?.name;
  return named === undefined ? undefined : instance.outputs.get(named);
}
