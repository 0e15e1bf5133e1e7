import { httpService } from "../http/service.ts";
import type { HttpService } from "../http/message.ts";
import type { Clock } from "../interface/clock.ts";
import { MeshError } from "../interface/errors.ts";
import { rateLimit } from "../interface/rate.ts";
import type { IncomingCall, ServeOptions, SignalingCandidate, SignalingServer } from "../interface/signaling.ts";
import { closeCodes, signalLimits } from "./limits.ts";
import { Mailbox } from "./mailbox.ts";
import { parseSignal, rpcNotification } from "./protocol.ts";
import type { Guest, Reception } from "./reception.ts";
import { peerReception } from "./service/peer-reception.ts";
import type { SignalServerFactory, SignalServerHandle, SignalSocket } from "./socket.ts";
import { calleeStart, calleeStep, type CalleeEffect, type CalleeEvent, type CalleeState } from "./state.ts";

export interface ServerInit {
  readonly clock: Clock;
  readonly listen: SignalServerFactory;
}

/** Starts the signaling endpoint that is built into a listening peer: a service that knows the pipelines of this peer. */
export async function servePeer(init: ServerInit, options: ServeOptions): Promise<SignalingServer> {
  const { calls } = options;
  const http = calls && httpService({ calls, clock: init.clock });
  const reception = calls && peerReception(init.clock, calls);
  const handle = await serveSockets(init, { ...options, http, reception, halfOpen: signalLimits.pendingCalls });
  return { host: handle.host, port: handle.port, drain: () => http?.drain(), close: () => handle.close() };
}

export interface SocketsOptions extends Omit<ServeOptions, "calls"> {
  readonly http: HttpService | undefined;
  /** Looks at each hello first; left out, all are for pipelines that run here. */
  readonly reception: Reception | undefined;
  /** Sockets that belong to no guest of the reception, at the same time. */
  readonly halfOpen: number;
}

/** Answers all sockets that come in at an address. @throws {MeshError} `address-in-use` */
export async function serveSockets(init: ServerInit, options: SocketsOptions): Promise<SignalServerHandle> {
  const legs = new Set<CalleeLeg>();
  const onSocket = (socket: SignalSocket): void => {
    if (legs.size >= options.halfOpen) {
      socket.onMessage(() => undefined);
      socket.onClose(() => undefined);
      socket.close(closeCodes.tryAgainLater, "too many calls at once");
      return;
    }
    const leg = new CalleeLeg(init.clock, socket, options);
    legs.add(leg);
    void leg.ended.then(() => legs.delete(leg));
  };
  const handle = await (options.from ?? init.listen)(options, onSocket, options.http);
  return {
    host: handle.host,
    port: handle.port,
    async close() {
      for (const leg of legs) leg.stop(closeCodes.goingAway, "the peer stops");
      await handle.close();
    },
  };
}

class CalleeLeg {
  readonly ended: Promise<MeshError | undefined>;
  readonly #socket: SignalSocket;
  readonly #options: SocketsOptions;
  readonly #candidates = new Mailbox<SignalingCandidate | null>();
  readonly #cancels: (() => void)[] = [];
  #state: CalleeState = calleeStart;
  #isEnded!: (error: MeshError | undefined) => void;
  /** Who has the socket now. */
  #guest: Guest | undefined;

  constructor(clock: Clock, socket: SignalSocket, options: SocketsOptions) {
    this.#socket = socket;
    this.#options = options;
    this.ended = new Promise((resolve) => (this.#isEnded = resolve));
    void this.ended.then(() => this.#cancels.forEach((cancel) => cancel()));
    const { helloMs, callMs, messagesPerSecond } = signalLimits;
    const cancelHello = clock.schedule(helloMs, () => {
      if (this.#state.phase === "waiting") this.stop(closeCodes.policyViolation, `no hello within ${helloMs} ms`);
    });
    const cancelCall = clock.schedule(callMs, () =>
      this.stop(closeCodes.policyViolation, `a call ends within ${callMs} ms`),
    );
    this.#cancels.push(cancelHello, cancelCall);
    const rate = rateLimit(clock, messagesPerSecond);
    socket.onMessage((text) => {
      if (this.#guest !== undefined) this.#guest.message(text);
      else if (rate.take()) this.#read(text);
      else this.stop(closeCodes.policyViolation, `more than ${messagesPerSecond} messages in a second`);
    });
    socket.onClose((code) => {
      this.#guest?.closed();
      this.#state = { phase: "ended" };
      this.#isEnded(
        new MeshError("peer-lost", `The caller broke off the signaling connection (WebSocket code ${code}).`),
      );
    });
  }

  /** Ends the call with a WebSocket close code. */
  stop(code: number, reason: string): void {
    this.#state = { phase: "ended" };
    this.#socket.close(code, reason);
    this.#isEnded(new MeshError("cancelled", `The call was ended: ${reason}.`));
  }

  #read(text: string): void {
    const message = parseSignal(text);
    if (message.kind === "call" && message.method === "hello" && this.#state.phase === "waiting") {
      const { params, id } = message;
      this.#guest = id === undefined ? undefined : this.#options.reception?.enter(params, id, this.#socket, text);
      if (this.#guest !== undefined) {
        this.#state = { phase: "ended" };
        this.#isEnded(undefined);
        return;
      }
    }
    this.#take({ on: "message", message });
  }

  #take(event: CalleeEvent): void {
    const step = calleeStep(this.#state, event, {
      pipelines: this.#options.pipelines?.(),
      share: this.#options.share === true,
      vouch: this.#options.vouch,
      messageBytes: this.#options.messageBytes,
    });
    this.#state = step.next;
    for (const effect of step.effects) {
      switch (effect.do) {
        case "send":
          this.#send(effect.message);
          break;
        case "greeted":
          this.#cancels[0]?.();
          break;
        case "offer":
          this.#options.onCall(this.#call(effect));
          break;
        case "candidate":
          this.#candidates.put(effect.candidate);
          break;
        case "end":
          this.#isEnded(effect.error);
          this.#socket.close(closeCodes.normal, "");
      }
    }
  }

  #send(message: object): void {
    this.#socket.send(JSON.stringify(message));
  }

  #call({ pipeline, shared, messageBytes, sdp }: Extract<CalleeEffect, { do: "offer" }>): IncomingCall {
    return {
      pipeline,
      shared,
      messageBytes,
      offer: sdp,
      ended: this.ended,
      answer: (sdp) => this.#take({ on: "answer", sdp }),
      refuse: (error) => this.#take({ on: "refuse", error }),
      candidate: (candidate) => {
        if (this.#state.phase === "answered") this.#send(rpcNotification("candidate", { candidate }));
      },
      onCandidate: (listener) => this.#candidates.listen(listener),
    };
  }
}
