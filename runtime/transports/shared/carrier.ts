import type { Clock } from "../../interface/clock.ts";
import { MeshError } from "../../interface/errors.ts";
import { rateLimit } from "../../interface/rate.ts";
import type { Connection, ConnectionState } from "../../interface/transport.ts";
import { channelLimits } from "../channel/limits.ts";
import { leastMessageBytes, type Way } from "./channel.ts";
import { SharedConnection, type Carrying } from "./connection.ts";
import { carrierLimits } from "./limits.ts";
import { decodeCarrier, decodeHead, encodeCarrier, encodeHead, headBytes, type CarrierMessage } from "./messages.ts";
import { Stream } from "./stream.ts";

export interface CarrierInit {
  /** What carries the others. */
  readonly connection: Connection;
  readonly clock: Clock;
  /** `caller`: this side has dialled it, and closes it when it is of no use. */
  readonly role: "caller" | "callee";
  /** Takes a connection that the other side opens. Left out where nothing can be opened. */
  readonly accept?: (connection: Connection, pipeline: string) => void;
  /** Why the other side may not open one now. */
  readonly refusal?: (pipeline: string) => MeshError | undefined;
  /** The address of a pipeline at the end that listens. */
  readonly addressOf: (pipeline: string) => string;
  /** How long one that carries nothing is kept, in milliseconds; asked when it begins to. */
  readonly idleMs: () => number;
}

/** Takes connections that the other side opens. */
export type Taking = Pick<CarrierInit, "accept" | "refusal" | "addressOf">;

/** One connection that carries those of all pipelines between two peers; the layer above sees only them. */
export class Carrier implements Carrying {
  readonly #init: CarrierInit;
  readonly #connections = new Map<number, SharedConnection>();
  readonly #streams = new Map<number, Stream>();
  readonly #queue: CarrierMessage[] = [];
  #whenWritable: (() => void)[] = [];
  readonly #opens: { take(): boolean };
  #waiting = false;
  #over = false;
  #retired = false;
  #taking: Taking;
  #holds = 0;
  /** Numbers of connections: even for those of the side that has dialled, odd for the others. */
  #next: number;
  #theirs: number;
  #heardUs: number;
  /** When it carried something for the last time: until then the sessions had noticed. */
  #carriedUs: number;
  #cancelIdle: () => void = () => undefined;
  #cancelBeat: () => void = () => undefined;
  #closing: Promise<void> | undefined;

