import type { MeshError } from "../interface/errors.ts";
import type { OnEvent } from "../interface/events.ts";
import type { PipelineEndpoint, PipelineSession, SessionDescription, SessionRequest } from "../interface/session.ts";

/** The sessions with the pipelines of this process: those that run, and those that are still being opened. */
export class OpenSessions {
  readonly #onEvent: OnEvent;
  readonly #running = new Set<PipelineSession>();
  readonly #opening = new Map<AbortController, Promise<unknown>>();
  #stopped: MeshError | undefined;

  constructor(onEvent: OnEvent) {
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
    const onAbort = (): void => life.abort(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    const opening = endpoint.open({ ...request, signal: life.signal });
    this.#opening.set(life, opening);
    try {
      const session = await opening;
      this.#track(peer, pipeline, session, () => signal.removeEventListener("abort", onAbort));
      return session;
    } catch (error) {
      signal.removeEventListener("abort", onAbort);
      throw error;
    } finally {
      this.#opening.delete(life);
    }
  }

  describe(): readonly SessionDescription[] {
    return [...this.#running].map((session) => session.describe());
  }

  /** Ends all, and lets no other be opened. Resolves when what they held is free; never rejects. */
  async close(error: MeshError): Promise<void> {
    this.#stopped ??= error;
    const opening = [...this.#opening];
    for (const [life] of opening) life.abort(error);
    await Promise.allSettled(opening.map(([, opened]) => opened));
    await Promise.allSettled([...this.#running].map((session) => session.close(error)));
  }

  #track(peer: string, pipeline: string, session: PipelineSession, onClosed: () => void): void {
    this.#running.add(session);
    this.#onEvent({ kind: "session-opened", peer, session: session.id, pipeline });
    void session.closed.then(({ error }) => {
      onClosed();
      this.#running.delete(session);
      const description = session.describe();
      this.#onEvent({ kind: "session-closed", peer, session: session.id, pipeline, error, description });
    });
  }
}
