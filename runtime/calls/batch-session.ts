import { whenAborted } from "../interface/abort.ts";
import type { CallPayload, ExecuteResponse } from "../interface/calls.ts";
import { MeshError } from "../interface/errors.ts";
import type { Frame } from "../interface/frame.ts";
import type { RequestContext } from "../interface/request-context.ts";
import type { PipelineSession, SessionDescription, SessionEnd, SessionRequest } from "../interface/session.ts";
import { QuestionTicket, ticketOf } from "../pipeline/ticket.ts";
import { QuestionPort } from "./question-port.ts";
import { Unanswered } from "./asking.ts";

/** Questions that may be asked before the first of them is answered, where each may be asked again. */
const mostOpen = 16;

export interface BatchSessionInit {
  readonly id: string;
  readonly pipeline: string;
  readonly request: SessionRequest;
  /** Questions may be asked twice. */
  readonly idempotent: boolean;
  readonly formats: PipelineSession["formats"];
  /** @throws {Unanswered} */
  readonly ask: (
    inputs: Readonly<Record<string, CallPayload>>,
    signal: AbortSignal,
    context: RequestContext | undefined,
  ) => Promise<ExecuteResponse>;
  readonly describe: () => Pick<SessionDescription, "connection">;
}

/** One frame of each input, on its way to an answer. */
interface Question {
  readonly frames: Readonly<Record<string, Frame>>;
  readonly epoch: number;
  readonly cancel: AbortController;
  answer: ExecuteResponse | undefined;
}

/**
 * A session with a batch pipeline that is made of calls: each set of frames is a question of its own, several are under
 * way, and their answers leave in the order of the questions.
 */
export class BatchSession implements PipelineSession {
  readonly id: string;
  readonly inputs: Readonly<Record<string, QuestionPort>>;
  readonly formats: PipelineSession["formats"];
  readonly closed: Promise<SessionEnd>;
  readonly #init: BatchSessionInit;
  readonly #window: number;
  readonly #open: Question[] = [];
  #delivering = false;
  #answers = 0;
  #over = false;
  #epoch = 0;
  /** What failed and may be asked elsewhere. */
  #left: Question[] = [];
  #context: RequestContext | undefined;
  #isClosed!: (end: SessionEnd) => void;

