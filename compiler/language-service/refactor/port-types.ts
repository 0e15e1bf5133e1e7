import type { PipelineSyntax, Span } from "../../../grammar/syntax.ts";
import type { FlowType } from "../../../runtime/interface/caps.ts";
import { currentType, describeType } from "../../check/cells.ts";
import type { CheckedProgram } from "../../check/checked-program.ts";
import type { GraphEnd, PipelineGraph } from "../../check/graph.ts";
import type { ParsedFile } from "../../check/sources.ts";
import { importEdit, importPath } from "../completion/declared.ts";
import type { Analysis, FileEdit } from "../files.ts";

/** What flows in a pipeline, as a port that stood there would have to say it. */
export class PortTypes {
  readonly #analysis: Analysis;
  readonly #file: ParsedFile;
  readonly #pipeline: PipelineSyntax;
  readonly #checked: CheckedProgram;
  readonly #graph: PipelineGraph;
  /** The module of each declaration that has to be imported, by name. */
  readonly #missing = new Map<string, string>();

  private constructor(
    analysis: Analysis,
    file: ParsedFile,
    pipeline: PipelineSyntax,
    checked: CheckedProgram,
    graph: PipelineGraph,
  ) {
    this.#analysis = analysis;
    this.#file = file;
    this.#pipeline = pipeline;
    this.#checked = checked;
    this.#graph = graph;
  }

  /** Undefined for a pipeline that could not be checked. */
  static of(analysis: Analysis, file: ParsedFile, pipeline: PipelineSyntax): PortTypes | undefined {
    const checked = analysis.program(file.source.path);
    const key = checked?.program.root.declarations.get(pipeline.name.text)?.key;
    const found = key === undefined ? undefined : checked?.pipelines.get(key);
    if (checked === undefined || found?.symbol.syntax !== pipeline) return undefined;
    const isBroken = checked.diagnostics.some(
      ({ severity, place: { source, span } }) =>
        severity === "error" &&
        source === file.source &&
        span.start < pipeline.span.end &&
        span.end > pipeline.span.start,
    );
    return isBroken ? undefined : new PortTypes(analysis, file, pipeline, checked, found.graph);
  }

  /** The type at the place where a flow names something; undefined where it has no one name. */
  at(span: Span): string | undefined {
    return this.#same(this.#ends().filter((one) => one.span.start === span.start && one.span.end === span.end));
  }

  /** The type of what comes to an arrow. */
  before(arrow: Span): string | undefined {
    const links = [...this.#graph.links, ...this.#graph.flushes];
    return this.#same(links.filter((one) => one.arrowSpan.start === arrow.start).map((one) => one.from));
  }

  /** The imports that the types need and the file does not have. */
  imports(): FileEdit[] {
    return [...this.#missing].map(([name, module]) => ({
      path: this.#file.source.path,
      ...importEdit(this.#file, name, importPath(this.#file, module)),
    }));
  }

  #ends(): GraphEnd[] {
    return [...this.#graph.links.flatMap(({ from, to }) => [from, to]), ...this.#graph.flushes.map((one) => one.from)];
  }

  #same(ends: readonly GraphEnd[]): string | undefined {
    const texts = new Set(ends.map((one) => this.#textOf(one)));
    const [text] = texts;
    return texts.size === 1 ? text : undefined;
  }

  #textOf(end: GraphEnd): string | undefined {
    if (end.instance === undefined) {
      // A port of the pipeline itself says its type in words that are in sight.
      const own = this.#pipeline.members.find((one) => one.kind === "Port" && one.name?.text === end.port.name);
      if (own?.kind === "Port" && own.type !== undefined) {
        return this.#file.source.text.slice(own.type.span.start, own.type.span.end);
      }
    }
    if (end.type.kind === "unknown" || !this.#isNameable(currentType(end.type))) return undefined;
    return describeType(end.type);
  }

  /** Whether each name in a type means the same in this file, if need be by an import. */
  #isNameable(type: FlowType): boolean {
    if ("element" in type && typeof type.element === "object") return this.#isNameable(type.element as FlowType);
    if (type.kind !== "named") return true;
    const owner = [...this.#checked.program.files.values()].find(
      (one) => one.declarations.get(type.name)?.key === type.name,
    );
    if (owner === undefined) return false;
    const { module } = owner;
    const seen = this.#analysis.names.find(this.#file, type.name);
    if (seen !== undefined) return seen.declared.module === module && !seen.alias;
    this.#missing.set(type.name, module);
    return true;
  }
}