  constructor(init: CarrierInit) {
    const { connection, clock, role } = init;
    this.#init = init;
    this.#taking = init;
    this.#next = role === "caller" ? 0 : 1;
    this.#theirs = role === "caller" ? 1 : 0;
    this.#heardUs = clock.nowUs();
    this.#carriedUs = this.#heardUs;
    this.#opens = rateLimit(clock, carrierLimits.opensPerSecond);
    connection.control.onMessage((bytes) => this.#receive(bytes));
    void connection.closed.then(({ error }) => this.#lost(error));
    this.#beat();
  }

  /** True while it takes another connection. */
  get isOpen(): boolean {
    return (
      !this.#over &&
      !this.#retired &&
      this.#connections.size < carrierLimits.connections &&
      this.#next <= carrierLimits.highestNumber
    );
  }

  get role(): "caller" | "callee" {
    return this.#init.role;
  }

  get isOver(): boolean {
    return this.#over;
  }

  get windowBytes(): number | undefined {
    return this.#init.connection.windowBytes;
  }

  /** When the other side has said anything for the last time, by `Clock.nowUs`: on channel 0, where no more is known. */
  get heardUs(): number {
    return Math.max(this.#heardUs, this.#init.connection.heardUs ?? 0);
  }

  /** How it ended. */
  get closed(): Connection["closed"] {
    return this.#init.connection.closed;
  }

  /**
   * Lets the other side open connections from now on, to what listens here.
   * @param taking undefined lets it no more; what is open goes on
   * @returns false when it is for another listener already
   */
  take(taking: Taking | undefined): boolean {
    const isTaken = taking !== undefined && this.#taking.accept !== undefined;
    if (isTaken) return this.#taking.accept === taking.accept;
    this.#taking = taking ?? { addressOf: this.#init.addressOf };
    return true;
  }

  /**
   * Opens a connection; what is sent over it goes right behind, and `answered` tells whether the other side has taken it.
   * @param address of the pipeline, as it was dialled
   */
  open(pipeline: string, address = this.#init.addressOf(pipeline)): SharedConnection {
    const connection = new SharedConnection(this, this.#next, address);
    this.#next += 2;
    this.#connections.set(connection.number, connection);
    this.#cancelIdle();
    this.say({ kind: "open", connection: connection.number, pipeline });
    this.#spare();
    return connection;
  }

  /** Takes no more connections: those that it has go on, and the last one closes it. */
  retire(): void {
    this.#retired = true;
    this.#rest();
  }

  /** Keeps it open, though it may carry nothing. @returns lets go of it */
  hold(): () => void {
    this.#holds += 1;
    this.#cancelIdle();
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#holds -= 1;
      this.#rest();
    };
  }

  /** Closes it now if it carries nothing. */
  async release(): Promise<void> {
    if (this.#connections.size === 0 && this.#holds === 0) await this.close(undefined);
  }

  close(error: MeshError | undefined): Promise<void> {
    this.#closing ??= this.#close(error);
    return this.#closing;
  }

  // ---- for the connections -----------------------------------------------------------------------------------------

  say(message: CarrierMessage): void {
    if (this.#over) return;
    this.#queue.push(message);
    if (this.#queue.length > carrierLimits.queuedMessages) {
      void this.close(new MeshError("resource-exhausted", "The other side does not read its control channel."));
      return;
    }
    this.#flush();
  }

  controlWay(connection: number): Way {
    const isFree = (): boolean => !this.#over && this.#queue.length < carrierLimits.writableMessages;
    return {
      get writable() {
        return isFree();
      },
      maxMessageBytes: leastMessageBytes,
      messageBytes: leastMessageBytes,
      copies: true,
      send: (message) => this.say({ kind: "control", connection, message }),
      whenWritable: (go) => {
        if (!this.#whenWritable.includes(go)) this.#whenWritable.push(go);
      },
    };
  }

  dataWay(connection: number, channel: number): Way & { letGo(): void } {
    const stream = this.#streamFor();
    stream.take();
    this.#spare();
    let go: (() => void) | undefined;
    return {
      get writable() {
        return stream.writable;
      },
      get maxMessageBytes() {
        return stream.maxMessageBytes - headBytes;
      },
      get messageBytes() {
        return stream.messageBytes - headBytes;
      },
      get copies() {
        return stream.copies;
      },
      send: (message, room) => stream.send(encodeHead(connection, channel, message, room)),
      whenWritable(whenFree) {
        go = whenFree;
        stream.whenWritable(whenFree);
      },
      letGo() {
        stream.letGo();
        if (go !== undefined) stream.forget(go);
      },
    };
  }

  async left(connection: SharedConnection, error: MeshError | undefined): Promise<void> {
    this.#connections.delete(connection.number);
    // Whoever has lost the other side is not to meet it again this way.
    if (error?.code === "peer-lost") this.#retired = true;
    this.#rest(error);
    // The last one is free when all is.
    if (this.#over && this.#connections.size === 0) await this.#init.connection.closed;
  }

  get tracks(): Connection["tracks"] {
    return this.#init.connection.tracks;
  }

  describe(): ConnectionState {
    return { ...this.#init.connection.describe(), sharedBy: this.#connections.size };
  }

  // ---- the other side ----------------------------------------------------------------------------------------------

  #receive(bytes: Uint8Array): void {
    this.#heardUs = this.#init.clock.nowUs();
    try {
      this.#take(decodeCarrier(bytes));
    } catch (error) {
      void this.close(MeshError.from(error));
    }
  }

  #take(message: CarrierMessage): void {
    switch (message.kind) {
      case "ping":
        this.say({ kind: "pong" });
        return;
      case "pong":
        return;
      case "stream":
        this.#stream(message.id);
        return;
      case "open":
        this.#opened(message.connection, message.pipeline);
        return;
      case "taken":
        this.#connection(message.connection)?.taken();
        return;
      case "channel":
        this.#connection(message.connection)?.announced(message.id);
        return;
      case "control":
        this.#connection(message.connection)?.receive(0, message.message);
        return;
      case "end": {
        const { code, text } = message;
        const why = text === "" ? `The other side has ended the connection (${code}).` : text;
        void this.#connection(message.connection)?.end(code && new MeshError(code, why));
      }
    }
  }

  /** @returns undefined for one that is over: what was on its way when it ended is for nobody */
  #connection(number: number): SharedConnection | undefined {
    const isOwn = number % 2 === this.#next % 2;
    const isKnown = isOwn ? number < this.#next : number < this.#theirs;
    if (!isKnown) throw new MeshError("protocol-violation", `There has been no connection ${number} here.`);
    return this.#connections.get(number);
  }

  #opened(number: number, pipeline: string): void {
    if (number % 2 !== this.#theirs % 2 || number < this.#theirs) {
      throw new MeshError("protocol-violation", `The other side may not open a connection ${number}.`);
    }
    this.#theirs = number + 2;
    const refusal = this.#refusalOf(pipeline);
    if (refusal !== undefined) {
      this.say({ kind: "end", connection: number, code: refusal.code, text: refusal.message });
      return;
    }
    const connection = new SharedConnection(this, number, this.#taking.addressOf(pipeline));
    this.#connections.set(number, connection);
    this.#cancelIdle();
    this.say({ kind: "taken", connection: number });
    try {
      this.#taking.accept?.(connection, pipeline);
    } catch (error) {
      void connection.close(MeshError.from(error));
    }
  }

  #refusalOf(pipeline: string): MeshError | undefined {
    const { accept, refusal } = this.#taking;
    if (accept === undefined) return new MeshError("peer-unreachable", "nothing can be called here");
    if (!this.#opens.take() || this.#connections.size >= carrierLimits.connections) {
      return new MeshError("resource-exhausted", "this connection is shared by as many as it may be");
    }
    return this.#retired ? new MeshError("peer-unreachable", "the peer stops") : refusal?.(pipeline);
  }

  // ---- what carries them -------------------------------------------------------------------------------------------

  #flush(): void {
    const { control } = this.#init.connection;
    while (this.#queue.length > 0 && control.writable) {
      control.send(encodeCarrier(this.#queue.shift() as CarrierMessage));
    }
    if (this.#queue.length < carrierLimits.writableMessages) {
      const waiting = this.#whenWritable;
      this.#whenWritable = [];
      for (const go of waiting) go();
    }
    if (this.#queue.length === 0 || this.#waiting) return;
    this.#waiting = true;
    control.ready().then(
      () => {
        this.#waiting = false;
        this.#flush();
      },
      // The end of the connection is reported by the connection itself.
      () => undefined,
    );
  }

  /** One that no channel has for its own; the least used where there are as many as may be. */
  #streamFor(): Stream {
    let best: Stream | undefined;
    for (const stream of this.#streams.values()) {
      if (stream.users === 0) return stream;
      if (best === undefined || stream.users < best.users) best = stream;
    }
    return best !== undefined && this.#streams.size >= carrierLimits.streams ? best : this.#newStream();
  }

  /** Has one ready for the next channel: the first word on a new one would wait until the other side has told that it has it too. */
  #spare(): void {
    if (this.#streams.size >= carrierLimits.streams) return;
    for (const stream of this.#streams.values()) if (stream.users === 0) return;
    this.#newStream();
  }

  #newStream(): Stream {
    let id = 1;
    while (this.#streams.has(id)) id += 1;
    const stream = this.#stream(id);
    this.say({ kind: "stream", id });
    return stream;
  }

  #stream(id: number): Stream {
    const known = this.#streams.get(id);
    if (known !== undefined) return known;
    if (this.#streams.size >= 2 * carrierLimits.streams || id > channelLimits.highestId) {
      throw new MeshError("resource-exhausted", `More than ${carrierLimits.streams} data channels are asked for.`);
    }
    const channel = this.#init.connection.channel(id, `stream ${id}`);
    channel.onMessage((bytes) => {
      const { connection, channel: to, message } = decodeHead(bytes);
      if (to === 0) throw new MeshError("protocol-violation", "Control messages go over channel 0.");
      this.#connection(connection)?.receive(to, message);
    });
    const stream = new Stream(channel);
    this.#streams.set(id, stream);
    return stream;
  }

  /** Closes what carries nothing: at once, or after the time for which the next connection is waited for. */
  #rest(error?: MeshError): void {
    this.#cancelIdle();
    if (this.#over || this.#connections.size > 0) return;
    const { role, clock, idleMs } = this.#init;
    // The side that has dialled knows whether another one may be wanted.
    if (role === "callee" && !this.#retired) return;
    if (this.#holds > 0 && !this.#retired) return;
    const afterMs = this.#retired ? 0 : idleMs();
    if (afterMs <= 0) void this.close(error);
    else this.#cancelIdle = clock.schedule(afterMs, () => void this.close(undefined));
  }

  /** While it carries nothing, nobody above would notice that the other side has gone. */
  #beat(): void {
    const { role, clock } = this.#init;
    const { pingMs, silentMs, abandonedMs } = carrierLimits;
    this.#cancelBeat = clock.schedule(pingMs, () => {
      if (this.#connections.size === 0) {
        if (role === "caller") this.say({ kind: "ping" });
        const silent = (clock.nowUs() - Math.max(this.#heardUs, this.#carriedUs)) / 1_000;
        if (silent > (role === "caller" ? silentMs : abandonedMs)) {
          const error = new MeshError("peer-lost", "Nothing more has come from the other side.");
          void this.close(error);
          return;
        }
      } else this.#carriedUs = clock.nowUs();
      this.#beat();
    });
  }

  async #close(error: MeshError | undefined): Promise<void> {
    this.#stop(error);
    await this.#init.connection.close(error);
  }

  #lost(error: MeshError | undefined): void {
    this.#closing ??= Promise.resolve();
    this.#stop(error);
  }

  #stop(error: MeshError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancelIdle();
    this.#cancelBeat();
    this.#queue.length = 0;
    this.#whenWritable = [];
    for (const connection of this.#connections.values()) void connection.end(error);
  }
}
