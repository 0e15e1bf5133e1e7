import { httpService } from "../http/service.ts";
import type { HttpService } from "../http/message.ts";
import type { Clock } from "../interface/clock.ts";
import { MeshError } from "../interface/errors.ts";
import { usualLatenessMs } from "../interface/time-given.ts";
import type { IncomingCall, ServeOptions, SignalingCandidate, SignalingServer } from "../interface/signaling.ts";
import { Deadlines, type Deadline } from "./deadlines.ts";
import { closeReason } from "./errors.ts";
import { closeCodes, signalLimits } from "./limits.ts";
import { Mailbox } from "./mailbox.ts";
import { MessageRates } from "./message-rates.ts";
import { parseSignal, rpcNotification } from "./protocol.ts";
import type { Guest, Reception } from "./reception.ts";
import { PerAddress } from "./per-address.ts";
import { Refusals, type RefusalReason } from "./refusals.ts";
import { peerReception } from "./service/peer-reception.ts";
import { Unread, type SocketListener } from "./unread.ts";
import type { SignalServerFactory, SignalServerHandle, SignalSocket, SocketOutlet } from "./socket.ts";
import { calleeStart, calleeStep, type CalleeEffect, type CalleeEvent, type CalleeState } from "./state.ts";

export interface ServerInit {
  readonly clock: Clock;
  readonly listen: SignalServerFactory;
}

/** Starts the signaling endpoint that is built into a listening peer: a service that knows the pipelines of this peer. */
export async function servePeer(init: ServerInit, options: ServeOptions): Promise<SignalingServer> {
  const { calls } = options;
  const refusals = new Refusals();
  const figures = (): object => ({ refusals: refusals.figures });
  const http = calls && httpService({ calls, clock: init.clock, figures });
  const reception = calls && peerReception(init.clock, calls, refusals);
  const { pendingCalls: halfOpen, pendingCallsPerAddress: halfOpenPerAddress } = signalLimits;
  const handle = await serveSockets(init, { ...options, http, reception, refusals, halfOpen, halfOpenPerAddress });
  return { host: handle.host, port: handle.port, drain: () => http?.drain(), close: () => handle.close() };
}

export interface SocketsOptions extends Omit<ServeOptions, "calls"> {
  readonly http: HttpService | undefined;
  /** Looks at each hello first; left out, all are for pipelines that run here. */
  readonly reception: Reception | undefined;
  /** Sockets that belong to no guest of the reception, at the same time; in all and of one address. */
  readonly halfOpen: number;
  readonly halfOpenPerAddress: number;
  /** Counts what is refused. */
  readonly refusals: Refusals;
}

/** Answers all sockets that come in at an address. @throws {MeshError} `address-in-use` */
export async function serveSockets(init: ServerInit, options: SocketsOptions): Promise<SignalServerHandle> {
  const { refusals } = options;
  const refused = (reason: RefusalReason): void => refusals.count(reason);
  const unread = new Unread(refused);
  const perAddress = new PerAddress(options.halfOpenPerAddress);
  /** In the order in which they came. */
  const legs = new Set<CalleeLeg>();
  const deadlines = new Deadlines<CalleeLeg>(init.clock, (leg) => {
    const nextUs = leg.due(init.clock.nowUs());
    if (nextUs !== undefined) deadlines.set(leg, nextUs);
  });
  /** Makes room: who has come and said nothing goes before somebody who comes now. */
  const dismissSilent = (host: string | undefined): boolean => {
    for (const leg of legs) {
      if (!leg.isSilent || (host !== undefined && leg.remoteHost !== host)) continue;
      refused("half-open");
      leg.stop(closeCodes.tryAgainLater, "others wait, and it has said no hello");
      return true;
    }
    return false;
  };
  const onSocket = (given: SignalSocket): void => {
    const socket = unread.bound(given);
    const { remoteHost } = socket;
    const isAddressFull = !perAddress.take(remoteHost);
    const isFull = isAddressFull || legs.size >= options.halfOpen;
    if (isFull && !dismissSilent(isAddressFull ? remoteHost : undefined)) {
      if (!isAddressFull) perAddress.release(remoteHost);
      refused("half-open");
      socket.listen({ message: () => undefined, closed: () => undefined });
      socket.close(closeCodes.tryAgainLater, "too many calls at once");
      return;
    }
    if (isAddressFull) perAddress.take(remoteHost);
    const leg = new CalleeLeg(init.clock, socket, options, () => {
      legs.delete(leg);
      deadlines.delete(leg);
      perAddress.release(remoteHost);
    });
    legs.add(leg);
    deadlines.set(leg, leg.helloUs);
    socket.listen(new Visitor(leg));
  };
  const handle = await (options.from ?? init.listen)({ ...options, refused }, onSocket, options.http);
  return {
    host: handle.host,
    port: handle.port,
    async close() {
      for (const leg of legs) leg.stop(closeCodes.goingAway, "the peer stops");
      await handle.close();
    },
  };
}

/** Takes what a socket says to its leg, and to the guest that it becomes: nothing is kept of the leg then, for a guest may stay for days. */
class Visitor implements SocketListener {
  #leg: CalleeLeg | undefined;
  #guest: Guest | undefined;

  constructor(leg: CalleeLeg) {
    this.#leg = leg;
  }

