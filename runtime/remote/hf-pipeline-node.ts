import type { FlowType, Schemas } from "../interface/caps.ts";
import { delay, type Clock } from "../interface/clock.ts";
import { withDeadline } from "../interface/deadline.ts";
import { MeshError } from "../interface/errors.ts";
import type { OnEvent } from "../interface/events.ts";
import type { Link } from "../interface/link.ts";
import type { RemotePlan } from "../interface/plan.ts";
import type { Random } from "../interface/random.ts";
import type { PipelineSession, RemoteDescription, SessionEnd } from "../interface/session.ts";
import type { Place } from "../pipeline/failures.ts";
import type { RunningRemote } from "../pipeline/running-remote.ts";
import { FencedLink, type StreamOutlet } from "./fenced-link.ts";
import { SwitchLink } from "./switch-link.ts";
import { Outage, type HFTarget } from "./targets.ts";

export interface HFPipelineNodeInit {
  readonly plan: RemotePlan;
  /** The pipeline that has the remote, and the session of it; for messages and events. */
  readonly pipeline: string;
  readonly session: string;
  /** In the order in which they are tried. */
  readonly targets: readonly HFTarget[];
  /** Of the ports that are linked, what may be sent and taken, as sets. */
  readonly formats: PipelineSession["formats"];
  readonly schemas: Schemas;
  /** Where the frames of each output go. */
  readonly outputs: Readonly<Record<string, Link>>;
  /** Ends everything, also while it connects. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly random: Random;
  readonly onEvent: OnEvent;
}

/** A session that held as long is not part of the failure before it: what follows is a new round of attempts. */
const stableAfterMs = 1_000;

/**
 * What a `remote` is at run time (spec R2): a node whose work is done by a pipeline on another peer, or by a fallback.
 *
 * Targets are tried in order: each as often as the policy says where another attempt may help, then the next. When the
 * session behind it fails, another one takes its place (spec R8.2, R8.3): frames that no session has taken yet wait for
 * it, inputs that had ended are ended again, and outputs go on as one stream.
 */
export class HFPipelineNode implements RunningRemote {
  readonly inputs: Readonly<Record<string, SwitchLink>>;
  readonly closed: Promise<SessionEnd>;
  readonly #init: HFPipelineNodeInit;
  readonly #place: Place;
  readonly #abort = new AbortController();
  readonly #outlets: Readonly<Record<string, StreamOutlet>>;
  /** What the first session settled on; every later one has to keep to it. */
  #formats: PipelineSession["formats"];
  #outage: Outage;
  #session: PipelineSession | undefined;
  #sinceUs = 0;
  #state: RemoteDescription["state"] = "connecting";
  #resolveClosed: (end: SessionEnd) => void = () => undefined;
  #closing: Promise<void> | undefined;

