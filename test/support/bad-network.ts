import { createSocket, type Socket } from "node:dgram";
import { networkInterfaces } from "node:os";
import type { Random } from "../../runtime/interface/random.ts";
import type {
  CallOptions,
  IncomingCall,
  OutgoingCall,
  Signaling,
  SignalingCandidate,
} from "../../runtime/interface/signaling.ts";
import { seededRandom } from "./real-clock.ts";

/** What a network does to packets; may be changed while they pass. */
export interface NetworkConditions {
  /** Share of packets that are lost, 0 to 1. */
  readonly loss?: number;
  /** Share that comes twice. */
  readonly duplicate?: number;
  /** One way, in milliseconds. */
  readonly delayMs?: number;
  /** Added to the delay, uniformly from 0; beyond the time between two packets it also changes their order. */
  readonly jitterMs?: number;
  /** Larger packets are lost without a word, as behind a path with a smaller MTU and no ICMP; bytes with IP and UDP. */
  readonly mtuBytes?: number;
  /** What passes each way; the rest waits its turn, up to half a second of it. */
  readonly bytesPerSecond?: number;
  /** Nothing passes. */
  readonly outage?: boolean;
  /** Of the packets of one side, those of STUN not counted, the one with this number is lost, the first being 0. */
  readonly lose?: { readonly from: Side; readonly number: number };
}

type Side = "caller" | "callee";

/** IPv4 and UDP. */
const headerBytes = 28;
/** What waits longer than this for a narrow network is lost, in milliseconds. */
const longestQueueMs = 500;

/**
 * A network between two peers that is as bad as it is told to be: a relay that every packet goes through, because each side is told
 * the relay's address in place of the other's. What happens to the n-th packet of a direction follows from the seed.
 */
