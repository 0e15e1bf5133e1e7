import type { Clock } from "../../runtime/interface/clock.ts";
import type { Random } from "../../runtime/interface/random.ts";
import type { MediaTrack, MediaTracks, TrackCodecName, TrackRequest } from "../../runtime/interface/track.ts";
import type { Channel, Connection, ConnectionState, Transport } from "../../runtime/interface/transport.ts";

/** What happens to packets of tracks; may be changed while they pass. */
export interface TrackConditions {
  /** Share of packets that are lost, 0 to 1. */
  readonly loss?: number;
  /** One way, in milliseconds. */
  readonly delayMs?: number;
  /** Added to the delay, uniformly from 0. */
  readonly jitterMs?: number;
  /** One way, of what goes over the channels, which may be slower: there, what was lost is sent again. */
  readonly channelMs?: number;
}

export interface TrackNetworkInit {
  readonly clock: Clock;
  readonly random: Random;
  readonly codecs?: readonly TrackCodecName[];
  /** Who has dialled is a page: its tracks are those of a platform, which keeps the packets to itself. */
  readonly toPage?: boolean;
  /** Asked for each connection: the session that it is for goes over one that its host has dialled. */
  readonly returned?: () => boolean;
}

/** Media tracks for connections that have none, such as those in memory: packets go from side to side as the conditions say. */
export class TrackNetwork {
  conditions: TrackConditions = {};
  /** Packets by mid, and those of them that were lost. */
  readonly sent = new Map<string, number>();
  readonly lost = new Map<string, number>();
  /** How often a key frame was asked for. */
  keyFrameRequests = 0;
  /** The sides of connections, in the order in which they were made: what dials waits for its other side. */
  readonly #dialled: TrackSide[] = [];
  readonly #accepted: TrackSide[] = [];
  readonly #sides: TrackSide[] = [];
  readonly init: TrackNetworkInit;

  constructor(init: TrackNetworkInit) {
    this.init = init;
  }

