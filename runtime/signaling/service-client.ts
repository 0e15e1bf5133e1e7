import type { Clock } from "../interface/clock.ts";
import { read } from "../interface/bounded.ts";
import { withDeadline } from "../interface/deadline.ts";
import { MeshError } from "../interface/errors.ts";
import { formatHostPort } from "../interface/uri.ts";
import { fromRpcError, violation } from "./errors.ts";
import { closeCodes, signalVersions } from "./limits.ts";
import {
  serviceHelloResult,
  serviceParams,
  serviceResults,
  type FoundPipeline,
  type ServiceParams,
  type ServiceResult,
} from "./methods.ts";
import { parseMessage, rpcCodes, rpcNotification, rpcRequest, type IncomingOf, type RpcId } from "./protocol.ts";
import type { SignalAddress, SignalConnect, SignalSocket } from "./socket.ts";

/** What a service tells by itself. */
const notifications = { relay: serviceParams.relay, changed: serviceParams.changed };
type Incoming = IncomingOf<typeof notifications>;
type Asked = keyof typeof serviceResults;

export interface ServiceClientInit {
  readonly clock: Clock;
  readonly connect: SignalConnect;
  /** Time for the WebSocket to open, for `hello`, and for each answer, in milliseconds, each; 3000. */
  readonly answerMs?: number;
}

interface Waiting {
  readonly settle: (result: unknown) => void;
  readonly fail: (error: MeshError) => void;
}

/** What answers speaks signaling, but not as a service: it may be a peer that takes calls and nothing else. */
export class NoService extends MeshError {}

/** A conversation with a signaling service. */
export class ServiceClient {
  /** Resolves with why it is over; never rejects. */
  readonly closed: Promise<MeshError>;
  readonly #clock: Clock;
  readonly #answerMs: number;
  readonly #socket: SignalSocket;
  readonly #where: string;
  readonly #waiting = new Map<RpcId, Waiting>();
  #methods: readonly string[] = [];
  #nextId = 1;
  #over: MeshError | undefined;
  #isClosed!: (error: MeshError) => void;
  #onRelay: (message: ServiceParams<"relay">) => void = () => undefined;
  #onChange: (change: ServiceParams<"changed">) => void = () => undefined;

