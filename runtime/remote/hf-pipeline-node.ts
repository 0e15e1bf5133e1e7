import { whenAborted } from "../interface/abort.ts";
import type { FlowType } from "../interface/caps.ts";
import { withDeadline } from "../interface/deadline.ts";
import { MeshError } from "../interface/errors.ts";
import type { Frame } from "../interface/frame.ts";
import type { Link } from "../interface/link.ts";
import { named } from "../interface/named.ts";
import type { RequestContext } from "../interface/request-context.ts";
import type { PipelineSession, RemoteDescription, SessionEnd } from "../interface/session.ts";
import type { Place } from "../pipeline/failures.ts";
import type { RunningRemote } from "../pipeline/running-remote.ts";
import { Breaks, goOnOrOpen, type Attempt } from "./attempt.ts";
import { drain } from "./drain.ts";
import { Failback } from "./failback.ts";
import { FencedLink, type StreamOutlet } from "./fenced-link.ts";
import { idleError, IdleTimeout } from "./idle-timeout.ts";
import type { HFPipelineNodeInit } from "./hf-pipeline-node-init.ts";
import { LastingTracks } from "./lasting-tracks.ts";
import { openTimeoutMs } from "./limits.ts";
import { RemoteEvents } from "./remote-events.ts";
import { search, type Found } from "./search.ts";
import { Standby } from "./standby.ts";
import { SwitchLink } from "./switch-link.ts";
import { TargetHealth } from "./target-health.ts";
import { Outage, type HFTarget } from "./targets.ts";

/** A session that held as long is not part of the failure before it: what follows is a new round of attempts. */
const stableAfterMs = 1_000;

/** While a stream is interrupted, the next target is tried beside one that has not answered for so long. */
const raceAfterMs = 250;

/**
 * What a `remote` is at run time (spec R2): a node whose work is done by a pipeline on another peer, or by a fallback.
 *
 * Targets are tried in order: each as often as the policy says where another attempt may help, then the next. When the
 * session behind it fails, another one takes its place (spec R8.2, R8.3): frames that no session has taken yet wait for
 * it, inputs that had ended are ended again, and outputs go on as one stream. When only its connection breaks, the same
 * session goes on over a new one, which is an attempt like any other.
 */
export class HFPipelineNode implements RunningRemote {
  readonly inputs: Readonly<Record<string, SwitchLink>>;
  readonly tracks = new LastingTracks();
  readonly closed: Promise<SessionEnd>;
  readonly #init: HFPipelineNodeInit;
  readonly #place: Place;
  readonly #events: RemoteEvents;
  readonly #abort = new AbortController();
  readonly #outlets: Readonly<Record<string, StreamOutlet>>;
  /** Sessions that are over, but hold something yet. */
  readonly #leaving = new Set<Promise<void>>();
  /** What the first session settled on; every later one has to keep to it. */
  #formats: PipelineSession["formats"];
  #outage: Outage;
  /** Index of the target in use, or of the last that was. */
  #target = 0;
  #session: PipelineSession | undefined;
  /** Whose connection broke, as long as nothing has taken its place. */
  #held: Attempt | undefined;
  #sinceUs = 0;
  readonly #idle: IdleTimeout | undefined;
  readonly #standby: Standby | undefined;
  readonly #health: TargetHealth;
  readonly #failback: Failback | undefined;
  /** Is given the session with an earlier target that is gone back to. */
  #returned: (found: Found<Attempt>) => void = () => undefined;
  /** Until then what comes out is what sessions that were left have still had. */
  #draining: Promise<unknown> | undefined;
  #state: RemoteDescription["state"] = "connecting";
  #resolveClosed: (end: SessionEnd) => void = () => undefined;
  #closing: Promise<void> | undefined;

