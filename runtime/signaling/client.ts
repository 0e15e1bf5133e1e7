import type { Clock } from "../interface/clock.ts";
import { withDeadline } from "../interface/deadline.ts";
import { MeshError } from "../interface/errors.ts";
import type { CallOptions, OutgoingCall, SameMachine, SignalingCandidate } from "../interface/signaling.ts";
import { formatHostPort } from "../interface/uri.ts";
import { callerStart, callerStep, type CallerEvent, type CallerState, type CallerStep } from "./caller-state.ts";
import { violation } from "./errors.ts";
import { closeCodes } from "./limits.ts";
import { Mailbox } from "./mailbox.ts";
import { parseSignal } from "./protocol.ts";
import type { SignalConnect, SignalSocket } from "./socket.ts";

export interface CallerInit {
  readonly clock: Clock;
  readonly connect: SignalConnect;
  /** Time for the WebSocket to open and for `hello` to be answered, in milliseconds, each. */
  readonly connectMs: number;
}

/** Calls the signaling endpoint that is built into a listening peer. */
export async function callPeer(init: CallerInit, options: CallOptions): Promise<OutgoingCall> {
  const at = formatHostPort(options);
  const tooLong = (phase: string) => (): MeshError =>
    new MeshError("deadline-exceeded", `${at} took longer than ${init.connectMs} ms to ${phase}.`, {
      hint: `Check that a peer listens at ${at} and that the network lets TCP through to it.`,
    });
  const step = { clock: init.clock, afterMs: init.connectMs, signal: options.signal };
  const socket = await withDeadline({ ...step, error: tooLong("open the signaling connection") }, (signal) =>
    init.connect(options, signal),
  );
  const leg = new CallerLeg(socket, options, at);
  try {
    await withDeadline({ ...step, error: tooLong('answer "hello"') }, () => leg.greeted);
  } catch (error) {
    leg.abandon();
    throw error;
  }
  return leg;
}

class CallerLeg implements OutgoingCall {
  readonly greeted: Promise<void>;
  readonly ended: Promise<MeshError | undefined>;
  readonly hungUp: Promise<MeshError | undefined>;
  readonly #socket: SignalSocket;
  readonly #where: string;
  #shared = false;
  #messageBytes: number | undefined;
  #confirms = false;
  #sameMachine: SameMachine | undefined;
  #over: number | undefined;
  readonly #candidates = new Mailbox<SignalingCandidate | null>();
  #state: CallerState;
  #isGreeted!: () => void;
  #answered: ((sdp: string) => void) | undefined;
  #isEnded!: (error: MeshError | undefined) => void;
  #isHungUp!: (why: MeshError | undefined) => void;

  constructor(
    socket: SignalSocket,
    { pipeline, peer, share = false, messageBytes, confirms, machine, bonds }: CallOptions,
    where: string,
  ) {
    this.#socket = socket;
    this.#where = where;
    this.ended = new Promise((resolve) => (this.#isEnded = resolve));
    this.hungUp = new Promise((resolve) => (this.#isHungUp = resolve));
    this.greeted = this.#unlessEnded(new Promise((resolve) => (this.#isGreeted = resolve)));
    // A failure before the first await of `greeted` is seen there; later ones have nobody waiting.
    this.greeted.catch(() => undefined);
    socket.onMessage((text) => this.#take({ on: "message", message: parseSignal(text) }));
    socket.onClose((code, reason, broke) => {
      this.#isEnded(broke === undefined ? lost(this.#where, code, reason) : violation(this.#where, broke));
      this.#isHungUp(givenUp(this.#where, code, reason));
    });
    const start = callerStart(pipeline, share, { peer, messageBytes, confirms, machine, bonds });
    this.#state = start.next;
    this.#perform(start);
  }

  get shared(): boolean {
    return this.#shared;
  }

  get messageBytes(): number | undefined {
    return this.#messageBytes;
  }

  get confirms(): boolean {
    return this.#confirms;
  }

  get sameMachine(): SameMachine | undefined {
    return this.#sameMachine;
  }

  get over(): number | undefined {
    return this.#over;
  }

  offer(sdp: string): Promise<string> {
    const answer = this.#unlessEnded(new Promise<string>((resolve) => (this.#answered = resolve)));
    this.#take({ on: "offer", sdp });
    return answer;
  }

  candidate(candidate: SignalingCandidate | null): void {
    this.#take({ on: "candidate", candidate });
  }

  onCandidate(listener: (candidate: SignalingCandidate | null) => void): void {
    this.#candidates.listen(listener);
  }

  bye(): void {
    this.#take({ on: "bye" });
  }

  /** Before a `bye`, which is how the other side tells a given up call from a finished one. */
  abandon(): void {
    if (this.#state.phase === "ended") return;
    this.#state = { phase: "ended" };
    this.#isHungUp(undefined);
    this.#socket.close(closeCodes.normal, "given up");
    this.#isEnded(undefined);
  }

  #take(event: CallerEvent): void {
    const step = callerStep(this.#state, event, this.#where);
    this.#state = step.next;
    this.#perform(step);
  }

  #perform(step: CallerStep): void {
    for (const effect of step.effects) {
      if (effect.do === "send") this.#socket.send(JSON.stringify(effect.message));
      else if (effect.do === "greeted") {
        this.#shared = effect.shared;
        this.#messageBytes = effect.messageBytes;
        this.#confirms = effect.confirms;
        this.#sameMachine = effect.sameMachine;
        this.#over = effect.over;
        this.#isGreeted();
      } else if (effect.do === "answer") this.#answered?.(effect.sdp);
      else if (effect.do === "candidate") this.#candidates.put(effect.candidate);
      else if (effect.do === "leave") this.#isEnded(undefined);
      else {
        this.#isEnded(effect.error);
        this.#socket.close(closeCodes.normal, "");
      }
    }
  }

  #unlessEnded<T>(promise: Promise<T>): Promise<T> {
    const ended = this.ended.then((error) => {
      throw error ?? new MeshError("peer-lost", `${this.#where} hung up.`);
    });
    return Promise.race([promise, ended]);
  }
}

/** @returns undefined where the other side says nothing, or nothing of its own */
function givenUp(where: string, code: number, reason: string): MeshError | undefined {
  const isOwn = code === closeCodes.normal || code === closeCodes.goingAway;
  if (!isOwn || reason === "") return undefined;
  return new MeshError("peer-lost", `${where} has given the connection up: ${reason.replace(/\.$/, "")}.`);
}

function lost(where: string, code: number, reason: string): MeshError {
  const why = reason === "" ? "" : `, saying: ${reason}`;
  if (code === closeCodes.tryAgainLater) {
    return new MeshError("resource-exhausted", `${where} takes no more calls now${why}.`);
  }
  return new MeshError("peer-lost", `${where} broke off the signaling connection (WebSocket code ${code})${why}.`, {
    hint: `Has what listens at ${where} just ended, and is it a peer, or a signaling service? Its log may say more.`,
  });
}
