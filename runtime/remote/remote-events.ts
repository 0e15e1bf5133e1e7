import type { MeshError } from "../interface/errors.ts";
import type { HFPipelineNodeInit } from "./hf-pipeline-node-init.ts";
import type { BreakerChange } from "./target-health.ts";

/** What a remote tells of its targets, by their indexes. */
export class RemoteEvents {
  readonly #init: Pick<HFPipelineNodeInit, "plan" | "session" | "targets" | "onEvent">;

  constructor(init: Pick<HFPipelineNodeInit, "plan" | "session" | "targets" | "onEvent">) {
    this.#init = init;
  }

  connecting(index: number): void {
    this.#init.onEvent({ kind: "remote-connecting", ...this.#of(index) });
  }

  /** @param back an earlier target is gone back to */
  connected(index: number, back: boolean): void {
    this.#init.onEvent({ kind: "remote-connected", ...this.#of(index), ...(back && { back }) });
  }

  /** @param next index of the target in its place, if any */
  failed(index: number, error: MeshError, next: number | undefined): void {
    const { plan, targets, onEvent } = this.#init;
    const { location } = plan;
    const nextText = next === undefined ? undefined : targets[next]?.text;
    onEvent({ kind: "remote-failed", ...this.#of(index), next: nextText, error, location });
  }

  breaker(change: BreakerChange | undefined): void {
    if (change === undefined) return;
    const { plan, onEvent } = this.#init;
    const { index, state, forMs } = change;
    onEvent({ kind: "remote-breaker", ...this.#of(index), state, forMs, location: plan.location });
  }

  #of(index: number): { readonly session: string; readonly remote: string; readonly target: string } {
    const { plan, session, targets } = this.#init;
    return { session, remote: plan.id, target: targets[index]?.text ?? "" };
  }
}