  /** Nothing gets through any more on the connections that there are, as when the path between the peers breaks. */
  sever(): void {
    for (const side of this.#sides) side.severed = true;
  }

  /** The transport, with tracks on its connections. */
  on(transport: Transport): Transport {
    return {
      ...transport,
      dial: async (uri, options) => this.#side(await transport.dial(uri, options), this.#dialled, this.#accepted),
      listen: (uri, accept) =>
        transport.listen(uri, (connection, pipeline) =>
          accept(this.#side(connection, this.#accepted, this.#dialled), pipeline),
        ),
    };
  }

  #side(connection: Connection, mine: TrackSide[], others: TrackSide[]): Connection {
    const side = new TrackSide(this, (mine === this.#dialled) !== (this.init.returned?.() === true));
    this.#sides.push(side);
    const other = others.shift();
    if (other === undefined) mine.push(side);
    else {
      side.other = other;
      other.other = side;
    }
    return withTracks(connection, side);
  }
}

function withTracks(connection: Connection, tracks: TrackSide): Connection {
  /** What is sent on a connection that is severed gets nowhere. */
  const severable = (channel: Channel): Channel => ({
    id: channel.id,
    label: channel.label,
    maxMessageBytes: channel.maxMessageBytes,
    get writable() {
      return channel.writable;
    },
    ready: (signal) => channel.ready(signal),
    send: (message) => tracks.overChannel(() => channel.send(message)),
    onMessage: (listener) => channel.onMessage(listener),
  });
  return {
    control: severable(connection.control),
    closed: connection.closed,
    tracks,
    channel: (id, label) => severable(connection.channel(id, label)),
    close: (error) => connection.close(error),
    describe: (): ConnectionState => connection.describe(),
  };
}

const clockRates = { opus: 48_000, vp8: 90_000, h264: 90_000 } as const;

class TrackSide implements MediaTracks {
  readonly carries: MediaTracks["carries"];
  readonly adds: boolean;
  readonly codecs: readonly TrackCodecName[];
  severed = false;
  other: TrackSide | undefined;
  readonly #network: TrackNetwork;
  readonly #tracks = new Map<string, FakeTrack>();

  constructor(network: TrackNetwork, adds: boolean) {
    this.#network = network;
    this.adds = adds;
    this.carries = adds && network.init.toPage === true ? "platform" : "rtp";
    this.codecs = network.init.codecs ?? ["opus", "vp8", "h264"];
  }

  /** Sends on a channel of the connection, as slowly as they are. */
  overChannel(send: () => void): void {
    const { conditions, init } = this.#network;
    if (this.severed) return;
    if (conditions.channelMs === undefined) send();
    else init.clock.schedule(conditions.channelMs, () => this.#late(send));
  }

  #late(send: () => void): void {
    try {
      if (!this.severed) send();
    } catch {
      // The connection was closed meanwhile.
    }
  }

  async add({ direction, codec }: TrackRequest): Promise<MediaTrack> {
    if (!this.adds) throw new Error("Only the side that has dialled adds tracks.");
    const mid = String(this.#tracks.size + 1);
    const mine = new FakeTrack(this.#network, mid, direction, codec);
    const theirs = new FakeTrack(this.#network, mid, direction === "sendonly" ? "recvonly" : "sendonly", codec);
    mine.other = theirs;
    theirs.other = mine;
    mine.side = this;
    theirs.side = this;
    this.#tracks.set(mid, mine);
    await Promise.resolve();
    const { other } = this;
    if (other !== undefined) other.#tracks.set(mid, theirs);
    return mine;
  }

  take(mid: string): MediaTrack | undefined {
    return this.#tracks.get(mid);
  }
}

class FakeTrack implements MediaTrack {
  readonly mid: string;
  readonly direction: MediaTrack["direction"];
  readonly codec: MediaTrack["codec"];
  readonly platformTrack = undefined;
  readonly stats = {};
  readonly lastSent = undefined;
  other!: FakeTrack;
  side!: TrackSide;
  readonly #network: TrackNetwork;
  #early: Uint8Array[] = [];
  #listener: ((packet: Uint8Array) => void) | undefined;
  #onKeyFrameRequest: () => void = () => undefined;
  #released = false;

  constructor(network: TrackNetwork, mid: string, direction: MediaTrack["direction"], codec: TrackCodecName) {
    this.#network = network;
    this.mid = mid;
    this.direction = direction;
    this.codec = { name: codec, payloadType: 96, clockRate: clockRates[codec] };
  }

  sendRtp(packet: Uint8Array): void {
    if (this.#released || this.side.severed) return;
    const { conditions, init, sent, lost } = this.#network;
    const { loss = 0, delayMs = 0, jitterMs = 0 } = conditions;
    count(sent, this.mid);
    // As many numbers for each packet, so that one that is lost changes nothing for the next.
    const [isLost, late] = [init.random.next() < loss, init.random.next()];
    if (isLost) count(lost, this.mid);
    else init.clock.schedule(delayMs + late * jitterMs, () => this.other.#receive(packet.slice()));
  }

  onRtp(listener: (packet: Uint8Array) => void): void {
    this.#listener = listener;
    for (const packet of this.#early.splice(0)) listener(packet);
  }

  requestKeyFrame(): void {
    this.#network.keyFrameRequests += 1;
    this.#network.init.clock.schedule(this.#network.conditions.delayMs ?? 0, () => this.other.#onKeyFrameRequest());
  }

  onKeyFrameRequest(listener: () => void): void {
    this.#onKeyFrameRequest = listener;
  }

  replaceTrack(): Promise<void> {
    return Promise.resolve();
  }

  release(): void {
    this.#released = true;
    this.#listener = undefined;
  }

  #receive(packet: Uint8Array): void {
    if (this.#released) return;
    if (this.#listener === undefined) this.#early.push(packet);
    else this.#listener(packet);
  }
}

function count(map: Map<string, number>, key: string): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}
