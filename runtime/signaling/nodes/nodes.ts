import type { Clock } from "../../interface/clock.ts";
import { MeshError } from "../../interface/errors.ts";
import { toRpcError } from "../errors.ts";
import { closeCodes, serviceLimits, signalLimits } from "../limits.ts";
import { rpcFailure, type RpcId } from "../protocol.ts";
import type { Registry } from "../registry/registry.ts";
import type { Callee, Passed } from "../service/context.ts";
import { readNodeMessage, type NodeBus, type NodeMessage } from "./bus.ts";
import { LivingNodes } from "./living-nodes.ts";

export interface NodesInit {
  readonly clock: Clock;
  readonly bus: NodeBus;
  readonly registry: Registry;
  /** The conversation with a peer that is connected to this node. */
  readonly callee: (peer: string) => Callee | undefined;
}

/** After one node has begun to clear up behind another that has gone, the next does, for it may have gone too; milliseconds. */
const nextClearsMs = 500;

/** Registrations of a node that has gone, of how many the end is asked for at the same time. */
const endedAtOnce = 16;

/**
 * The signaling nodes that share a store, seen from one of them: who is there, what becomes of the registrations of those that have
 * gone, and calls to peers that are connected to another node (spec R7.3).
 */
export class Nodes {
  readonly #init: NodesInit;
  readonly #living: LivingNodes;
  /** Of callers of this node, by number. */
  readonly #out = new Map<number, { readonly call: Passed; readonly node: string }>();
  /** To peers of this node, by the node of the caller and its number. */
  readonly #in = new Map<string, ForwardedCall>();
  readonly #timers = new Set<() => void>();
  #nextCall = 1;
  #closed = false;
  #unlisten: () => void = () => undefined;
  readonly #unwatch: () => void;