  constructor(init: HFPipelineNodeInit) {
    this.#init = init;
    this.#events = new RemoteEvents(init);
    this.#place = { id: init.plan.id, pipeline: init.pipeline, location: init.plan.location };
    this.#formats = init.formats;
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve));
    this.#outage = this.#newOutage();
    const { idleTimeoutMs, standby, failbackAfterMs } = init.plan.policy;
    const { clock, targets } = init;
    this.#health = init.health ?? new TargetHealth(clock, init.plan.policy, targets.length);
    this.#failback =
      failbackAfterMs === undefined
        ? undefined
        : new Failback({
            clock,
            targets,
            health: this.#health,
            afterMs: failbackAfterMs,
            goBack: (index, signal) => this.#goBack(index, signal),
          });
    this.#standby = standby === false ? undefined : new Standby(clock, targets);
    this.#idle =
      idleTimeoutMs === undefined
        ? undefined
        : new IdleTimeout(init.clock, idleTimeoutMs, () => this.#giveUpIdle(idleTimeoutMs));
    const epochs = { current: 0, onFrame: this.#idle && (() => this.#idle?.touch()) };
    this.inputs = Object.fromEntries(
      Object.keys(init.formats.inputs).map((port) => [
        port,
        new SwitchLink(epochs, (error) => this.#inputFailed(error)),
      ]),
    );
    this.#outlets = Object.fromEntries(
      Object.entries(init.outputs).map(([port, link]) => [port, { link, epochs, next: 0, ended: false }]),
    );
    const { signal } = init;
    const unlisten = whenAborted(signal, () => void this.close(MeshError.from(signal.reason, "cancelled")));
    void this.closed.then(unlisten);
  }

  /**
   * Connects to the first target that can be had.
   * @throws {MeshError} the reasons of all; or why it was closed
   */
  async open(): Promise<PipelineSession["formats"]> {
    try {
      this.#init.signal.throwIfAborted();
      const first = await this.#connect({ deadlineUs: this.#init.deadlineUs });
      this.#formats = first.session.formats;
      void this.#follow(first);
      return this.#formats;
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

  adopt(context: RequestContext): void {
    this.#session?.adopt?.(context);
  }

  underWay(input: string): number {
    return this.inputs[input]?.underWay ?? 0;
  }

  describe(): RemoteDescription {
    const dropped = Object.values(this.inputs).reduce((sum, input) => sum + input.discarded, 0);
    const { targets } = this.#init;
    const standby = targets[this.#standby?.target ?? -1];
    const fallback = this.#session && targets[this.#target]?.fallback?.();
    const back = targets[this.#failback?.target ?? -1];
    const breakers = this.#health.describe(targets.map(({ text }) => text));
    return {
      id: this.#init.plan.id,
      state: this.#state,
      target: this.#session === undefined ? undefined : this.#init.targets[this.#target]?.text,
      failures: [...this.#outage.failures],
      session: this.#session?.describe(),
      ...(dropped > 0 && { dropped }),
      ...(standby !== undefined && { standby: standby.text }),
      ...(back !== undefined && { back: back.text }),
      ...(fallback !== undefined && { fallback }),
      ...(breakers.length > 0 && { breakers }),
    };
  }

  // ---- finding a target ---------------------------------------------------------------------------------------

  /** Tries targets by the policy until there is a session. @throws {MeshError} when none is left; or why it was closed */
  async #connect(how: {
    readonly failure?: MeshError;
    readonly raceAfterMs?: number;
    readonly deadlineUs?: number | undefined;
  }): Promise<Attempt> {
    const { clock } = this.#init;
    this.#state = "connecting";
    this.#failback?.stop();
    const alone = this.#held?.session.irreplaceable?.() === true;
    const found = await search<Attempt>({
      ...how,
      alone,
      outage: this.#outage,
      health: this.#health,
      onBreaker: (change) => this.#events.breaker(change),
      start: this.#target,
      clock,
      signal: this.#abort.signal,
      attempt: (index, signal, deadlineUs) => {
        this.#events.connecting(index);
        return this.#attempt(index, signal, deadlineUs);
      },
      discard: (late) => void this.#discard(late),
      onGivenUp: (index, error, next) => this.#events.failed(index, error, next),
    });
    if (found === undefined) throw (alone && how.failure) || this.#outage.exhausted(this.#place);
    this.#target = found.index;
    const replaced = this.#held === found.value ? undefined : this.#held;
    if (replaced !== undefined) this.#takeBack(replaced.session);
    this.#attach(found.value);
    this.#drop(replaced);
    this.#held = undefined;
    this.#events.connected(found.index, false);
    return found.value;
  }

  #attempt(index: number, signal: AbortSignal, deadlineUs: number): Promise<Attempt> {
    const { clock, targets } = this.#init;
    const target = targets[index] as HFTarget;
    const limitMs = Math.min(openTimeoutMs, (deadlineUs - clock.nowUs()) / 1_000);
    const open = (within: AbortSignal): Promise<Attempt> => this.#open(target, within, limitMs);
    const held = index === this.#target ? this.#held : undefined;
    if (held === undefined) return open(signal);
    const { others: elsewhere = false } = target.endpoint;
    return goOnOrOpen({ clock, held, elsewhere, limitMs, signal, open, discard: (late) => void this.#discard(late) });
  }

  async #open(target: HFTarget, signal: AbortSignal, limitMs: number): Promise<Attempt> {
    const { plan, clock, live, schemas } = this.#init;
    const nowUs = clock.nowUs();
    // The deadline is for the opening alone, but the signal of the request lives as long as the session.
    const life = new AbortController();
    const links: FencedLink[] = [];
    const breaks = new Breaks();
    const outputs = named<{ type: FlowType; link: Link }>();
    for (const [port, type] of Object.entries(this.#formats.outputs)) {
      const outlet = this.#outlets[port];
      if (outlet === undefined || outlet.ended) continue;
      const link = new FencedLink(outlet, (error) => life.abort(error));
      links.push(link);
      outputs[port] = { type, link };
    }
    try {
      const session = await withDeadline<PipelineSession>(
        {
          clock,
          afterMs: limitMs,
          signal,
          error: () => new MeshError("deadline-exceeded", `There was no session within ${Math.round(limitMs)} ms.`),
          discard: (late) => void this.#discard({ session: late, links, breaks }),
        },
        () =>
          target.endpoint.open({
            params: target.params,
            inputs: this.#formats.inputs,
            outputs,
            schemas,
            signal: life.signal,
            deadlineUs: nowUs + limitMs * 1_000,
            live,
            context: this.#init.context?.(),
            ...(plan.policy.resumeMs !== 0 && {
              onInterrupted: (error: MeshError) => breaks.happened(error),
              resumeMs: plan.policy.resumeMs,
            }),
          }),
      );
      return { session, links, breaks };
    } catch (error) {
      for (const link of links) link.fence();
      life.abort(error);
      throw error;
    }
  }

  /** A session that nobody waits for any more. */
  #discard({ session, links }: Attempt): Promise<void> {
    for (const link of links) link.fence();
    const freed = session.close(new MeshError("cancelled", "Another target was faster."));
    this.#leave(freed);
    return freed;
  }

  #attach(attempt: Attempt): void {
    const { session, links } = attempt;
    this.#session = session;
    this.#sinceUs = this.#init.clock.nowUs();
    this.#state = "connected";
    this.#idle?.start();
    this.#failback?.before(this.#target);
    // It has its links still when it goes on.
    if (attempt === this.#held) return;
    this.#standby?.behind(this.#target);
    // It may have become another while it was opened.
    if (this.#init.context !== undefined) session.adopt?.(this.#init.context());
    if (this.#draining === undefined) for (const link of links) link.open();
    else void this.#draining.then(() => links.forEach((link) => link.open()));
    void session.closed.then(() => {
      for (const link of links) link.fence();
    });
    this.tracks.attach(session);
    for (const [port, input] of Object.entries(this.inputs)) {
      const link = session.inputs[port];
      if (link === undefined) input.discard();
      else input.attach(link);
    }
  }

  // ---- while it runs ------------------------------------------------------------------------------------------

  /** Replaces each session that fails, until one ends in good order or nothing is left; never rejects. */
  async #follow(first: Attempt): Promise<void> {
    const { signal } = this.#abort;
    let attempt = first;
    for (;;) {
      const { session, breaks } = attempt;
      const returned = new Promise<Found<Attempt>>((resolve) => (this.#returned = resolve));
      const broke = breaks.next.then((error) => ({ error, broke: true }));
      const end = await Promise.race([session.closed, broke, returned]);
      this.#idle?.stop();
      if (!("value" in end)) {
        this.#failback?.stop();
        void returned.then(({ value }) => this.#discard(value));
      }
      if (signal.aborted) {
        if ("value" in end) void this.#discard(end.value);
        return;
      }
      if ("value" in end) {
        const replaced = this.#replace(attempt, end);
        this.#leave(replaced);
        await replaced;
        attempt = end.value;
        if (signal.aborted) return;
        continue;
      }
      const { error } = end;
      if (error === undefined || this.#allEnded()) {
        await this.#draining;
        this.#endInGoodOrder();
        this.#leave(session.close());
        return;
      }
      if ("final" in end && end.final === true) {
        this.#leave(session.close(error));
        this.#finish("failed", error);
        return;
      }
      if ("broke" in end) this.#hold(attempt);
      else {
        this.#takeBack(session);
        this.#leave(session.close(error));
        this.#session = undefined;
      }
      const livedMs = (this.#init.clock.nowUs() - this.#sinceUs) / 1_000;
      // One in which no frame has moved until it was given up for that has mended nothing.
      if (livedMs >= stableAfterMs && this.#idle?.moved !== false) this.#outage = this.#newOutage();
      try {
        attempt = await this.#connect({ failure: error, raceAfterMs });
      } catch (failure) {
        this.#drop(this.#held);
        if (!signal.aborted) this.#finish("failed", MeshError.from(failure));
        return;
      }
    }
  }

  /** @returns true once a session with an earlier target is there, which takes the place of the one in use */
  async #goBack(index: number, signal: AbortSignal): Promise<boolean> {
    const inputs = Object.values(this.inputs);
    // What comes to its end anyway is left where it is.
    if (inputs.length > 0 && inputs.every((input) => input.ended)) return false;
    this.#health.begin(index, false);
    try {
      const value = await this.#attempt(index, signal, Number.POSITIVE_INFINITY);
      this.#events.breaker(this.#health.succeeded(index));
      if (signal.aborted) void this.#discard(value);
      else this.#returned({ index, value });
      return true;
    } catch {
      if (signal.aborted) this.#health.abandoned(index);
      else this.#events.breaker(this.#health.failed(index));
      return false;
    }
  }

  /** Make before break: the old session confirms what it was given, the new one gets what comes then, and gives its own once the old has given all. */
  async #replace(old: Attempt, { index, value }: Found<Attempt>): Promise<void> {
    const { clock } = this.#init;
    const { signal } = this.#abort;
    const from = this.#target;
    for (const input of Object.values(this.inputs)) input.detach();
    const { handedOver, over } = drain(old, { clock, signal });
    const told = over.then((error) => {
      if (error !== undefined && !signal.aborted) this.#events.failed(from, error, index);
    });
    const draining = Promise.all([this.#draining, told]).then(() => {
      if (this.#draining === draining) this.#draining = undefined;
    });
    this.#draining = draining;
    this.#leave(draining);
    const unanswered = await handedOver;
    if (signal.aborted) {
      await this.#discard(value);
      return;
    }
    this.#giveBack(unanswered);
    this.#target = index;
    this.#outage = this.#newOutage();
    this.#attach(value);
    this.#events.connected(index, true);
  }

  /** What a session has taken to no effect is for the next one. */
  #takeBack(session: PipelineSession): void {
    for (const input of Object.values(this.inputs)) input.detach();
    this.#giveBack(session.unanswered?.() ?? {});
  }

  #giveBack(unanswered: Readonly<Record<string, readonly Frame[]>>): void {
    for (const [port, input] of Object.entries(this.inputs)) input.giveBack(unanswered[port] ?? []);
  }

  /** Its connection broke: it may go on, unless another is faster. */
  #hold(attempt: Attempt): void {
    attempt.breaks.renew();
    this.#held = attempt;
    void attempt.session.closed.then(({ error, final }) => {
      if (this.#held !== attempt || (error !== undefined && final !== true)) return;
      // Without an error, all had come before the connection broke, and has been read meanwhile.
      if (error === undefined) this.#endInGoodOrder();
      else this.#finish("failed", error);
      this.#abort.abort(error ?? new MeshError("cancelled", "The session has ended."));
    });
  }

  /** Ends a session whose place another has taken. */
  #drop(attempt: Attempt | undefined): void {
    if (attempt === undefined) return;
    for (const link of attempt.links) link.fence();
    this.#leave(attempt.session.close(new MeshError("cancelled", "Another session has taken its place.")));
  }

  #leave(freed: Promise<void>): void {
    this.#leaving.add(freed);
    void freed.finally(() => this.#leaving.delete(freed));
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

  /** What is wrong is not known: another session may help, or another target. */
  #giveUpIdle(afterMs: number): void {
    void this.#session?.close(idleError(this.#init.targets[this.#target]?.text ?? "", afterMs));
  }

  /** A session that no longer takes its input is of no use, even if it would go on otherwise. */
  #inputFailed(error: MeshError): void {
    void this.#session?.close(error);
  }

  #finish(state: "ended" | "failed", error: MeshError | undefined): void {
    this.#state = state;
    this.#standby?.stop();
    this.#failback?.stop();
    for (const input of Object.values(this.inputs)) {
      if (error === undefined) input.discard();
      else input.shut(error);
    }
    this.#resolveClosed({ error });
  }

  async #tearDown(error: MeshError | undefined): Promise<void> {
    const reason = error ?? new MeshError("cancelled", "The session has ended.");
    this.#abort.abort(reason);
    this.#idle?.stop();
    this.#standby?.stop();
    this.#failback?.stop();
    if (this.#state === "connecting" || this.#state === "connected") {
      this.#state = error === undefined ? "ended" : "failed";
      for (const input of Object.values(this.inputs)) input.shut(reason);
    }
    await Promise.all([this.#session?.close(error), ...this.#leaving]);
    this.#resolveClosed({ error });
  }

  #newOutage(): Outage {
    const { targets, plan, random } = this.#init;
    return new Outage(targets, plan.policy, random);
  }
}
