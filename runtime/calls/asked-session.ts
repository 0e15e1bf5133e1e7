import { whenAborted } from "../interface/abort.ts";
import type { Clock } from "../interface/clock.ts";
import { MeshError } from "../interface/errors.ts";
import type { Frame } from "../interface/frame.ts";
import type { Link } from "../interface/link.ts";
import type { PipelineEndpoint, PipelineSession, SessionEnd, SessionRequest } from "../interface/session.ts";

export interface AskedEndpointInit {
  readonly endpoint: PipelineEndpoint;
  readonly uri: string;
  readonly clock: Clock;
  /** For the answer to a question; left out, it may take as long as it likes. */
  readonly callTimeoutMs: number | undefined;
  /** Questions may be asked twice, whatever the other peer says. */
  readonly idempotent: boolean;
}

/**
 * A batch pipeline that is asked over a session, with what holds for calls: a time limit for each answer, and when the
 * session fails, questions without an answer are asked elsewhere, or never again.
 */
export function askedEndpoint(init: AskedEndpointInit): PipelineEndpoint {
  return {
    ...init.endpoint,
    async open(request) {
      const log = new QuestionLog(init, request);
      const session = await init.endpoint.open({ ...request, outputs: log.outputs });
      return log.wrap(session);
    },
  };
}

/** The questions of a session that have no answer yet. */
class QuestionLog {
  readonly outputs: SessionRequest["outputs"];
  readonly #init: AskedEndpointInit;
  /** By input: frames that belong to open questions, in order. */
  readonly #asked = new Map<string, Frame[]>();
  /** Inputs that have not ended. */
  readonly #live = new Set<string>();
  /** By output: how many answers have come. */
  readonly #answers = new Map<string, number>();
  #closed = 0;
  /** The peer is about to stop: it answers what it was asked, and is asked nothing more. */
  #isGoing = false;
  #over = new AbortController();
  #cancelTimer: (() => void) | undefined;
  #fail: (error: MeshError) => void = () => undefined;

  constructor(init: AskedEndpointInit, request: SessionRequest) {
    this.#init = init;
    this.outputs = Object.fromEntries(
      Object.entries(request.outputs).map(([port, { type, link }]) => {
        this.#answers.set(port, 0);
        return [port, { type, link: watched(link, () => this.#answered(port)) }];
      }),
    );
  }

  wrap(session: PipelineSession): PipelineSession {
    const inputs = Object.fromEntries(
      Object.entries(session.inputs).map(([port, link]) => {
        this.#asked.set(port, []);
        this.#live.add(port);
        return [port, this.#input(port, link)];
      }),
    );
    this.#fail = (error) => void session.close(error);
    const idempotent = this.#init.idempotent || session.idempotent === true;
    const closed = session.closed.then((end): SessionEnd => {
      this.#cancelTimer?.();
      this.#over.abort(end.error ?? new MeshError("channel-closed", "The session has ended."));
      const isFinal = end.error !== undefined && !idempotent && this.#hasOpen();
      return isFinal ? { ...end, final: true } : end;
    });
    void session.goingAway?.then(() => {
      this.#isGoing = true;
      this.#leaveWhenAnswered();
    });
    const { resume } = session;
    return {
      id: session.id,
      inputs,
      closed,
      get formats() {
        return session.formats;
      },
      close: (error) => session.close(error),
      describe: () => session.describe(),
      ...(resume !== undefined && { resume: (signal: AbortSignal) => resume.call(session, signal) }),
      ...(session.adopt !== undefined && { adopt: (context) => session.adopt?.(context) }),
      unanswered: () => (idempotent ? Object.fromEntries(this.#asked) : {}),
      irreplaceable: () => !idempotent && this.#hasOpen(),
    };
  }

  #input(port: string, link: Link): Link {
    const mayAsk = (): boolean => this.#mayAsk(port);
    const over = this.#over.signal;
    return {
      ...watched(
        link,
        (frame) => this.#sent(port, frame),
        (epoch) => this.#flushed(epoch),
      ),
      end: () => {
        this.#live.delete(port);
        link.end();
      },
      get writable() {
        return link.writable && mayAsk();
      },
      async ready(signal) {
        await link.ready(signal);
        // Until the next session, for there is one soon.
        if (!mayAsk()) await aborted(over, signal);
      },
    };
  }

  /** What a question lacks that has been begun may still follow. */
  #mayAsk(port: string): boolean {
    if (!this.#isGoing) return true;
    const most = Math.max(...[...this.#asked.values()].map((frames) => frames.length));
    return (this.#asked.get(port)?.length ?? 0) < most;
  }

  /** Nothing is lost: the next session is asked what comes from now on. What nothing will come of ends by itself. */
  #leaveWhenAnswered(): void {
    if (!this.#isGoing || this.#hasOpen() || this.#live.size === 0) return;
    this.#fail(new MeshError("peer-lost", `The peer at ${this.#init.uri} is about to stop.`));
  }

  #hasOpen(): boolean {
    return [...this.#asked.values()].some((frames) => frames.length > 0);
  }

  #sent(port: string, frame: Frame): void {
    this.#asked.get(port)?.push(frame);
    this.#watch();
  }

  #answered(port: string): void {
    this.#answers.set(port, (this.#answers.get(port) ?? 0) + 1);
    const all = Math.min(...this.#answers.values());
    if (all <= this.#closed) return;
    this.#closed = all;
    for (const frames of this.#asked.values()) frames.shift();
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#watch();
    this.#leaveWhenAnswered();
  }

  /** Nobody waits for the answers to what belongs to an older epoch. */
  #flushed(epoch: number): void {
    for (const [port, frames] of this.#asked)
      this.#asked.set(
        port,
        frames.filter((frame) => frame.epoch >= epoch),
      );
    this.#leaveWhenAnswered();
  }

  /** One question is worked on after the other, so the time of each begins with the answer to the one before. */
  #watch(): void {
    const { clock, callTimeoutMs, uri } = this.#init;
    const isOpen = [...this.#asked.values()].every((frames) => frames.length > 0);
    if (callTimeoutMs === undefined || this.#cancelTimer !== undefined || !isOpen) return;
    this.#cancelTimer = clock.schedule(callTimeoutMs, () => {
      this.#fail(new MeshError("deadline-exceeded", `${uri} has not answered within ${callTimeoutMs} ms.`));
    });
  }
}

/** @throws the reason of the one that aborts first */
function aborted(over: AbortSignal, signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    const end = (): void => {
      for (const unlisten of unlistens) unlisten();
      reject((over.aborted ? over : signal)?.reason as Error);
    };
    const unlistens = [over, signal].map((one) => whenAborted(one, end));
    if (over.aborted || signal?.aborted === true) end();
  });
}

function watched(link: Link, onSend: (frame: Frame) => void, onFlush?: (epoch: number) => void): Link {
  return {
    get writable() {
      return link.writable;
    },
    ready: (signal) => link.ready(signal),
    send(frame) {
      link.send(frame);
      onSend(frame);
    },
    end: () => link.end(),
    flush(epoch) {
      onFlush?.(epoch);
      link.flush?.(epoch);
    },
    abort: (error) => link.abort(error),
  };
}
