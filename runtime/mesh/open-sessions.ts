import { whenAborted } from "../interface/abort.ts";
import type { Clock } from "../interface/clock.ts";
import type { MeshError } from "../interface/errors.ts";
import type { OnEvent } from "../interface/events.ts";
import type { PipelineEndpoint, PipelineSession, SessionDescription, SessionRequest } from "../interface/session.ts";
import type { RunningSession } from "./topology.ts";

/** The sessions with the pipelines of this process: those that run, and those that are still being opened. */
export class OpenSessions {
  readonly #clock: Clock;
  readonly #onEvent: OnEvent;
  readonly #running = new Map<
    PipelineSession,
    { readonly peer: string; readonly pipeline: string; readonly atUs: number }
  >();
  readonly #opening = new Map<AbortController, Promise<unknown>>();
  #stopped: MeshError | undefined;

  constructor(clock: Clock, onEvent: OnEvent) {
    this.#clock = clock;
    this.#onEvent = onEvent;
  }

  /** @throws {MeshError} why there is no session; `cancelled` once all were closed */
  async open(
    peer: string,
    pipeline: string,
    endpoint: PipelineEndpoint,
    request: SessionRequest,
  ): Promise<PipelineSession> {
    if (this.#stopped !== undefined) throw this.#stopped;
    const { signal } = request;
    signal.throwIfAborted();
    const life = new AbortController();
    const unlisten = whenAborted(signal, () => life.abort(signal.reason));
    const opening = endpoint.open({ ...request, signal: life.signal });
    this.#opening.set(life, opening);
    try {
      const session = await opening;
      this.#track(peer, pipeline, session, unlisten);
      return session;
    } catch (error) {
      unlisten();
      throw error;
    } finally {
      this.#opening.delete(life);
    }
  }

  describe(): readonly SessionDescription[] {
    return [...this.#running.keys()].map((session) => session.describe());
  }

  /** What sessions are with: the peer that runs it, and its key; each once. */
  get pipelines(): readonly { readonly peer: string; readonly pipeline: string }[] {
    return [...new Map([...this.#running.values()].map((one) => [`${one.peer}/${one.pipeline}`, one])).values()];
  }

  /** Those with a pipeline that a peer runs, by its key, the oldest first. */
  of(peer: string, pipeline: string): readonly RunningSession[] {
    const nowUs = this.#clock.nowUs();
    return [...this.#running].flatMap(([session, one]) =>
      one.peer === peer && one.pipeline === pipeline
        ? [{ description: session.describe(), openMs: (nowUs - one.atUs) / 1_000 }]
        : [],
    );
  }

  /** Ends all, and lets no other be opened. Resolves when what they held is free; never rejects. */
  async close(error: MeshError): Promise<void> {
    this.#stopped ??= error;
    const opening = [...this.#opening];
    for (const [life] of opening) life.abort(error);
    await Promise.allSettled(opening.map(([, opened]) => opened));
    await Promise.allSettled([...this.#running.keys()].map((session) => session.close(error)));
  }

  #track(peer: string, pipeline: string, session: PipelineSession, onClosed: () => void): void {
    this.#running.set(session, { peer, pipeline, atUs: this.#clock.nowUs() });
    this.#onEvent({ kind: "session-opened", peer, session: session.id, pipeline });
    void session.closed.then(({ error }) => {
      onClosed();
      this.#running.delete(session);
      const description = session.describe();
      this.#onEvent({ kind: "session-closed", peer, session: session.id, pipeline, error, description });
    });
  }
}
