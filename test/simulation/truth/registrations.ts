import { serviceLimits } from "../../../runtime/signaling/limits.ts";
import type { Tap } from "../../../runtime/simulation/sockets.ts";

/** What stands for an id, by what the service has answered. Times are microseconds of its own clock. */
interface Owner {
  readonly key: string;
  readonly epoch: number;
  readonly leaseUs: number;
  /** The socket over which it was registered; undefined once that is closed. */
  socket: object | undefined;
  /** Before the first nobody else may have it; after the second it must be gone. They differ where the clock has jumped. */
  leastUs: number;
  mostUs: number;
  /** Its owner has asked for its end: who hangs up right behind that gets no answer any more, and it may be done all the same. */
  isGivenUp: boolean;
}

interface Asked {
  readonly method: string;
  readonly params: {
    readonly id?: string;
    readonly key?: string;
    readonly epoch?: number;
  };
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Asked["params"];
  readonly result?: {
    readonly id?: string;
    readonly epoch?: number;
    readonly leaseMs?: number;
    readonly found?: Told | readonly Told[];
  };
  readonly error?: { readonly data?: { readonly code?: string } };
}

interface Told {
  readonly peer: string;
  readonly epoch: number;
}

/** A timer may be so late, and what it does may take a moment. */
const graceUs = 20_000;

/**
 * The truth about one life of a service (spec R10.2): who was told that an id is his, with which epoch and for how long. Nobody else gets
 * an id as long as its lease runs; no epoch of an id is given twice; who is no owner any more is believed nothing; what has ended is told
 * of no more, and may be had by others.
 */
export class Registrations {
  readonly #name: string;
  readonly #nowUs: () => number;
  readonly #broken: (what: string) => void;
  readonly #owners = new Map<string, Owner>();
  /** By id and epoch: whose it was. */
  readonly #given = new Map<string, string>();
  readonly #asked = new Map<object, Map<number, Asked>>();
  /** The keys with which ids were registered over a socket. */
  readonly #keys = new Map<object, Map<string, string>>();

  /** @param nowUs of the clock of the service */
  constructor(name: string, nowUs: () => number, broken: (what: string) => void) {
    this.#name = name;
    this.#nowUs = nowUs;
    this.#broken = broken;
  }

  readonly tap: Tap = (socket, way, text) => {
    if (way === "end") this.#ended(socket);
    else if (text.includes('"candidate"') || text.includes('"sdp"')) return;
    else if (way === "in") this.#isAsked(socket, JSON.parse(text) as Message);
    else this.#answers(socket, JSON.parse(text) as Message);
  };

  /** The clock of the service has jumped ahead, and its timers have not. */
  jumped(byMs: number): void {
    for (const owner of this.#owners.values()) owner.mostUs += byMs * 1_000;
  }

  #isAsked(socket: object, { id, method, params = {} }: Message): void {
    if (id === undefined || method === undefined) return;
    const asked = this.#asked.get(socket) ?? new Map<number, Asked>();
    this.#asked.set(socket, asked);
    asked.set(id, { method, params });
    if (method === "unregister") this.#givesUp(socket, params);
  }

  #givesUp(socket: object, { id = "", epoch }: Asked["params"]): void {
    const owner = this.#owners.get(id);
    if (owner === undefined || owner.epoch !== epoch || owner.key !== this.#keys.get(socket)?.get(id)) return;
    owner.isGivenUp = true;
    owner.leastUs = this.#nowUs();
  }

