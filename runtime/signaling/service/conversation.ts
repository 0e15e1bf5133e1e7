import { MeshError } from "../../interface/errors.ts";
import { toRpcError } from "../errors.ts";
import { closeCodes, serviceLimits, signalLimits } from "../limits.ts";
import { MessageRates, type Excess } from "../message-rates.ts";
import { serviceParams, type ServiceParams } from "../methods.ts";
import {
  methodParams,
  parseMessage,
  rpcFailure,
  rpcNotification,
  rpcNotificationText,
  rpcSuccess,
  rpcSuccessText,
  type IncomingOf,
  type RpcId,
} from "../protocol.ts";
import type { Guest } from "../reception.ts";
import type { SocketOutlet } from "../socket.ts";
import type { Match } from "../registry/match.ts";
import { toldOf } from "./addresses.ts";
import { connectTo } from "./connecting.ts";
import type { Callee, Passed, ServiceContext, Watched } from "./context.ts";
import { FewRegistrations } from "./few-registrations.ts";
import { Watch, type WatchNews } from "./watch.ts";

const { discover, watch, connect, register, renew, unregister, report, relay } = serviceParams;
const methods = { discover, watch, connect, register, renew, unregister, report, relay, bye: methodParams.bye };
/** What a peer with many calls and much to report says often. */
const cheap: ReadonlySet<string> = new Set(["relay", "renew", "report", "bye"] satisfies (keyof typeof methods)[]);
type Call = Extract<IncomingOf<typeof methods>, { kind: "call" }>;

const none: readonly never[] = [];

/** What one connection says to a signaling service, and is told by it. */
export class Conversation implements Guest, Callee, Watched {
  /** When it is looked at next, whether somebody still wants it. */
  dueUs = 0;
  place = -1;
  readonly #service: ServiceContext;
  readonly #socket: SocketOutlet;
  readonly #registrations = new FewRegistrations();
  #watches: readonly Watch[] = none;
  /** Undefined while no call goes to it: there are many conversations, and few of them are called at a time. */
  #calls: Map<number, Passed> | undefined;
  /** Of all messages, and of those that cost more than to be passed on. */
  readonly #rates: MessageRates;
  readonly #costly: MessageRates;
  #nextCall = 1;
  #heardUs: number;
  #over = false;

