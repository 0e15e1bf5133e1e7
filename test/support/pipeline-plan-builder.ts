import type { FlowType } from "../../runtime/interface/caps.ts";
import type {
  LinkEnd,
  LinkPlan,
  NodePlan,
  PipelinePlan,
  Plan,
  PolicyPlan,
  PortPlan,
  RemotePlan,
  TargetPlan,
} from "../../runtime/interface/plan.ts";
import { defaultPolicy } from "../../runtime/interface/plan-defaults.ts";

export const text: FlowType = { kind: "scalar", name: "text" };
export const bytes: FlowType = { kind: "scalar", name: "bytes" };
export const pulse: FlowType = { kind: "signal" };

type Ports = Record<string, FlowType>;

const ports = (types: Ports): Record<string, PortPlan> =>
  Object.fromEntries(Object.entries(types).map(([name, type]) => [name, { type }]));

/** `vad.speech`, or the name of a port of the pipeline. */
function endOf(name: string): LinkEnd {
  const dot = name.lastIndexOf(".");
  return dot < 0 ? { port: name } : { node: name.slice(0, dot), port: name.slice(dot + 1) };
}

/** Writes the plan of one pipeline by hand, without the compiler; everything stands in its own line of `main.mesh`. */
export class PipelineBuilder {
  readonly #plan: PipelinePlan;
  #line = 1;

  constructor(name: string, inputs: Ports = {}, outputs: Ports = {}) {
    this.#plan = {
      name,
      params: [],
      inputs: ports(inputs),
      outputs: ports(outputs),
      cells: [],
      nodes: [],
      remotes: [],
      links: [],
      location: this.#here(),
    };
  }

  /** A node whose code is found by its `node` name, `id` without what stands after `#`. */
  node(
    id: string,
    inputs: Ports = { in: text },
    outputs: Ports = { out: text },
    params: NodePlan["params"] = {},
  ): this {
    this.#plan.nodes.push({
      id,
      node: id.split("#")[0] ?? id,
      params,
      inputs: ports(inputs),
      outputs: ports(outputs),
      location: this.#here(),
    });
    return this;
  }

  remote(id: string, targets: readonly TargetPlan[], policy: Partial<PolicyPlan> = {}): this {
    const remote: RemotePlan = {
      id,
      interface: "Step",
      inputs: ports({ in: text }),
      outputs: ports({ out: text }),
      targets: [...targets],
      policy: { ...defaultPolicy, ...policy },
      location: this.#here(),
    };
    this.#plan.remotes.push(remote);
    return this;
  }

  link(from: string, to: string, change: Partial<LinkPlan> = {}): this {
    const start = endOf(from);
    const type =
      (start.node === undefined
        ? this.#plan.inputs[start.port]
        : [...this.#plan.nodes, ...this.#plan.remotes].find((one) => one.id === start.node)?.outputs[start.port]
      )?.type ?? text;
    this.#plan.links.push({
      from: start,
      to: endOf(to),
      type,
      capacityFrames: 64,
      overflow: "block",
      delivery: "reliable",
      location: this.#here(),
      ...change,
    });
    return this;
  }

  /** Changes what the other methods do not. */
  with(change: Partial<PipelinePlan>): this {
    Object.assign(this.#plan, change);
    return this;
  }

  build(): PipelinePlan {
    return this.#plan;
  }

  #here(): { file: string; line: number; column: number } {
    const line = this.#line;
    this.#line += 1;
    return { file: "main.mesh", line, column: 3 };
  }
}

export function planWith(...pipelines: readonly PipelineBuilder[]): Plan {
  const built = pipelines.map((builder) => builder.build());
  return {
    version: 1,
    source: "main.mesh",
    compiler: "test",
    schemas: {},
    pipelines: Object.fromEntries(built.map((pipeline) => [pipeline.name, pipeline])),
    peers: {},
  };
}
