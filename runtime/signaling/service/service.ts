import { StickySessions } from "../../balancing/sticky-sessions.ts";
import type { Clock } from "../../interface/clock.ts";
import { MeshError } from "../../interface/errors.ts";
import { pipelineNotFound, toRpcError } from "../errors.ts";
import { Deadlines } from "../deadlines.ts";
import { closeCodes, serviceLimits, signalLimits } from "../limits.ts";
import type { Query, ServiceMethod } from "../methods.ts";
import { PerAddress } from "../per-address.ts";
import { rpcFailure, type MethodParams, type RpcId } from "../protocol.ts";
import type { Guest, Reception } from "../reception.ts";
import type { Directory } from "../registry/directory.ts";
import type { Nodes } from "../nodes/nodes.ts";
import type { RefusalFigures, RefusalReason, Refusals } from "../refusals.ts";
import type { Match } from "../registry/match.ts";
import type { Registry } from "../registry/registry.ts";
import type { SocketOutlet } from "../socket.ts";
import { commonVersion } from "../state.ts";
import type { Chooser } from "./chooser.ts";
import type { Callee, Passed, ServiceContext, Watched } from "./context.ts";
import { Conversation } from "./conversation.ts";
import { PassedCall } from "./passed-call.ts";
import { WatchPlaces } from "./watch-places.ts";

export interface SignalingServiceInit {
  readonly clock: Clock;
  readonly directory: Directory;
  /** Left out, nobody may register here. */
  readonly registry?: Registry;
  readonly chooser: Chooser;
  /** The id of the peer whose endpoint it is; its pipelines are called here without being passed on. */
  readonly self?: string;
  /** Conversations at the same time. */
  readonly maxConversations?: number;
  /** Counts what is refused. */
  readonly refusals: Refusals;
}

/**
 * A signaling service: answers questions about what is registered, and passes calls on to those who can only be reached through it. Knows
 * nothing of sockets but that they carry texts; the directory and the registry know nothing of it.
 */
export class SignalingService implements Reception, ServiceContext {
  readonly #init: SignalingServiceInit;
  readonly peersPerAddress = new PerAddress(serviceLimits.peersPerAddress);
  readonly watches = new WatchPlaces();
  readonly sticky = new StickySessions();
  readonly idle: Deadlines<Watched>;
  readonly #conversations = new Set<Callee>();
  /** The conversation of each peer that is registered here. */
  readonly #peers = new Map<string, Callee>();
  readonly #passed = new Set<Passed>();
  /** The other nodes that share the store; none at first. */
  #nodes: Nodes | undefined;
  #stopped = false;

  constructor(init: SignalingServiceInit) {
    this.#init = init;
    this.idle = new Deadlines(init.clock, (one) => one.due());
    init.directory.onChange(({ id, after }) => {
      if (after === undefined) init.chooser.gone(id);
    });
    init.registry?.onLost((id) => {
      // A conversation that breaks off makes its peer come again at once.
      this.#peers.get(id)?.stop(closeCodes.goingAway, "its registration was ended by another node");
    });
  }

  /** From now on calls go to peers of other nodes as well. */
  joined(nodes: Nodes): void {
    this.#nodes = nodes;
  }

  /** The conversation with a peer that is connected here. */
  callee(peer: string): Callee | undefined {
    return this.#peers.get(peer);
  }

  get clock(): Clock {
    return this.#init.clock;
  }

  get directory(): Directory {
    return this.#init.directory;
  }

  get registry(): Registry | undefined {
    return this.#init.registry;
  }

  get chooser(): Chooser {
    return this.#init.chooser;
  }

  /** What may be asked here. */
  get methods(): readonly ServiceMethod[] {
    const questions = ["discover", "watch", "connect"] as const;
    return this.#init.registry === undefined
      ? questions
      : [...questions, "register", "renew", "unregister", "report", "relay"];
  }

  get self(): string | undefined {
    return this.#init.self;
  }

  /** For health checks and figures. */
  get figures(): {
    readonly conversations: number;
    readonly peers: number;
    readonly calls: number;
    /** Signaling nodes that share the registrations, this one included. */
    readonly nodes: number;
    readonly refusals: RefusalFigures;
  } {
    return {
      conversations: this.#conversations.size,
      peers: this.directory.size,
      calls: this.#passed.size,
      nodes: this.#nodes?.size ?? 1,
      refusals: this.#init.refusals.figures,
    };
  }