  private constructor(init: ServiceClientInit, socket: SignalSocket, where: string) {
    this.#clock = init.clock;
    this.#answerMs = init.answerMs ?? 3_000;
    this.#socket = socket;
    this.#where = where;
    this.closed = new Promise((resolve) => (this.#isClosed = resolve));
    socket.onMessage((text) => this.#take(parseMessage(text, notifications)));
    socket.onClose((code, reason, broke) => {
      if (broke !== undefined) return this.#end(violation(where, broke));
      const why = reason === "" ? "" : `: ${reason}`;
      const kind = code === closeCodes.tryAgainLater ? "resource-exhausted" : "peer-lost";
      return this.#end(new MeshError(kind, `${where} ended the conversation (WebSocket code ${code})${why}.`));
    });
  }

  /** @throws {MeshError} `peer-unreachable`, `deadline-exceeded`, `version-mismatch`; the signal's reason */
  static async open(init: ServiceClientInit, at: SignalAddress, signal: AbortSignal): Promise<ServiceClient> {
    const where = formatHostPort(at);
    const { clock, answerMs = 3_000 } = init;
    const error = (): MeshError =>
      new MeshError("deadline-exceeded", `${where} took longer than ${answerMs} ms to open the signaling connection.`, {
        hint: `Check that a signaling service listens at ${where} and that the network lets TCP through to it.`,
      });
    const socket = await withDeadline<SignalSocket>(
      { clock, afterMs: answerMs, signal, error, discard: (late) => late.close(closeCodes.normal, "") },
      (within) => init.connect(at, within),
    );
    const client = new ServiceClient(init, socket, where);
    try {
      const result = read(serviceHelloResult, await client.#ask("hello", { versions: [...signalVersions] }, signal));
      if (!result.success || !signalVersions.includes(result.data.version)) throw client.#foreign();
      client.#methods = result.data.methods;
      return client;
    } catch (error) {
      client.close();
      throw error;
    }
  }

  /** What may be asked there. */
  get methods(): readonly string[] {
    return this.#methods;
  }

  /** @throws {MeshError} the refusal, with its code; `peer-lost`, `deadline-exceeded`; the signal's reason */
  async request<M extends Asked>(method: M, params: ServiceParams<M>, signal?: AbortSignal): Promise<ServiceResult<M>> {
    const result = read(serviceResults[method], await this.#ask(method, params, signal));
    if (!result.success) throw this.#noAnswer(method);
    return result.data as ServiceResult<M>;
  }

  /** All that fits, page by page. @throws {MeshError} as `request` */
  async *discover(query: ServiceParams<"discover">, signal?: AbortSignal): AsyncGenerator<FoundPipeline> {
    for (let { cursor } = query; ;) {
      const page = await this.request("discover", { ...query, ...(cursor !== undefined && { cursor }) }, signal);
      yield* page.found;
      if (page.cursor === undefined) return;
      // From there on it would be the same page without end.
      if (page.cursor === cursor) throw this.#noAnswer("discover");
      ({ cursor } = page);
    }
  }

  /** Set once, before the first `watch`. */
  onChange(listener: (change: ServiceParams<"changed">) => void): void {
    this.#onChange = listener;
  }

  /** Set once, before `register`. */
  onRelay(listener: (message: ServiceParams<"relay">) => void): void {
    this.#onRelay = listener;
  }

  relay(message: ServiceParams<"relay">): void {
    this.#say(rpcNotification("relay", message));
  }

  close(): void {
    this.#say(rpcNotification("bye", {}));
    this.#socket.close(closeCodes.normal, "");
    this.#end(new MeshError("cancelled", `The conversation with ${this.#where} is over.`));
  }

  #ask(method: string, params: object, signal?: AbortSignal): Promise<unknown> {
    const id = this.#nextId;
    this.#nextId += 1;
    const error = (): MeshError =>
      new MeshError("deadline-exceeded", `${this.#where} took longer than ${this.#answerMs} ms to answer "${method}".`);
    const answered = withDeadline({ clock: this.#clock, afterMs: this.#answerMs, signal, error }, () => {
      if (this.#over !== undefined) throw this.#over;
      return new Promise<unknown>((settle, fail) => {
        this.#waiting.set(id, { settle, fail });
        this.#say(rpcRequest(id, method, params));
      });
    });
    return answered.finally(() => this.#waiting.delete(id));
  }

  #take(message: Incoming): void {
    switch (message.kind) {
      case "result":
        this.#waiting.get(message.id)?.settle(message.result);
        break;
      case "error": {
        const waiting = message.id === null ? undefined : this.#waiting.get(message.id);
        waiting?.fail(this.#refusal(message.error));
        break;
      }
      case "call":
        if (message.method === "relay") this.#onRelay(message.params);
        else this.#onChange(message.params);
        break;
      case "unacceptable":
        // Of a later version: what is no request may be left out.
        break;
    }
  }

  #refusal(error: Parameters<typeof fromRpcError>[0]): MeshError {
    const known = fromRpcError(error, this.#where, "the request");
    // A peer that is no service takes the hello for that of a call, to which its pipeline is missing.
    const isTaken = error.code === rpcCodes.invalidParams || known.code === "pipeline-not-found";
    return isTaken && this.#methods.length === 0 ? this.#foreign() : known;
  }

  #noAnswer(method: string): MeshError {
    return new MeshError("protocol-violation", `${this.#where} answered "${method}" with what is no answer to it.`);
  }

  #foreign(): MeshError {
    return new NoService("version-mismatch", `${this.#where} is no signaling service that this program knows.`, {
      hint: "Start one there with `meshc signal`, or look for the address of another.",
    });
  }

  #say(message: object): void {
    if (this.#over === undefined) this.#socket.send(JSON.stringify(message));
  }

  #end(error: MeshError): void {
    if (this.#over !== undefined) return;
    this.#over = error;
    for (const { fail } of this.#waiting.values()) fail(error);
    this.#waiting.clear();
    this.#isClosed(error);
  }
}