  constructor(init: HFPipelineNodeInit) {
    this.#init = init;
    this.#place = { id: init.plan.id, pipeline: init.pipeline, location: init.plan.location };
    this.#formats = init.formats;
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve));
    this.#outage = this.#newOutage(0);
    this.inputs = Object.fromEntries(
      Object.keys(init.formats.inputs).map((port) => [port, new SwitchLink((error) => this.#inputFailed(error))]),
    );
    this.#outlets = Object.fromEntries(
      Object.entries(init.outputs).map(([port, link]) => [port, { link, next: 0, ended: false }]),
    );
    const onAbort = (): void => void this.close(MeshError.from(init.signal.reason, "cancelled"));
    init.signal.addEventListener("abort", onAbort, { once: true });
    void this.closed.then(() => init.signal.removeEventListener("abort", onAbort));
  }

  /**
   * Connects to the first target that can be had.
   * @throws {MeshError} the reasons of all, as `targets-exhausted` or what cannot be mended; or why it was closed
   */
  async open(): Promise<PipelineSession["formats"]> {
    try {
      this.#init.signal.throwIfAborted();
      const session = await this.#connect();
      this.#formats = session.formats;
      void this.#follow(session);
      return session.formats;
    } catch (error) {
      const failure = MeshError.from(error);
      this.#finish("failed", failure);
      throw failure;
    }
  }

  close(error?: MeshError): Promise<void> {
    this.#closing ??= this.#tearDown(error);
    return this.#closing;
  }

  describe(): RemoteDescription {
    return {
      id: this.#init.plan.id,
      state: this.#state,
      target: this.#session === undefined ? undefined : this.#outage.target.text,
      failures: [...this.#outage.failures],
      session: this.#session?.describe(),
    };
  }

  // ---- finding a target ---------------------------------------------------------------------------------------

  /** Tries targets by the policy until there is a session. @throws {MeshError} when none is left */
  async #connect(): Promise<PipelineSession> {
    if (this.#init.targets.length === 0) throw this.#outage.exhausted(this.#place);
    for (;;) {
      try {
        return await this.#attempt();
      } catch (error) {
        this.#abort.signal.throwIfAborted();
        await this.#afterFailure(MeshError.from(error));
      }
    }
  }

  async #attempt(): Promise<PipelineSession> {
    const { plan, clock, session: id, onEvent } = this.#init;
    const { target } = this.#outage;
    const { connectTimeoutMs } = plan.policy;
    this.#state = "connecting";
    onEvent({ kind: "remote-connecting", session: id, remote: plan.id, target: target.text });
    const links: Record<string, FencedLink> = {};
    // The deadline is for the opening alone, but the signal of the request lives as long as the session.
    const life = new AbortController();
    try {
      const deadline = {
        clock,
        afterMs: connectTimeoutMs,
        signal: this.#abort.signal,
        error: () => new MeshError("deadline-exceeded", `There was no session within ${connectTimeoutMs} ms.`),
      };
      const session = await withDeadline(deadline, () => this.#open(target, links, life.signal));
      this.#attach(session, Object.values(links));
      onEvent({ kind: "remote-connected", session: id, remote: plan.id, target: target.text });
      return session;
    } catch (error) {
      for (const link of Object.values(links)) link.fence();
      life.abort(error);
      throw error;
    }
  }

  /** @param links gets the ends that the session writes to */
  async #open(target: HFTarget, links: Record<string, FencedLink>, signal: AbortSignal): Promise<PipelineSession> {
    const outputs: Record<string, { type: FlowType; link: Link }> = {};
    for (const [port, type] of Object.entries(this.#formats.outputs)) {
      const outlet = this.#outlets[port];
      if (outlet === undefined || outlet.ended) continue;
      const link = new FencedLink(outlet);
      links[port] = link;
      outputs[port] = { type, link };
    }
    const { params, endpoint } = target;
    const { schemas } = this.#init;
    const session = await endpoint.open({ params, inputs: this.#formats.inputs, outputs, schemas, signal });
    // Too late: nobody waits for it any more.
    if (signal.aborted) await session.close(MeshError.from(signal.reason, "cancelled"));
    return session;
  }

  #attach(session: PipelineSession, links: readonly FencedLink[]): void {
    this.#session = session;
    this.#sinceUs = this.#init.clock.nowUs();
    this.#state = "connected";
    void session.closed.then(() => {
      for (const link of links) link.fence();
    });
    for (const [port, input] of Object.entries(this.inputs)) {
      const link = session.inputs[port];
      if (link === undefined) input.discard();
      else input.attach(link);
    }
  }

  /** Waits for the next attempt, or turns to the next target. @throws {MeshError} when there is none */
  async #afterFailure(error: MeshError): Promise<void> {
    const { plan, clock, session, onEvent } = this.#init;
    const target = this.#outage.target.text;
    const step = this.#outage.failed(error);
    if (step.kind === "retry") {
      await delay(clock, step.afterMs, this.#abort.signal);
      return;
    }
    const next = step.kind === "fall-back" ? step.target.text : undefined;
    onEvent({ kind: "remote-failed", session, remote: plan.id, target, next, error, location: plan.location });
    if (step.kind === "exhausted") throw this.#outage.exhausted(this.#place);
  }

  // ---- while it runs ------------------------------------------------------------------------------------------

  /** Replaces each session that fails, until one ends in good order or nothing is left; never rejects. */
  async #follow(first: PipelineSession): Promise<void> {
    const { signal } = this.#abort;
    let session = first;
    for (;;) {
      const { error } = await session.closed;
      if (signal.aborted) return;
      if (error === undefined || this.#allEnded()) {
        this.#endInGoodOrder();
        return;
      }
      for (const input of Object.values(this.inputs)) input.detach();
      const livedMs = (this.#init.clock.nowUs() - this.#sinceUs) / 1_000;
      if (livedMs >= stableAfterMs) this.#outage = this.#newOutage(this.#outage.index);
      this.#session = undefined;
      this.#state = "connecting";
      try {
        await this.#afterFailure(error);
        session = await this.#connect();
      } catch (failure) {
        if (!signal.aborted) this.#finish("failed", MeshError.from(failure));
        return;
      }
    }
  }

  /** Then a session that fails has nothing left to do. */
  #allEnded(): boolean {
    const outlets = Object.values(this.#outlets);
    return outlets.length > 0 && outlets.every((outlet) => outlet.ended);
  }

  #endInGoodOrder(): void {
    for (const outlet of Object.values(this.#outlets)) {
      if (outlet.ended) continue;
      outlet.ended = true;
      outlet.link.end();
    }
    this.#finish("ended", undefined);
  }

  /** A session that no longer takes its input is of no use, even if it would go on otherwise. */
  #inputFailed(error: MeshError): void {
    void this.#session?.close(error);
  }

  #finish(state: "ended" | "failed", error: MeshError | undefined): void {
    this.#state = state;
    for (const input of Object.values(this.inputs)) {
      if (error === undefined) input.discard();
      else input.shut(error);
    }
    this.#resolveClosed({ error });
  }

  async #tearDown(error: MeshError | undefined): Promise<void> {
    const reason = error ?? new MeshError("cancelled", "The session has ended.");
    this.#abort.abort(reason);
    if (this.#state === "connecting" || this.#state === "connected") {
      this.#state = error === undefined ? "ended" : "failed";
      for (const input of Object.values(this.inputs)) input.shut(reason);
    }
    await this.#session?.close(error);
    this.#resolveClosed({ error });
  }

  #newOutage(start: number): Outage {
    const { targets, plan, random } = this.#init;
    return new Outage(targets, plan.policy, random, start);
  }
}