  enter(hello: MethodParams<"hello">, id: RpcId, socket: SocketOutlet, text: string): Guest | undefined {
    const version = commonVersion(hello.versions);
    if (typeof version !== "number") return this.#refuse(socket, id, version);
    if (hello.pipeline === undefined) return this.#converse(version, id, socket);
    if (this.#init.self !== undefined && (hello.peer === undefined || hello.peer === this.#init.self)) return undefined;
    return this.#pass({ ...hello, pipeline: hello.pipeline }, id, socket, text);
  }

  /** A peer has registered over a conversation, which calls to it go over from now on; no earlier one speaks for it any more. */
  attach(id: string, conversation: Callee): void {
    const before = this.#peers.get(id);
    this.#peers.set(id, conversation);
    if (before !== conversation) before?.lost(id);
  }

  detach(id: string, conversation: Callee): void {
    if (this.#peers.get(id) === conversation) this.#peers.delete(id);
  }

  isAttached(id: string, conversation: Callee): boolean {
    return this.#peers.get(id) === conversation;
  }

  conversationEnded(conversation: Callee): void {
    this.#conversations.delete(conversation);
  }

  callEnded(call: Passed): void {
    this.#passed.delete(call);
  }

  count(reason: RefusalReason): void {
    this.#init.refusals.count(reason);
  }

  /** Ends all conversations and calls. */
  close(): void {
    this.#stopped = true;
    for (const call of this.#passed) call.stop(closeCodes.goingAway, "the service stops");
    for (const conversation of this.#conversations) conversation.stop(closeCodes.goingAway, "the service stops");
  }

  #converse(version: number, id: RpcId, socket: SocketOutlet): Guest {
    const { maxConversations = serviceLimits.connections } = this.#init;
    if (this.#stopped || this.#conversations.size >= maxConversations) {
      const text = `as many conversations as may be (${maxConversations}) are open here`;
      return this.#refuse(socket, id, new MeshError("resource-exhausted", text, { retryAfterMs: 1_000 }));
    }
    const conversation = new Conversation(this, socket);
    this.#conversations.add(conversation);
    conversation.greet(id, version);
    return conversation;
  }

  /** Passes a call on to a peer that runs the pipeline. */
  #pass(
    hello: MethodParams<"hello"> & { readonly pipeline: string },
    id: RpcId,
    socket: SocketOutlet,
    text: string,
  ): Guest {
    const { pipeline, peer } = hello;
    const query = { pipeline, ...(peer !== undefined && { peer }) };
    const group = `relay ${pipeline}`;
    let next: Match | undefined;
    for (const one of this.directory.matches(query, this.chooser.last(group))) {
      if (!one.relay || this.#calleeAnywhere(one.peer) === undefined) continue;
      next = one;
      break;
    }
    if (next === undefined) {
      const away = this.#away(query);
      if (away !== undefined) return this.#refuse(socket, id, away);
      return this.#refuse(socket, id, this.#notFound(hello), peer === undefined);
    }
    const chosen = this.chooser.choose([next], "round_robin", group) as Match;
    const callee = this.#calleeAnywhere(chosen.peer) as Callee;
    const call = new PassedCall(this, socket, callee);
    if (!callee.takes(call)) {
      const full = `${chosen.peer} takes no more calls now`;
      return this.#refuse(socket, id, new MeshError("resource-exhausted", full, { retryAfterMs: 1_000 }));
    }
    this.#passed.add(call);
    call.message(text);
    return call;
  }

  /** The node that registered a peer last has its conversation; an older one may still stand open here. */
  #calleeAnywhere(peer: string): Callee | undefined {
    const node = this.directory.get(peer)?.node;
    if (node === undefined || node === this.#init.registry?.node) return this.#peers.get(peer);
    return this.#nodes?.callee(peer, node);
  }

  /** Why a peer cannot be called at present that takes calls through the service: it may be there again in a moment. */
  #away(query: Query): MeshError | undefined {
    for (const { peer } of this.directory.matches(query)) {
      if (this.directory.get(peer)?.relay !== true) continue;
      const text = `the peer ${peer} has lost its connection with this service`;
      return new MeshError("peer-unreachable", text, {
        hint: "It comes back by itself when it runs; look at it, or start it anew.",
      });
    }
    return undefined;
  }

  #notFound({ pipeline, peer }: { readonly pipeline: string; readonly peer?: string | undefined }): MeshError {
    const names = this.directory.names(signalLimits.listedPipelines + 1);
    if (peer === undefined) {
      const { message } = pipelineNotFound(pipeline, names);
      const text = names.includes(pipeline)
        ? `no peer that runs "${pipeline}" takes calls through this service; ask it to connect`
        : message.replace("runs here; it runs", "is registered here; there are");
      return new MeshError("pipeline-not-found", text.replace("there are none", "there is none at all"));
    }
    if (this.directory.has(peer)) {
      const text = `the peer ${peer} runs no "${pipeline}", or takes no calls through this service`;
      return new MeshError("pipeline-not-found", text);
    }
    return new MeshError("peer-unreachable", `no peer ${peer} is registered here`);
  }

  #refuse(socket: SocketOutlet, id: RpcId, error: MeshError, lists = false): Guest {
    this.count(error.code);
    const names = lists ? this.directory.names(signalLimits.listedPipelines) : undefined;
    socket.send(JSON.stringify(rpcFailure(id, toRpcError(error, names))));
    socket.close(closeCodes.normal, "");
    return { message: () => undefined, closed: () => undefined };
  }
}
