import type { Schemas } from "../interface/caps.ts";
import type { Clock } from "../interface/clock.ts";
import type { MeshError } from "../interface/errors.ts";
import { BoundedChannel } from "./bounded-channel.ts";
import { cutAlong, DeclaredOutlet } from "./declared-fields.ts";
import type { Graph, Wire } from "./graph.ts";
import type { Outlet, Room } from "./outlet.ts";
import type { NodeFeed, QueuedInput } from "./running-node.ts";
import type { LoadProbe } from "./splits/load.ts";
import type { Splits } from "./splits/splits.ts";
import { spread, type Spread, type Way } from "./spread.ts";

/** What stands around the queues; there once the nodes are. */
export interface WiringParts {
  /** Made when they are asked for: most pipelines have none. */
  readonly splits: () => Splits;
  readonly nodes: { get(id: string): WiredNode | undefined };
  readonly outputs: (node: string) => readonly { readonly name: string }[];
  /** What a frame at the end sets off, before it goes on. */
  readonly triggers: (node: string | undefined, port: string) => readonly Way[];
}

const noQueues: readonly QueuedInput[] = [];

/** A node, as far as others are linked to it. */
export interface WiredNode extends LoadProbe {
  /** The way in for a producer that calls it. */
  inlet(port: string): Outlet;
}

/** The queues of a session, and who writes and reads them. */
export class Wiring {
  readonly #graph: Graph;
  /** By the place of the wire in the graph. */
  readonly #channels: readonly (BoundedChannel | undefined)[];
  readonly #schemas: Schemas;
  /** While all is put together. */
  #spreads: Map<string, Spread> | undefined;

  /** @param onUndecodable pictures of a wire were dropped, and what follows does not decode without them */
  constructor(graph: Graph, clock: Clock, schemas: Schemas, onUndecodable: (wire: Wire) => void) {
    this.#graph = graph;
    this.#schemas = schemas;
    const arrivals = new Map<string, { next: number }>();
    this.#channels = graph.wires.map((wire) => {
      if (wire.carriage !== "queue") return undefined;
      const { capacityFrames, deadlineMs, to, type } = wire.link;
      const shared = wire.merges && to.node !== undefined ? (arrivals.get(to.node) ?? { next: 0 }) : undefined;
      if (shared !== undefined && to.node !== undefined) arrivals.set(to.node, shared);
      return new BoundedChannel({
        capacityFrames,
        overflow: wire.overflow,
        name: wire.name,
        clock,
        ...(type.kind === "video" && { pictures: () => onUndecodable(wire) }),
        ...(shared !== undefined && { arrivals: shared }),
        ...(deadlineMs !== undefined && { deadlineMs }),
      });
    });
  }

  /** The links that are carried by a queue, with it. */
  get queues(): [Wire, BoundedChannel][] {
    return this.#graph.wires.flatMap((wire, place): [Wire, BoundedChannel][] => {
      const channel = this.#channels[place];
      return channel === undefined ? [] : [[wire, channel]];
    });
  }

  queueOf({ place }: Wire): BoundedChannel | undefined {
    return this.#channels[place];
  }

  /** What waits is dropped, and nothing more is taken. */
  abort(reason: MeshError): void {
    for (const channel of this.#channels) channel?.abort(reason);
  }

  /** All is put together; what was made for that is not needed any more. */
  connected(): void {
    this.#spreads = undefined;
  }

  /** The queues in front of a port, of a remote or, with `node` undefined, an output of the pipeline. */
  before(node: string | undefined, port: string): BoundedChannel[] {
    return this.#graph.to(node, port).flatMap((wire) => this.#channels[wire.place] ?? []);
  }

  /** The queues in front of a node or remote, but for those that close loops. */
  onward(node: string): BoundedChannel[] {
    return this.#graph.to(node).flatMap((wire) => (wire.back ? [] : (this.#channels[wire.place] ?? [])));
  }

  feed(node: string): NodeFeed {
    const wires = this.#graph.to(node);
    const queued = wires.filter(({ place }) => this.#channels[place] !== undefined);
    const queues = queued.map(({ place, link, signal, back }): QueuedInput => {
      return { port: link.to.port, channel: this.#channels[place] as BoundedChannel, signal, back };
    });
    return { queues: queues.length === 0 ? noQueues : queues, inline: wires.length - queues.length };
  }

  /** Where the frames of a port go; of a node, a remote or, with `node` undefined, an input of the pipeline. */
  spread(node: string | undefined, port: string, parts: WiringParts): Spread {
    const key = `${node ?? ""}\n${port}`;
    this.#spreads ??= new Map();
    let found = this.#spreads.get(key);
    if (found === undefined) {
      const ways = this.#graph.from(node, port).map((wire) => this.#way(wire, parts));
      found = spread([...parts.triggers(node, port), ...ways], (split, branches) =>
        parts.splits().choice(split, branches),
      );
      this.#spreads.set(key, found);
    }
    return found;
  }

  /** What must have room before a node takes a frame: all that the frame may reach before it is at rest. */
  rooms(node: string, parts: WiringParts): readonly Room[] {
    const spreads = parts.outputs(node).map(({ name }) => this.spread(node, name, parts));
    const [only] = spreads;
    // Nodes in a row have the same rooms.
    return spreads.length === 1 && only !== undefined ? only.rooms : spreads.flatMap(({ rooms }) => rooms);
  }

  #way(wire: Wire, parts: WiringParts): Way {
    const { link, signal, back } = wire;
    const branch = link.branch ?? [];
    const channel = this.#channels[wire.place];
    const reader = link.to.node ?? "";
    if (channel === undefined) {
      return {
        outlet: this.#declared(wire, (parts.nodes.get(reader) as WiredNode).inlet(link.to.port)),
        rooms: this.rooms(reader, parts),
        branch,
      };
    }
    // Signals and what closes a loop hold nobody up: a loop whose queues wait for each other would stand still for ever.
    const rooms = signal || back || channel.overflow !== "block" ? [] : [channel];
    const probe = parts.nodes.get(reader) ?? channel;
    const outlet = link.won === undefined ? channel : parts.splits().won(link.won, channel);
    return { outlet: this.#declared(wire, outlet), rooms, branch, probe };
  }

  /** The way to a reader that may know more fields of a record than its writer declares. */
  #declared({ link, reads }: Wire, outlet: Outlet): Outlet {
    const cut = cutAlong([link.type, ...(link.through ?? []), reads], this.#schemas);
    return cut === undefined ? outlet : new DeclaredOutlet(outlet, cut);
  }
}