  message(text: string): void {
    this.#guest?.message(text);
    if (this.#leg === undefined) return;
    this.#guest = this.#leg.message(text);
    if (this.#guest !== undefined) this.#leg = undefined;
  }

  closed(code: number): void {
    this.#guest?.closed();
    this.#leg?.closed(code);
  }
}

class CalleeLeg implements Deadline {
  dueUs = 0;
  place = -1;
  /** By when a hello has to be there. */
  readonly helloUs: number;
  /** By when all is over. */
  readonly #endUs: number;
  /** It has got the time back in which this process stood still; once, for one that is late all the time has to come to an end as well. */
  #isPutOff = false;
  readonly ended: Promise<MeshError | undefined>;
  readonly #socket: SocketOutlet;
  readonly #options: SocketsOptions;
  readonly #candidates = new Mailbox<SignalingCandidate | null>();
  #state: CalleeState = calleeStart;
  readonly #isEnded: (error: MeshError | undefined) => void;
  readonly #rates: MessageRates;

  /** @param onEnded called once, before anything else can come */
  constructor(clock: Clock, socket: SocketOutlet, options: SocketsOptions, onEnded: () => void) {
    this.#socket = socket;
    this.#options = options;
    let isEnded: (error: MeshError | undefined) => void = () => undefined;
    this.ended = new Promise((resolve) => (isEnded = resolve));
    let over = false;
    this.#isEnded = (error) => {
      if (over) return;
      over = true;
      onEnded();
      isEnded(error);
    };
    const nowUs = clock.nowUs();
    this.helloUs = nowUs + signalLimits.helloMs * 1_000;
    this.#endUs = nowUs + signalLimits.callMs * 1_000;
    this.#rates = new MessageRates(clock);
  }

  /** @returns who has the socket from now on, when that is somebody else */
  message(text: string): Guest | undefined {
    const excess = this.#rates.take(text, signalLimits);
    if (excess === undefined) return this.#read(text);
    this.#options.refusals.count(excess.reason);
    this.stop(closeCodes.policyViolation, excess.text);
    return undefined;
  }

  /** One of its times has come. @returns when the next one comes; undefined when it is over */
  due(nowUs: number): number | undefined {
    const { refusals } = this.#options;
    const { helloMs, callMs } = signalLimits;
    const lateUs = nowUs - this.dueUs;
    if (lateUs > usualLatenessMs * 1_000 && !this.#isPutOff) {
      // What has come meanwhile is not read yet.
      this.#isPutOff = true;
      return nowUs + Math.min(lateUs, callMs * 1_000);
    }
    if (this.isSilent) {
      refusals.count("hello-timeout");
      this.stop(closeCodes.policyViolation, `no hello within ${helloMs} ms`);
      return undefined;
    }
    if (this.dueUs < this.#endUs) return this.#endUs;
    refusals.count("call-timeout");
    this.stop(closeCodes.policyViolation, `a call ends within ${callMs} ms`);
    return undefined;
  }

  /** The caller has gone. */
  closed(code: number): void {
    this.#state = { phase: "ended" };
    this.#isEnded(
      new MeshError("peer-lost", `The caller broke off the signaling connection (WebSocket code ${code}).`),
    );
  }

  /** It has said no hello yet. */
  get isSilent(): boolean {
    return this.#state.phase === "waiting";
  }

  get remoteHost(): string | undefined {
    return this.#socket.remoteHost;
  }

  /** Ends the call with a WebSocket close code. */
  stop(code: number, reason: string): void {
    this.#state = { phase: "ended" };
    this.#socket.close(code, reason);
    this.#isEnded(new MeshError("cancelled", `The call was ended: ${reason}.`));
  }

  #read(text: string): Guest | undefined {
    const message = parseSignal(text);
    if (message.kind === "call" && message.method === "hello" && this.#state.phase === "waiting") {
      const { params, id } = message;
      const guest = id === undefined ? undefined : this.#options.reception?.enter(params, id, this.#socket, text);
      if (guest !== undefined) {
        this.#state = { phase: "ended" };
        this.#isEnded(undefined);
        return guest;
      }
    }
    if (message.kind === "unacceptable") this.#options.refusals.count(message.reason);
    this.#take({ on: "message", message });
    return undefined;
  }

  #take(event: CalleeEvent): void {
    const step = calleeStep(this.#state, event, {
      pipelines: this.#options.pipelines?.(),
      share: this.#options.share === true,
      vouch: this.#options.vouch,
      messageBytes: this.#options.messageBytes,
      confirms: this.#options.confirms,
      machine: this.#options.machine,
    });
    this.#state = step.next;
    for (const effect of step.effects) {
      switch (effect.do) {
        case "send":
          this.#send(effect.message);
          break;
        case "greeted":
          break;
        case "offer":
          this.#options.onCall(this.#call(effect));
          break;
        case "candidate":
          this.#candidates.put(effect.candidate);
          break;
        case "left":
          // It takes no place among the calls any more: how long the connection may be half open is for the transport to say.
          this.#isEnded(undefined);
          break;
        case "end":
          if (effect.error !== undefined) this.#options.refusals.count(effect.error.code);
          this.#isEnded(effect.error);
          // Of a call that was answered nothing else can say why.
          this.#socket.close(closeCodes.normal, closeReason(effect.error));
      }
    }
  }

  #send(message: object): void {
    this.#socket.send(JSON.stringify(message));
  }

  #call({ sdp, ...greeting }: Extract<CalleeEffect, { do: "offer" }>): IncomingCall {
    const { pipeline, shared, messageBytes, confirms, sameMachine } = greeting;
    return {
      pipeline,
      shared,
      messageBytes,
      confirms,
      sameMachine,
      remoteHost: this.#socket.remoteHost,
      offer: sdp,
      ended: this.ended,
      answer: (sdp) => this.#take({ on: "answer", sdp }),
      connected: () => this.#take({ on: "connected" }),
      refuse: (error) => this.#take({ on: "refuse", error }),
      candidate: (candidate) => {
        if (this.#state.phase === "answered") this.#send(rpcNotification("candidate", { candidate }));
      },
      onCandidate: (listener) => this.#candidates.listen(listener),
    };
  }
}
