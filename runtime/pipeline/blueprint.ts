import type { FlowType, Schemas } from "../interface/caps.ts";
import type { NodeDefinition } from "../interface/node.ts";
import type { NodePlan, PipelinePlan, PortPlan } from "../interface/plan.ts";
import type { Graph } from "./graph.ts";
import { settle, type Cells, type PortTypes } from "./negotiation.ts";
import type { NodeShape } from "./node-shape.ts";
import { PortShape } from "./out-port.ts";
import { valueCheck, type PayloadCheck } from "./payload-check.ts";
import type { PlaceOf } from "./value-place.ts";

/** What is the same for all sessions that want the same outputs of the same code. */
export interface Alike {
  readonly definitions: ReadonlyMap<string, NodeDefinition>;
  readonly graph: Graph;
}

/** What is the same in all sessions of a pipeline that have the same formats. */
export interface Blueprint {
  readonly formats: PortTypes;
  readonly nodes: readonly NodeShape[];
  /** Where a node stands among them. */
  readonly places: ReadonlyMap<string, number>;
  /** What the inputs of the pipeline take. */
  readonly checks: ReadonlyMap<string, PayloadCheck>;
}

/** The blueprints of the sessions of one pipeline with the same graph and the same code. */
export class Blueprints {
  readonly #pipeline: PipelinePlan;
  readonly #schemas: Schemas;
  readonly #checks: PlaceOf | undefined;
  readonly #alike: Alike;
  /** Thousands of sessions are mostly alike, so the last one is kept. */
  #last: { readonly key: string; readonly blueprint: Blueprint } | undefined;

  /** @param checks where whole values are looked at as they come out of a node, and not their kind alone */
  constructor(pipeline: PipelinePlan, schemas: Schemas, checks: PlaceOf | undefined, alike: Alike) {
    this.#pipeline = pipeline;
    this.#schemas = schemas;
    this.#checks = checks;
    this.#alike = alike;
  }

  /** @param cells fixed */
  of(met: PortTypes, cells: Cells): Blueprint {
    const key = JSON.stringify(met) + cells.key;
    if (this.#last?.key !== key) this.#last = { key, blueprint: this.#make(met, cells) };
    return this.#last.blueprint;
  }

  #make(met: PortTypes, cells: Cells): Blueprint {
    const { nodes } = this.#pipeline;
    const formats = settle(this.#pipeline, met, cells);
    const inputs = Object.entries(formats.inputs);
    return {
      formats,
      nodes: nodes.map((plan) => this.#node(plan, cells)),
      places: new Map(nodes.map(({ id }, place) => [id, place])),
      checks: new Map(inputs.map(([port, type]) => [port, valueCheck(type, this.#schemas)])),
    };
  }

  #node(plan: NodePlan, cells: Cells): NodeShape {
    const { graph, definitions } = this.#alike;
    const { id, location } = plan;
    const definition = definitions.get(id);
    const outputs = fixed(plan.outputs, cells);
    return {
      plan,
      place: { id, pipeline: this.#pipeline.name, location },
      definition,
      sync: definition?.sync === true,
      batch: plan.batch === true,
      called: graph.called.has(id),
      formats: { inputs: fixed(plan.inputs, cells), outputs },
      ports: Object.entries(outputs).map(([port, type]) => new PortShape(port, type, this.#schemas, this.#checks)),
    };
  }
}

function fixed(ports: Readonly<Record<string, PortPlan>>, cells: Cells): Record<string, FlowType> {
  return Object.fromEntries(Object.entries(ports).map(([port, { type }]) => [port, cells.fixed(type)]));
}