export class BadNetwork {
  conditions: NetworkConditions;
  /** `queueMs`: what has waited longest for a narrow network. */
  readonly counts = { forwarded: 0, lost: 0, largestBytes: 0, queueMs: 0 };
  readonly #seed: number;
  readonly #seemsLocal: boolean;
  readonly #ways = new Set<Way>();
  readonly #waiting = new Set<{
    readonly what: "lost" | "forwarded";
    readonly at: number;
    readonly resolve: () => void;
  }>();

  /** @param seemsLocal the two may find that they are on one machine, as they are */
  constructor(seed: number, conditions: NetworkConditions = {}, seemsLocal = false) {
    this.#seed = seed;
    this.#seemsLocal = seemsLocal;
    this.conditions = conditions;
  }

  /** Signaling for a caller, through which its calls come to lead over this network. */
  around(signaling: Signaling): Signaling {
    return {
      serve: (options) => signaling.serve(options),
      call: async (options: CallOptions): Promise<OutgoingCall> => {
        const way = await this.#open();
        const call = await signaling.call(this.#seemsLocal ? options : { ...options, machine: undefined });
        return {
          shared: call.shared,
          messageBytes: call.messageBytes,
          confirms: call.confirms,
          sameMachine: call.sameMachine,
          ended: call.ended,
          hungUp: call.hungUp,
          bye: () => call.bye(),
          abandon: () => call.abandon(),
          offer: async (sdp) => way.told("caller", await call.offer(way.told("callee", sdp))),
          candidate: (one) => call.candidate(way.toldOne("callee", one)),
          onCandidate: (listener) => call.onCandidate((one) => listener(way.toldOne("caller", one))),
        };
      },
    };
  }

  /** Signaling for one who is called, through which callers come to lead over this network. */
  before(signaling: Signaling): Signaling {
    return {
      call: (options) => signaling.call(options),
      serve: (options) =>
        signaling.serve({
          ...options,
          machine: this.#seemsLocal ? options.machine : undefined,
          onCall: (call) => void this.#open().then((way) => options.onCall(ledOver(way, call))),
        }),
    };
  }

  /** Resolves once so many more packets have been lost. */
  whenLost(count: number): Promise<void> {
    return this.#when("lost", count);
  }

  /** Resolves once so many more packets have passed. */
  whenForwarded(count: number): Promise<void> {
    return this.#when("forwarded", count);
  }

  count(what: "lost" | "forwarded"): void {
    this.counts[what] += 1;
    for (const one of this.#waiting) {
      if (one.what !== what || this.counts[what] < one.at) continue;
      this.#waiting.delete(one);
      one.resolve();
    }
  }

  /** From now on what the callers send comes from other ports, as when a NAT has forgotten them. */
  async changeAddresses(): Promise<void> {
    await Promise.all([...this.#ways].map((way) => way.changeAddress()));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#ways].map((way) => way.close()));
  }

  #when(what: "lost" | "forwarded", count: number): Promise<void> {
    return new Promise((resolve) => this.#waiting.add({ what, at: this.counts[what] + count, resolve }));
  }

  async #open(): Promise<Way> {
    const way = new Way(this, seededRandom(this.#seed + this.#ways.size));
    await way.open();
    this.#ways.add(way);
    return way;
  }
}

function ledOver(way: Way, call: IncomingCall): IncomingCall {
  return {
    ...call,
    ended: call.ended,
    offer: way.told("callee", call.offer),
    answer: (sdp) => call.answer(way.told("caller", sdp)),
    refuse: (error) => call.refuse(error),
    candidate: (one) => call.candidate(way.toldOne("caller", one)),
    onCandidate: (listener) =>
      call.onCandidate((one) => {
        // Addresses that a page keeps to itself cannot be led; it is found by what it sends.
        const led = way.toldOne("callee", one);
        if (led !== null || one === null) listener(led);
      }),
  };
}

/** One call: a socket that stands for each side, and where that side really is. */
class Way {
  readonly #network: BadNetwork;
  readonly #random: Random;
  readonly #address = ownAddress();
  /** What the caller sends to, and gets packets from. */
  #atCaller!: Socket;
  #atCallee!: Socket;
  /** Ports of the peers, as their candidates or packets have told them. */
  readonly #ports: { caller: number | undefined; callee: number | undefined } = {
    caller: undefined,
    callee: undefined,
  };
  /** Packets of each side so far that are not of STUN. */
  readonly #counted = { caller: 0, callee: 0 };
  /** Until when what has come from each side takes to pass a narrow network. */
  readonly #busyUntilMs = { caller: 0, callee: 0 };
  readonly #underWay = new UnderWay(({ from, packet }) => this.#forward(from, packet));

  constructor(network: BadNetwork, random: Random) {
    this.#network = network;
    this.#random = random;
  }

  async open(): Promise<void> {
    this.#atCaller = await this.#socket("caller");
    this.#atCallee = await this.#socket("callee");
  }

  /** A description of one side as the other is told it: with the relay in place of its addresses. @param to who is told */
  told(to: Side, sdp: string): string {
    const lines = sdp.split("\r\n").flatMap((line) => {
      if (!line.startsWith("a=candidate:")) return [line];
      const led = this.#lead(to, line.slice(2));
      return led === undefined ? [] : [`a=${led}`];
    });
    return lines.join("\r\n");
  }

  toldOne(to: Side, one: SignalingCandidate | null): SignalingCandidate | null {
    if (one === null) return null;
    const candidate = this.#lead(to, one.candidate);
    return candidate === undefined ? null : { ...one, candidate };
  }

  async changeAddress(): Promise<void> {
    const old = this.#atCallee;
    this.#atCallee = await this.#socket("callee");
    old.close();
  }

  async close(): Promise<void> {
    this.#underWay.close();
    for (const socket of [this.#atCaller, this.#atCallee]) await new Promise<void>((resolve) => socket.close(resolve));
  }

  /** The first address of a side that this one can reach is led over the relay; of the others nothing is told. */
  #lead(to: Side, candidate: string): string | undefined {
    const [foundation, component, protocol, priority, address, port, ...rest] = candidate.split(" ");
    const from: Side = to === "caller" ? "callee" : "caller";
    if (protocol?.toLowerCase() !== "udp" || address !== this.#address) return undefined;
    this.#ports[from] = Number(port);
    const socket = to === "caller" ? this.#atCaller : this.#atCallee;
    return [foundation, component, protocol, priority, this.#address, socket.address().port, ...rest].join(" ");
  }

  async #socket(side: Side): Promise<Socket> {
    const socket = createSocket({ type: "udp4", recvBufferSize: 4 * 1024 * 1024 });
    socket.on("message", (packet, { port }) => {
      this.#ports[side] = port;
      this.#pass(side, packet);
    });
    await new Promise<void>((resolve) => socket.bind(0, this.#address, resolve));
    return socket;
  }

  #pass(from: Side, packet: Uint8Array): void {
    const { conditions, counts } = this.#network;
    const { loss = 0, duplicate = 0, delayMs = 0, jitterMs = 0, mtuBytes = Infinity, outage = false } = conditions;
    const { bytesPerSecond = Infinity, lose } = conditions;
    // RFC 7983 section 7: the first byte tells one from the other.
    const number = (packet[0] ?? 0) < 4 ? undefined : this.#counted[from]++;
    const isTheOne = lose !== undefined && lose.from === from && lose.number === number;
    const bytes = packet.length + headerBytes;
    // Each packet takes as many numbers, so that one that is lost changes nothing for the next.
    const [isLost, isTwice, late] = [this.#random.next() < loss, this.#random.next() < duplicate, this.#random.next()];
    const nowMs = performance.now();
    const queueMs = Math.max(0, this.#busyUntilMs[from] - nowMs);
    if (outage || isLost || isTheOne || bytes > mtuBytes || queueMs > longestQueueMs) {
      this.#network.count("lost");
      return;
    }
    const waitMs = queueMs + (bytes * 1_000) / bytesPerSecond;
    this.#busyUntilMs[from] = nowMs + waitMs;
    counts.largestBytes = Math.max(counts.largestBytes, bytes);
    counts.queueMs = Math.max(counts.queueMs, queueMs);
    const dueMs = nowMs + delayMs + late * jitterMs + waitMs;
    for (let copies = isTwice ? 2 : 1; copies > 0; copies -= 1) this.#underWay.add({ dueMs, from, packet });
  }

  #forward(from: Side, packet: Uint8Array): void {
    const [socket, port] =
      from === "caller" ? [this.#atCallee, this.#ports.callee] : [this.#atCaller, this.#ports.caller];
    if (port === undefined) return;
    this.#network.count("forwarded");
    socket.send(packet, port, this.#address, () => undefined);
  }
}

interface Packet {
  /** When it comes to the other side, as `performance.now` counts. */
  readonly dueMs: number;
  readonly from: Side;
  readonly packet: Uint8Array;
}

/** Packets between the two, in the order in which they come: timers of their own would change it, for they are only kept to the millisecond. */
class UnderWay {
  readonly #forward: (packet: Packet) => void;
  /** The next one last. */
  readonly #packets: Packet[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(forward: (packet: Packet) => void) {
    this.#forward = forward;
  }

  add(packet: Packet): void {
    let at = this.#packets.length;
    while (at > 0 && (this.#packets[at - 1]?.dueMs ?? 0) <= packet.dueMs) at -= 1;
    this.#packets.splice(at, 0, packet);
    this.#look();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#packets.length = 0;
  }

  #look(): void {
    for (let next = this.#packets.at(-1); next !== undefined; next = this.#packets.at(-1)) {
      const ms = next.dueMs - performance.now();
      if (ms >= 0.5) {
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#look(), ms);
        return;
      }
      this.#packets.pop();
      this.#forward(next);
    }
  }
}

/** The address of this machine that peers offer: one of a network, where there is one. */
function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.find(({ family, internal }) => family === "IPv4" && !internal)?.address ?? "127.0.0.1";
}
