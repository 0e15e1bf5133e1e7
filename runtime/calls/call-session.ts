import type { CallPayload, ExecuteResponse } from "../interface/calls.ts";
import type { PipelineDescription } from "../interface/description.ts";
import { MeshError } from "../interface/errors.ts";
import type { Frame } from "../interface/frame.ts";
import type { Link } from "../interface/link.ts";
import type { Params } from "../interface/node.ts";
import type { RequestContext } from "../interface/request-context.ts";
import type { PipelineEndpoint, PipelineSession } from "../interface/session.ts";

export interface CallSessionRequest {
  readonly params: Params;
  /** The ports that are fed, each time. */
  readonly inputs: readonly string[];
  /** For whom the first question is. */
  readonly context: RequestContext;
}

export interface CallSessionQuestion {
  /** Nothing will be asked after this: answers that are optional may then be missing. */
  readonly last: boolean;
  readonly context: RequestContext;
}

/** A session with a `batch` pipeline that is asked one question at a time. */
export class CallSession {
  readonly #abort = new AbortController();
  readonly #description: PipelineDescription;
  #session!: PipelineSession;
  #seq = 0;
  #answer: Record<string, CallPayload> = {};
  /** Answers that have not come, of the question that is open. */
  #missing = 0;
  #resolve: (answer: ExecuteResponse) => void = () => undefined;
  #reject: (error: MeshError) => void = () => undefined;
  #over: MeshError | undefined;

  private constructor(description: PipelineDescription) {
    this.#description = description;
  }

  static async open(
    endpoint: PipelineEndpoint,
    description: PipelineDescription,
    { params, inputs, context }: CallSessionRequest,
  ): Promise<CallSession> {
    const call = new CallSession(description);
    const { inputs: taken, outputs: given, schemas } = description;
    call.#session = await endpoint.open({
      params,
      inputs: Object.fromEntries(inputs.flatMap((port) => (taken[port] ? [[port, taken[port].type]] : []))),
      outputs: Object.fromEntries(
        Object.entries(given).map(([port, { type }]) => [port, { type, link: call.#output(port) }]),
      ),
      schemas,
      signal: call.#abort.signal,
      context,
    });
    void call.#session.closed.then(({ error }) => call.#ended(error));
    return call;
  }

  /** False once the session can answer no more. */
  get isOpen(): boolean {
    return this.#over === undefined;
  }

  /** @throws {MeshError} what the session failed with; it takes no more questions then */
  async ask(
    inputs: Readonly<Record<string, CallPayload>>,
    { last, context }: CallSessionQuestion,
  ): Promise<ExecuteResponse> {
    if (this.#over !== undefined) throw this.#over;
    this.#session.adopt?.(context);
    this.#answer = {};
    this.#missing = Object.keys(this.#description.outputs).length;
    const answered = new Promise<ExecuteResponse>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    answered.catch(() => undefined);
    const seq = this.#seq++;
    for (const [port, { payload, timestampUs }] of Object.entries(inputs)) {
      const link = this.#session.inputs[port];
      if (link === undefined) continue;
      if (!link.writable) await link.ready(this.#abort.signal);
      link.send({ payload, timestampUs, seq, epoch: 0, flags: 0 });
      if (last) link.end();
    }
    if (this.#missing === 0 && !last) this.#resolve(this.#answer);
    return answered;
  }

  async close(error: MeshError): Promise<void> {
    this.#ended(error);
    await this.#session.close(error);
  }

  #output(port: string): Link {
    return {
      writable: true,
      ready: () => Promise.resolve(),
      send: (frame) => this.#take(port, frame),
      end: () => undefined,
      abort: (error) => this.#ended(error),
    };
  }

  #take(port: string, { payload, timestampUs }: Frame): void {
    // A second answer, or one that nobody waits for.
    if (this.#missing === 0 || Object.hasOwn(this.#answer, port)) return;
    this.#missing -= 1;
    this.#answer[port] = { payload, timestampUs };
    if (this.#missing === 0) this.#resolve(this.#answer);
  }

  /** The ports that have to answer and have not. */
  #lacking(): string[] {
    const { outputs } = this.#description;
    return Object.keys(outputs).filter(
      (port) => outputs[port]?.optional !== true && !Object.hasOwn(this.#answer, port),
    );
  }

  #ended(error: MeshError | undefined): void {
    if (this.#over !== undefined) return;
    const required = this.#missing === 0 ? [] : this.#lacking();
    this.#over = error ?? new MeshError("channel-closed", "The session has ended.");
    if (error === undefined && required.length === 0) this.#resolve(this.#answer);
    else this.#reject(error ?? noAnswer(this.#description.pipeline, required));
  }
}

function noAnswer(pipeline: string, ports: readonly string[]): MeshError {
  const text = ports.map((port) => `\`${port}\``).join(", ");
  return new MeshError("node-failed", `\`${pipeline}\` has ended without an answer at ${text}.`);
}
