import { MeshError } from "../interface/errors.ts";
import type { SignalConnect, SignalServerFactory, SignalSocket } from "../signaling/socket.ts";
import type { Machine, Process } from "./machine.ts";
import { Line, type Network } from "./network.ts";

/** As `ws` does it: a side that never answers the close frame is cut off after so long. */
const closeTimeoutUs = 1_000_000;
/** TCP sends a SYN again after a second, then after twice as long each time. */
const synUs = 1_000_000;

/** Sees each message of a socket at the end that has accepted it, when that process takes or sends it. */
export type Tap = (socket: object, way: "in" | "out" | "end", text: string) => void;

interface Listening {
  readonly process: Process;
  readonly onSocket: (socket: SignalSocket) => void;
  readonly tap: Tap | undefined;
  readonly accepted: Set<End>;
  closed: boolean;
}

/** Sockets between simulated processes; hosts are names of machines. */
export class Sockets {
  readonly #network: Network;
  readonly #machines: ReadonlyMap<string, Machine>;
  readonly #listening = new Map<string, Listening>();
  readonly #ends = new Set<End>();

  constructor(network: Network, machines: ReadonlyMap<string, Machine>) {
    this.#network = network;
    this.#machines = machines;
  }

  /** Sockets that a process has, open or on their way down. */
  openOf(process: Process): number {
    return [...this.#ends].filter((end) => end.process === process).length;
  }

  listen(process: Process, tap?: Tap): SignalServerFactory {
    return async ({ host, port }, onSocket) => {
      const key = `${process.machine.name}:${port}`;
      const known = this.#listening.get(key);
      if (known !== undefined && !known.process.isDead) {
        throw new MeshError("address-in-use", `${key} is taken.`);
      }
      const listening: Listening = { process, onSocket, tap, accepted: new Set(), closed: false };
      this.#listening.set(key, listening);
      return {
        host,
        port,
        close: async () => {
          if (this.#listening.get(key) === listening) this.#listening.delete(key);
          listening.closed = true;
          for (const end of listening.accepted) end.terminate();
        },
      };
    };
  }

  connect(process: Process): SignalConnect {
    return ({ host, port }, signal) =>
      new Promise((resolve, reject) => {
        signal.throwIfAborted();
        let cancel = (): void => undefined;
        let end: End | undefined;
        let done = false;
        const onAbort = (): void => {
          if (done) return;
          done = true;
          cancel();
          end?.terminate();
          reject(signal.reason as Error);
        };
        signal.addEventListener("abort", onAbort, { once: true });
        const settle = (act: () => void): void => {
          process.deliver(() => {
            if (done) return;
            done = true;
            signal.removeEventListener("abort", onAbort);
            act();
          });
        };
        const { loop } = this.#network;
        const to = this.#machines.get(host);
        const knock = (againUs: number): void => {
          const from = process.machine;
          if (done || process.isDead) return;
          const again = (): void => void (cancel = loop.after(againUs, () => knock(2 * againUs)));
          if (to === undefined) {
            settle(() => reject(new MeshError("peer-unreachable", `The host of ${host} is not known.`)));
          } else if (!this.#network.isOpen(from, to) || !this.#network.isOpen(to, from) || to.isOff) again();
          else {
            cancel = loop.after(this.#network.delayUs(from, to), () => {
              const listening = this.#listening.get(`${host}:${port}`);
              if (to.isOff) again();
              else if (listening === undefined || listening.process.isDead) {
                loop.after(this.#network.delayUs(to, from), () =>
                  settle(() => reject(new MeshError("peer-unreachable", `Nothing listens at ${host}:${port}.`))),
                );
              } else {
                end = this.#accept(process, listening, (opened) => settle(() => resolve(opened)));
              }
            });
          }
        };
        knock(synUs);
      });
  }

  /** Breaks what there is between two machines. @param tell whether the two sides learn of it by themselves */
  break(a: Machine, b: Machine, tell: boolean): void {
    for (const end of [...this.#ends]) {
      if (end.process.machine !== a || end.other.process.machine !== b) continue;
      for (const one of [end, end.other]) {
        one.line.cut();
        if (tell) this.#network.loop.after(Math.floor(this.#network.random.next() * 300_000), () => one.broken());
      }
    }
  }

  /** From now on nothing comes through in one direction over the sockets that are open, as when something between has forgotten them; others are not concerned. */
  mute(from: Machine, to: Machine): void {
    for (const end of this.#ends) {
      if (end.process.machine === from && end.other.process.machine === to) end.line.cut();
    }
  }

  /** A process is gone. @param off with its machine, so that nobody is told */
  died(process: Process, off: boolean): void {
    for (const end of [...this.#ends]) {
      if (end.process !== process) continue;
      this.#ends.delete(end);
      const { other } = end;
      if (off) {
        end.line.cut();
        continue;
      }
      // What it had sent still arrives; then the system says that it is gone.
      end.line.sendAnyway(() => other.reset());
    }
  }

  #accept(client: Process, listening: Listening, opened: (end: End) => void): End {
    const near = new End(this.#network, client, listening.process, () => this.#ends.delete(near));
    const far = new End(this.#network, listening.process, client, () => {
      this.#ends.delete(far);
      listening.accepted.delete(far);
    });
    near.other = far;
    far.other = near;
    far.tap = listening.tap;
    this.#ends.add(near);
    this.#ends.add(far);
    listening.accepted.add(far);
    // The system takes the connection, but the answer to the upgrade is the process's.
    listening.process.deliver(() => {
      if (listening.closed) {
        far.terminate();
        return;
      }
      far.line.send(() => opened(near));
      listening.onSocket(far);
    });
    return near;
  }
}

class End implements SignalSocket {
  readonly process: Process;
  readonly line: Line;
  other!: End;
  tap: Tap | undefined;
  readonly #network: Network;
  readonly #forget: () => void;
  #onMessage: (text: string) => void = () => undefined;
  #onClose: (code: number, reason: string) => void = () => undefined;
  #state: "open" | "closing" | "closed" = "open";
  #cancel: () => void = () => undefined;

  constructor(network: Network, process: Process, to: Process, forget: () => void) {
    this.#network = network;
    this.process = process;
    // As `ws` does it with what one piece of the stream holds.
    this.line = new Line(network, process, to, "stream");
    this.#forget = forget;
  }

  get remoteHost(): string {
    return this.other.process.machine.name;
  }

  send(text: string): void {
    if (this.#state !== "open") return;
    this.tap?.(this, "out", text);
    this.line.send(() => this.other.#receive(text));
    this.#sentIntoNothing();
  }

  close(code: number, reason: string): void {
    if (this.#state !== "open") return;
    this.#state = "closing";
    this.line.send(() => this.other.#closeFrame(code, reason));
    this.#cancel = this.#network.loop.after(closeTimeoutUs, () => this.process.deliver(() => this.terminate()));
  }

  onMessage(listener: (text: string) => void): void {
    this.#onMessage = listener;
  }

  onClose(listener: (code: number, reason: string) => void): void {
    this.#onClose = listener;
  }

  /** At once, without the other side's consent. */
  terminate(): void {
    if (this.#state === "closed") return;
    this.line.send(() => this.other.reset());
    this.#finish(1006, "");
  }

  /** The system says that the connection is gone. */
  broken(): void {
    this.process.deliver(() => this.#finish(1006, ""));
  }

  reset(): void {
    this.line.cut();
    this.#finish(1006, "");
  }

  #receive(text: string): void {
    if (this.#state === "closed") return;
    this.tap?.(this, "in", text);
    this.#onMessage(text);
  }

  #closeFrame(code: number, reason: string): void {
    if (this.#state === "open") this.line.send(() => this.other.#closeFrame(code, reason));
    this.#finish(code, reason);
  }

  #finish(code: number, reason: string): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#cancel();
    this.#forget();
    this.tap?.(this, "end", "");
    this.#onClose(code, reason);
  }

  /** A machine that has come up again knows nothing of the connections it had, and says so. */
  #sentIntoNothing(): void {
    const { process, machine } = { process: this.process, machine: this.other.process.machine };
    if (!this.other.process.isDead || machine.isOff) return;
    const { loop } = this.#network;
    loop.after(2 * this.#network.delayUs(process.machine, machine), () => {
      if (this.#network.isOpen(process.machine, machine)) this.broken();
    });
  }
}