  constructor(init: BatchSessionInit) {
    this.#init = init;
    this.id = init.id;
    // Where one must not be asked twice, the next waits: what becomes of it hangs on the one before.
    this.#window = init.idempotent ? mostOpen : 1;
    this.formats = init.formats;
    this.#context = init.request.context;
    this.closed = new Promise((resolve) => (this.#isClosed = resolve));
    const events = {
      changed: () => this.#look(),
      flushed: (epoch: number) => this.#flush(epoch),
      failed: (error: MeshError) => this.#finish({ error }),
      hasRoom: () => this.#open.length < this.#window,
    };
    this.inputs = Object.fromEntries(
      Object.keys(init.formats.inputs).map((port) => [port, new QuestionPort(port, events)]),
    );
    const { signal } = init.request;
    const unlisten = whenAborted(signal, () => void this.close(MeshError.from(signal.reason, "cancelled")));
    void this.closed.then(unlisten);
  }

  close(error?: MeshError): Promise<void> {
    this.#finish({ error: error ?? new MeshError("cancelled", "The session was closed by its caller.") });
    return this.closed.then(() => undefined);
  }

  unanswered(): Readonly<Record<string, readonly Frame[]>> {
    return Object.fromEntries(
      Object.entries(this.inputs).map(([port, { waiting }]) => [
        port,
        [...this.#left.flatMap(({ frames }) => frames[port] ?? []), ...waiting],
      ]),
    );
  }

  adopt(context: RequestContext): void {
    this.#context = context;
  }

  describe(): SessionDescription {
    const { id, pipeline, describe } = this.#init;
    return { id, pipeline, nodes: [], remotes: [], streams: [], ...describe() };
  }

  /** Asks what can be asked; ends when nothing more will be. */
  #look(): void {
    if (this.#over) return;
    const ports = Object.entries(this.inputs);
    while (this.#open.length < this.#window && ports.every(([, port]) => port.waiting.length > 0)) {
      const frames = Object.fromEntries(ports.flatMap(([name, port]) => [[name, port.take() as Frame]]));
      this.#begin(frames);
    }
    const isLast = ports.some(([, port]) => port.hasEnded && port.waiting.length === 0);
    if (isLast && this.#open.length === 0 && !this.#delivering) {
      for (const { link } of Object.values(this.#init.request.outputs)) link.end();
      this.#finish({ error: undefined });
    }
  }

  #begin(frames: Question["frames"]): void {
    const epoch = Math.max(...Object.values(frames).map((frame) => frame.epoch));
    const question: Question = { frames, epoch, cancel: new AbortController(), answer: undefined };
    const ticket = Object.values(frames)
      .map(ticketOf)
      .find((one) => one instanceof QuestionTicket);
    if (ticket?.over === true) {
      ticket.withdrawn = true;
      return;
    }
    this.#open.push(question);
    ticket?.onOver((reason) => this.#withdraw(question, ticket, reason));
    const inputs = Object.fromEntries(
      Object.entries(frames).map(([port, { payload, timestampUs }]) => [port, { payload, timestampUs }]),
    );
    this.#init.ask(inputs, question.cancel.signal, this.#context).then(
      (answer) => {
        question.answer = answer;
        void this.#deliver();
      },
      (reason: unknown) => this.#failed(question, reason),
    );
  }

  /** Another branch of a `first` has answered: whoever works on it is told. */
  #withdraw(question: Question, ticket: QuestionTicket, reason: unknown): void {
    // One that has been answered meanwhile goes its way.
    if (this.#over || question.answer !== undefined || !this.#open.includes(question)) return;
    ticket.withdrawn = true;
    this.#open.splice(this.#open.indexOf(question), 1);
    question.cancel.abort(reason);
    for (const port of Object.values(this.inputs)) port.release();
    void this.#deliver();
  }

  #failed(question: Question, reason: unknown): void {
    if (this.#over || question.cancel.signal.aborted) return;
    const { error, repeatable } =
      reason instanceof Unanswered ? reason : { error: MeshError.from(reason), repeatable: false };
    if (repeatable) this.#left = [...this.#open];
    this.#finish({ error, ...(!repeatable && { final: true }) });
  }

  /** Hands answers on, in the order of the questions. */
  async #deliver(): Promise<void> {
    if (this.#delivering) return;
    this.#delivering = true;
    try {
      for (let first = this.#open[0]; first?.answer !== undefined; first = this.#open[0]) {
        await this.#send(first, first.answer);
        if (this.#over) return;
        if (this.#open[0] === first) this.#open.shift();
        for (const port of Object.values(this.inputs)) port.release();
      }
    } catch (error) {
      this.#finish({ error: MeshError.from(error) });
    } finally {
      this.#delivering = false;
    }
    this.#look();
  }

  async #send({ epoch, frames }: Question, answer: ExecuteResponse): Promise<void> {
    const [first] = Object.values(frames);
    const seq = this.#answers++;
    for (const [port, { link }] of Object.entries(this.#init.request.outputs)) {
      const given = answer[port];
      if (given === undefined) continue;
      while (!link.writable && !this.#over) await link.ready();
      if (this.#over || epoch < this.#epoch) return;
      const timestampUs = first?.timestampUs ?? given.timestampUs;
      link.send({ payload: given.payload, timestampUs, seq, epoch, flags: 0 });
    }
  }

  /** A new epoch: nobody wants the answers to older questions. */
  #flush(epoch: number): void {
    if (epoch <= this.#epoch) return;
    this.#epoch = epoch;
    for (const port of Object.values(this.inputs)) port.dropBefore(epoch);
    for (const question of this.#open.filter((one) => one.epoch < epoch)) {
      this.#open.splice(this.#open.indexOf(question), 1);
      question.cancel.abort(new MeshError("cancelled", "A new epoch has begun."));
    }
    for (const port of Object.values(this.inputs)) port.release();
    this.#look();
  }

  #finish(end: SessionEnd): void {
    if (this.#over) return;
    this.#over = true;
    const reason = end.error ?? new MeshError("channel-closed", "The session has ended.");
    for (const { cancel } of this.#open) cancel.abort(reason);
    for (const port of Object.values(this.inputs)) port.shut(reason);
    this.#isClosed(end);
  }
}