  #answers(socket: object, { id, result, error }: Message): void {
    const asked = id === undefined ? undefined : this.#asked.get(socket)?.get(id);
    if (id === undefined || asked === undefined) return;
    this.#asked.get(socket)?.delete(id);
    const { method, params } = asked;
    if (error !== undefined) {
      if (method === "register" && error.data?.code === "access-denied") this.#refused(params);
      return;
    }
    if (method === "register") this.#registered(socket, params, result);
    else if (method === "renew" || method === "report" || method === "unregister")
      this.#believed(socket, method, params);
    else if (method === "discover" || method === "connect") {
      for (const told of [result?.found ?? []].flat() as readonly Told[]) this.#told(method, told);
    }
  }

  #registered(socket: object, { key = "" }: Asked["params"], result: Message["result"]): void {
    const { id = "", epoch = 0, leaseMs = 0 } = result ?? {};
    const nowUs = this.#nowUs();
    const before = this.#owners.get(id);
    const what = `${this.#name} gives ${id} with epoch ${epoch} to ${key.slice(0, 8)}`;
    if (before !== undefined && before.key !== key && nowUs < before.leastUs) {
      this.#broken(
        `${what}, while the lease of ${before.key.slice(0, 8)} runs for ${(before.leastUs - nowUs) / 1_000} ms more`,
      );
    }
    if (before !== undefined && epoch <= before.epoch && nowUs < before.leastUs) {
      this.#broken(`${what} after ${before.epoch}`);
    }
    const whose = this.#given.get(`${id} ${epoch}`);
    if (whose !== undefined) this.#broken(`${what}, which was given to ${whose.slice(0, 8)}`);
    this.#given.set(`${id} ${epoch}`, key);
    const untilUs = nowUs + leaseMs * 1_000;
    const lease = { leaseUs: leaseMs * 1_000, leastUs: untilUs, mostUs: untilUs };
    this.#owners.set(id, { key, epoch, socket, isGivenUp: false, ...lease });
    const keys = this.#keys.get(socket) ?? new Map<string, string>();
    this.#keys.set(socket, keys.set(id, key));
  }

  #believed(socket: object, method: string, { id = "", epoch }: Asked["params"]): void {
    const owner = this.#owners.get(id);
    const key = this.#keys.get(socket)?.get(id);
    const nowUs = this.#nowUs();
    const what = `${this.#name} takes a ${method} of ${id} with epoch ${epoch} from ${key?.slice(0, 8)}`;
    if (owner === undefined || key === undefined) this.#broken(`${what}, who has not registered it`);
    else if (owner.key !== key || owner.epoch !== epoch) {
      this.#broken(`${what}; it belongs to ${owner.key.slice(0, 8)} with epoch ${owner.epoch}`);
    } else if (nowUs > owner.mostUs + graceUs) this.#broken(`${what}, whose lease has ended`);
    else if (method === "unregister") this.#owners.delete(id);
    else {
      owner.leastUs = nowUs + owner.leaseUs;
      owner.mostUs = owner.leastUs;
    }
  }

  #refused({ id = "", key = "" }: Asked["params"]): void {
    const owner = this.#owners.get(id);
    if (owner !== undefined && this.#nowUs() <= owner.mostUs + graceUs && owner.key !== key) return;
    this.#broken(`${this.#name} refuses ${id} to ${key.slice(0, 8)}, and it is nobody else's`);
  }

  #told(method: string, { peer, epoch }: Told): void {
    const owner = this.#owners.get(peer);
    const what = `${this.#name} tells of ${peer} with epoch ${epoch} by ${method}`;
    if (owner === undefined) this.#broken(`${what}, which is not registered`);
    else if (owner.epoch !== epoch) this.#broken(`${what}, and it has ${owner.epoch}`);
    else if (this.#nowUs() > owner.mostUs + graceUs) this.#broken(`${what}, whose lease has ended`);
  }

  #ended(socket: object): void {
    this.#asked.delete(socket);
    this.#keys.delete(socket);
    for (const owner of this.#owners.values()) {
      if (owner.socket !== socket) continue;
      owner.socket = undefined;
      owner.mostUs = this.#nowUs() + Math.min(owner.leaseUs, serviceLimits.graceMs * 1_000);
      if (!owner.isGivenUp) owner.leastUs = owner.mostUs;
    }
  }
}