  constructor(service: ServiceContext, socket: SocketOutlet) {
    this.#service = service;
    this.#socket = socket;
    const { clock } = service;
    this.#heardUs = clock.nowUs();
    this.#rates = new MessageRates(clock);
    this.#costly = new MessageRates(clock);
    service.idle.set(this, this.#heardUs + serviceLimits.idleMs * 1_000);
  }

  greet(id: RpcId, version: number): void {
    const { methods: served, self } = this.#service;
    this.#send(rpcSuccess(id, { version, methods: served, ...(self !== undefined && { peer: self }) }));
  }

  message(text: string): void {
    if (this.#over) return;
    this.#heardUs = this.#service.clock.nowUs();
    const limits = this.#registrations.size > 0 ? serviceLimits : signalLimits;
    if (this.#exceeds(this.#rates.take(text, limits))) return;
    const message = parseMessage(text, methods);
    if (message.kind === "unacceptable") {
      this.#service.count(message.reason);
      if (message.reply !== undefined) this.#send(message.reply);
    } else if (message.kind === "call") {
      if (!cheap.has(message.method) && this.#exceeds(this.#costly.take(text, signalLimits))) return;
      this.#called(message);
    }
  }

  /** Ends the conversation when too much was sent. */
  #exceeds(excess: Excess | undefined): boolean {
    if (excess === undefined) return false;
    this.#service.count(excess.reason);
    this.stop(closeCodes.policyViolation, excess.text);
    return true;
  }

  closed(): void {
    const own = [...this.#registrations].filter(([id]) => this.#service.isAttached(id, this));
    if (!this.#end()) return;
    const { registry } = this.#service;
    for (const [id, epoch] of own) void registry?.disconnected(id, epoch).catch(() => undefined);
  }

  stop(code: number, reason: string): void {
    if (this.#over) return;
    this.#socket.close(code, reason);
    this.closed();
  }

  /** @returns false when as many calls as may be go to the peer already */
  takes(call: Passed): boolean {
    if (this.#over || (this.#calls?.size ?? 0) >= serviceLimits.relayedCalls) return false;
    call.number = this.#nextCall;
    this.#nextCall += 1;
    this.#calls ??= new Map();
    this.#calls.set(call.number, call);
    return true;
  }

  pass({ number }: Passed, message: object): void {
    this.#send(rpcNotification("relay", { call: number, message }));
  }

  passEnd({ number }: Passed, code: number, reason: string): void {
    this.#send(rpcNotification("relay", { call: number, end: { code, reason } }));
  }

  release({ number }: Passed): void {
    this.#calls?.delete(number);
    if (this.#calls?.size === 0) this.#calls = undefined;
  }

  lost(id: string): void {
    this.#registrations.delete(id);
  }

  #called(call: Call): void {
    if (call.method === "bye") {
      this.#socket.close(closeCodes.normal, "");
      this.closed();
    } else if (call.method === "relay") {
      this.#relayed(call.params);
      // It is a notification; who asks all the same has an answer.
      if (call.id !== undefined) this.#send(rpcSuccess(call.id, {}));
    } else if (call.id !== undefined) void this.#answer(call.id, call);
  }

  async #answer(id: RpcId, call: Call): Promise<void> {
    try {
      this.#sendText(rpcSuccessText(id, await this.#do(call)));
    } catch (error) {
      const known = MeshError.from(error);
      this.#service.count(known.code);
      this.#send(rpcFailure(id, toRpcError(known)));
    }
    if (call.method === "watch") this.#watches.at(-1)?.begin();
  }

  /** @returns the JSON of the result */
  async #do(call: Call): Promise<string> {
    switch (call.method) {
      case "discover":
        return this.#discover(call.params);
      case "connect":
        return `{"found":${toldOf(connectTo(this.#service, call.params), this.#socket.remoteHost)}}`;
      case "watch":
        return JSON.stringify({ watch: this.#watch(call.params) });
      case "register":
        return JSON.stringify(await this.#register(call.params));
      case "renew":
        return JSON.stringify(this.#registry().renew(this.#own(call.params)));
      case "unregister":
        await this.#registry().unregister(this.#own(call.params));
        this.#forget(call.params.id);
        return "{}";
      case "report":
        await this.#registry().report({ ...call.params, ...this.#own(call.params) });
        return "{}";
      default:
        throw new MeshError("protocol-violation", `"${call.method}" is no request`);
    }
  }

  #discover({ limit = serviceLimits.pageItems, cursor, ...query }: ServiceParams<"discover">): string {
    const { directory } = this.#service;
    const page = directory.page(query, { limit, bytes: serviceLimits.pageBytes, cursor });
    const next = page.cursor === undefined ? "" : `,"cursor":${JSON.stringify(page.cursor)}`;
    return `{"found":${this.#told(page.found)}${next}}`;
  }

  /** The JSON of a list of what was found. */
  #told(found: readonly Match[]): string {
    return `[${found.map((match) => toldOf(match, this.#socket.remoteHost)).join(",")}]`;
  }

  async #register(params: ServiceParams<"register">): Promise<object> {
    const registry = this.#registry();
    if (this.#registrations.size >= serviceLimits.registrations && !this.#registrations.has(params.id ?? "")) {
      const text = `one connection registers ${serviceLimits.registrations} peers at most`;
      throw new MeshError("resource-exhausted", text);
    }
    const { remoteHost } = this.#socket;
    const addresses = params.addresses.map((address) => fromAnywhere(address, remoteHost));
    const isNew = !this.#registrations.has(params.id ?? "");
    if (isNew && !this.#service.peersPerAddress.take(remoteHost)) {
      throw new MeshError("resource-exhausted", `one address registers ${serviceLimits.peersPerAddress} peers at most`);
    }
    let took = isNew;
    try {
      const registered = await registry.register({ ...params, addresses });
      if (this.#over) {
        void registry.disconnected(registered.id, registered.epoch).catch(() => undefined);
        return registered;
      }
      // Asked for twice at once, it is one all the same.
      took = isNew && this.#registrations.has(registered.id);
      this.#registrations.set(registered.id, registered.epoch);
      this.#service.attach(registered.id, this);
      return registered;
    } finally {
      if (took) this.#service.peersPerAddress.release(remoteHost);
    }
  }

  #watch(query: ServiceParams<"watch">): number {
    if (this.#watches.length >= serviceLimits.watches) {
      throw new MeshError("resource-exhausted", `one connection watches ${serviceLimits.watches} questions at most`);
    }
    this.#service.watches.add(this.#socket.remoteHost);
    const number = this.#watches.length + 1;
    const { directory, clock } = this.#service;
    const tell = ({ found, ...others }: WatchNews): void => {
      const told = found === undefined ? "" : `,"found":${this.#told(found)}`;
      const params = `${JSON.stringify({ watch: number, ...others }).slice(0, -1)}${told}}`;
      this.#sendText(rpcNotificationText("changed", params));
    };
    const isBehind = (): boolean => (this.#socket.unreadBytes ?? 0) > signalLimits.behindBytes;
    this.#watches = [...this.#watches, new Watch({ directory, clock, query, tell, isBehind })];
    return number;
  }

  #relayed({ call, message, end }: ServiceParams<"relay">): void {
    const passed = this.#calls?.get(call);
    if (passed === undefined) this.#service.count("unknown-call");
    if (message !== undefined) passed?.answer(message);
    if (end !== undefined) passed?.hungUp(end.code, end.reason);
  }

  #registry(): NonNullable<ServiceContext["registry"]> {
    const { registry } = this.#service;
    if (registry !== undefined) return registry;
    throw new MeshError("access-denied", "this endpoint is that of one peer, and registers no others", {
      hint: "Register with a signaling service, as `meshc signal` starts one.",
    });
  }

  /** Only the connection that registered an id speaks for it, and only for that registration: a later epoch is easily guessed. */
  #own<P extends { readonly id: string; readonly epoch: number }>(params: P): P {
    const { id, epoch } = params;
    if (this.#registrations.get(id) === epoch && this.#service.isAttached(id, this)) return params;
    throw new MeshError("access-denied", `${id} was not registered with epoch ${epoch} over this connection`, {
      hint: "Register first.",
    });
  }

  #forget(id: string): void {
    if (this.#registrations.delete(id)) this.#service.peersPerAddress.release(this.#socket.remoteHost);
    this.#service.detach(id, this);
  }

  #send(message: object): void {
    if (!this.#over) this.#sendText(JSON.stringify(message));
  }

  #sendText(text: string): void {
    if (!this.#over) this.#socket.send(text);
  }

  #end(): boolean {
    if (this.#over) return false;
    this.#over = true;
    this.#service.idle.delete(this);
    const { remoteHost } = this.#socket;
    for (const one of this.#watches) {
      one.stop();
      this.#service.watches.remove(remoteHost);
    }
    for (const call of this.#calls?.values() ?? none) call.hungUp(closeCodes.goingAway, "the called peer has gone");
    for (const [id] of this.#registrations) {
      this.#service.detach(id, this);
      this.#service.peersPerAddress.release(remoteHost);
    }
    this.#service.conversationEnded(this);
    return true;
  }

  /** One of its registrations stands. */
  get #isRegistered(): boolean {
    const { directory } = this.#service;
    for (const [id] of this.#registrations) {
      if (this.#service.isAttached(id, this) && directory.has(id)) return true;
    }
    return false;
  }

  /** It is time to look at it: who neither is registered nor watches is heard of now and then, or goes. */
  due(): void {
    const { clock, idle } = this.#service;
    const nowUs = clock.nowUs();
    const idleUs = serviceLimits.idleMs * 1_000;
    const busy = this.#isRegistered || this.#watches.length > 0;
    if (busy || nowUs - this.#heardUs < idleUs) {
      idle.set(this, (busy ? nowUs : this.#heardUs) + idleUs);
      return;
    }
    this.#service.count("idle");
    this.stop(closeCodes.goingAway, `nothing was said for ${serviceLimits.idleMs} ms`);
  }
}

/** What listens at all addresses of its machine is reached at the one that it comes from. */
function fromAnywhere(address: string, remoteHost: string | undefined): string {
  if (remoteHost === undefined) return address;
  const host = remoteHost.includes(":") ? `[${remoteHost}]` : remoteHost;
  return address.replace(/^([a-z0-9+.-]+:\/\/)(?:0\.0\.0\.0|\[::\])(?=[:/]|$)/i, `$1${host}`);
}