  private constructor(init: NodesInit) {
    this.#init = init;
    const { registry, clock } = init;
    this.#living = new LivingNodes({
      clock,
      onBeat: () => this.#send({ kind: "beat", from: registry.node }),
      onGone: (node) => this.#gone(node),
      onBack: (node) => registry.directory.nodeCame(node),
    });
    for (const node of registry.directory.nodes()) this.#expect(node);
    this.#unwatch = registry.directory.onChange(({ after }) => {
      if (after !== undefined) this.#expect(after.record.node);
    });
  }

  /** Resolves when calls can come in. */
  static async join(init: NodesInit): Promise<Nodes> {
    const nodes = new Nodes(init);
    nodes.#unlisten = await init.bus.listen(init.registry.node, (text) => {
      const message = readNodeMessage(text);
      if (message !== undefined) nodes.#take(message);
    });
    return nodes;
  }

  /** Nodes that are there, this one included. */
  get size(): number {
    return this.#living.names.length + 1;
  }

  /** What stands here for a peer that is connected to another node; undefined when that is not there. */
  callee(peer: string, node: string): Callee | undefined {
    if (!this.#living.has(node)) return undefined;
    const { node: from } = this.#init.registry;
    const say = (call: number, what: Omit<Extract<NodeMessage, { kind: "call" }>, "kind" | "from" | "call" | "peer">) =>
      this.#send({ kind: "call", from, call, peer, ...what }, node);
    return {
      takes: (call) => {
        call.number = this.#nextCall;
        this.#nextCall += 1;
        this.#out.set(call.number, { call, node });
        return true;
      },
      pass: ({ number }, message) => say(number, { message: message as Record<string, unknown> }),
      passEnd: ({ number }, code, reason) => say(number, { end: { code, reason } }),
      release: ({ number }) => void this.#out.delete(number),
      lost: () => undefined,
      stop: () => undefined,
    };
  }

  /** Tells the others that it goes. */
  close(): void {
    if (this.#closed) return;
    this.#send({ kind: "bye", from: this.#init.registry.node });
    this.#closed = true;
    this.#unwatch();
    this.#unlisten();
    this.#living.stop();
    for (const cancel of this.#timers) cancel();
  }

  #take(message: NodeMessage): void {
    const { from } = message;
    if (from === this.#init.registry.node) return;
    if (message.kind === "bye") {
      this.#living.left(from);
      return;
    }
    this.#living.heard(from);
    if (message.kind === "answer") {
      const { call, node } = this.#out.get(message.call) ?? {};
      if (call === undefined || node !== from) return;
      if (message.message !== undefined) call.answer(message.message);
      if (message.end !== undefined) call.hungUp(message.end.code, message.end.reason);
    } else if (message.kind === "call") this.#called(message);
  }

  #called({ from, call: number, peer, message, end }: Extract<NodeMessage, { kind: "call" }>): void {
    const key = `${from}/${number}`;
    let call = this.#in.get(key);
    if (call === undefined) {
      if (message === undefined || end !== undefined) return;
      const callee = this.#init.callee(peer);
      const answer = (what: { message?: object; end?: { code: number; reason: string } }): void =>
        this.#send({ kind: "answer", from: this.#init.registry.node, call: number, ...what } as NodeMessage, from);
      call = new ForwardedCall(this.#init.clock, callee, answer, () => this.#in.delete(key));
      if (callee?.takes(call) !== true) {
        call.refuse(message, refusal(peer, callee));
        return;
      }
      this.#in.set(key, call);
    }
    if (message !== undefined) call.pass(message);
    if (end !== undefined) call.callerGone(end.code, end.reason);
  }

  #expect(node: string): void {
    if (node !== this.#init.registry.node) this.#living.expect(node);
  }

  #gone(node: string): void {
    const { registry } = this.#init;
    registry.directory.nodeWent(node);
    for (const { call, node: other } of this.#out.values()) {
      if (other === node) call.hungUp(closeCodes.goingAway, "the signaling node of the called peer has gone");
    }
    for (const [key, call] of this.#in) {
      if (key.startsWith(`${node}/`))
        call.callerGone(closeCodes.goingAway, "the signaling node of the caller has gone");
    }
    const names = [...this.#living.names, registry.node].toSorted();
    this.#later(serviceLimits.graceMs + names.indexOf(registry.node) * nextClearsMs, () => void this.#clearUp(node));
  }

  /** Its peers had time to come back, to this node or another; ends the registrations of those that have not. */
  async #clearUp(node: string): Promise<void> {
    const { registry } = this.#init;
    const left = registry.directory.idsOf(node);
    if (this.#closed || this.#living.has(node)) return;
    const next = left[Symbol.iterator]();
    const worker = async (): Promise<void> => {
      for (const { id, epoch } of next) {
        if (this.#closed || this.#living.has(node)) return;
        await registry.end(id, epoch);
      }
    };
    const ended = await Promise.allSettled(Array.from({ length: endedAtOnce }, worker));
    if (ended.every(({ status }) => status === "fulfilled")) this.#living.forget(node);
    // The store does not answer at present.
    else this.#later(serviceLimits.graceMs, () => void this.#clearUp(node));
  }

  #later(ms: number, what: () => void): void {
    if (this.#closed) return;
    const cancel = this.#init.clock.schedule(ms, () => {
      this.#timers.delete(cancel);
      what();
    });
    this.#timers.add(cancel);
  }

  #send(message: NodeMessage, to?: string): void {
    if (!this.#closed) this.#init.bus.send(JSON.stringify(message), to);
  }
}

function refusal(peer: string, callee: Callee | undefined): MeshError {
  return callee === undefined
    ? new MeshError("peer-unreachable", `the peer ${peer} is connected to another node now`, { retryAfterMs: 500 })
    : new MeshError("resource-exhausted", `${peer} takes no more calls now`, { retryAfterMs: 1_000 });
}

/** A call from another node to a peer of this one. */
class ForwardedCall implements Passed {
  number = 0;
  readonly #callee: Callee | undefined;
  readonly #answer: (what: { message?: object; end?: { code: number; reason: string } }) => void;
  readonly #forget: () => void;
  readonly #cancel: () => void;
  #over = false;

  constructor(
    clock: Clock,
    callee: Callee | undefined,
    answer: (what: { message?: object; end?: { code: number; reason: string } }) => void,
    forget: () => void,
  ) {
    this.#callee = callee;
    this.#answer = answer;
    this.#forget = forget;
    // The other node ends it in time, unless what it says is lost.
    this.#cancel = clock.schedule(signalLimits.callMs + 1_000, () =>
      this.stop(closeCodes.policyViolation, `a call ends within ${signalLimits.callMs} ms`),
    );
  }

  refuse(hello: Readonly<Record<string, unknown>>, error: MeshError): void {
    this.#over = true;
    this.#cancel();
    const id = (hello["id"] ?? null) as RpcId | null;
    this.#answer({ message: rpcFailure(id, toRpcError(error)), end: { code: closeCodes.normal, reason: "" } });
  }

  pass(message: object): void {
    if (!this.#over) this.#callee?.pass(this, message);
  }

  callerGone(code: number, reason: string): void {
    if (this.#end()) this.#callee?.passEnd(this, code, reason);
  }

  answer(message: object): void {
    if (!this.#over) this.#answer({ message });
  }

  hungUp(code: number, reason: string): void {
    if (this.#end()) this.#answer({ end: { code, reason } });
  }

  stop(code: number, reason: string): void {
    if (!this.#end()) return;
    this.#answer({ end: { code, reason } });
    this.#callee?.passEnd(this, code, reason);
  }

  #end(): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#cancel();
    this.#callee?.release(this);
    this.#forget();
    return true;
  }
}
