import type { PeerPlan, Plan } from "../interface/plan.ts";
import type { PipelineEndpoint } from "../interface/session.ts";
import type { PipelineDeps } from "../pipeline/deps.ts";
import { pipelineEndpoint } from "../pipeline/endpoint.ts";
import { resolveValues } from "../pipeline/parameters.ts";
import { SharedPipeline } from "../pipeline/shared/shared-pipeline.ts";
import type { OpenSessions } from "./open-sessions.ts";

type Run = PeerPlan["runs"][number];

/** The endpoints of the pipelines that peers here run `shared`, each as one instance. */
export interface SharedEndpoints {
  /** @returns undefined for a run that gives each caller an instance of its own */
  of(peer: PeerPlan, run: Run): PipelineEndpoint | undefined;
}

export function shareRuns(plan: Plan, deps: PipelineDeps, sessions: OpenSessions): SharedEndpoints {
  return new SharedRuns(plan, deps, sessions);
}

class SharedRuns implements SharedEndpoints {
  readonly #plan: Plan;
  readonly #deps: PipelineDeps;
  readonly #sessions: OpenSessions;
  readonly #pipelines = new Map<Run, SharedPipeline>();

  constructor(plan: Plan, deps: PipelineDeps, sessions: OpenSessions) {
    this.#plan = plan;
    this.#deps = deps;
    this.#sessions = sessions;
  }

  of(peer: PeerPlan, run: Run): PipelineEndpoint | undefined {
    const pipeline = run.shared === true ? this.#plan.pipelines[run.pipeline] : undefined;
    if (pipeline === undefined) return undefined;
    let found = this.#pipelines.get(run);
    if (found === undefined) {
      const { clock, random, env } = this.#deps;
      found = new SharedPipeline({
        pipeline,
        schemas: this.#plan.schemas,
        clock,
        random,
        start: async (request, onSettled) => {
          const params = resolveValues(run.params, { params: {}, env, location: peer.location });
          const endpoint = pipelineEndpoint(this.#plan, run.pipeline, this.#deps, onSettled);
          return this.#sessions.open(peer.name, run.pipeline, endpoint, { ...request, params });
        },
      });
      this.#pipelines.set(run, found);
    }
    return found;
  }
}
