import type { Schemas } from "../interface/caps.ts";
import type { Clock } from "../interface/clock.ts";
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
  readonly splits: Splits;
  /** The way into a node that its producer calls. */
  readonly inlet: (node: string, port: string) => Outlet;
  readonly outputs: (node: string) => readonly string[];
  readonly probe: (node: string) => LoadProbe | undefined;
  /** What a frame at the end sets off, before it goes on. */
  readonly triggers: (node: string | undefined, port: string) => readonly Way[];
}

/** The queues of a session, and who writes and reads them. */
export class Wiring {
  readonly #graph: Graph;
  readonly #channels = new Map<Wire, BoundedChannel>();
  readonly #spreads = new Map<string, Spread>();
  readonly #schemas: Schemas;

  constructor(graph: Graph, clock: Clock, schemas: Schemas) {
    this.#graph = graph;
    this.#schemas = schemas;
    const arrivals = new Map<string, { next: number }>();
    for (const wire of graph.wires) {
      if (wire.carriage !== "queue") continue;
      const { capacityFrames, deadlineMs, to, type } = wire.link;
      const merges = to.node !== undefined && graph.to(to.node).length > 1;
      const shared = arrivals.get(to.node ?? "") ?? { next: 0 };
      if (merges) arrivals.set(to.node ?? "", shared);
      const channel = new BoundedChannel({
        capacityFrames,
        overflow: wire.overflow,
        name: wire.name,
        clock,
        pictures: type.kind === "video",
        ...(merges && { arrivals: shared }),
        ...(deadlineMs !== undefined && { deadlineMs }),
      });
      this.#channels.set(wire, channel);
    }
  }

  get queues(): ReadonlyMap<Wire, BoundedChannel> {
    return this.#channels;
  }

  /** The queues in front of a port, of a remote or, with `node` undefined, an output of the pipeline. */
  before(node: string | undefined, port: string): BoundedChannel[] {
    return this.#graph.to(node, port).flatMap((wire) => this.#channels.get(wire) ?? []);
  }

  /** The queues in front of a node or remote, but for those that close loops. */
  onward(node: string): BoundedChannel[] {
    return this.#graph.to(node).flatMap((wire) => (wire.back ? [] : (this.#channels.get(wire) ?? [])));
  }

  feed(node: string): NodeFeed {
    const wires = this.#graph.to(node);
    const queues = wires.flatMap((wire): QueuedInput[] => {
      const channel = this.#channels.get(wire);
      return channel === undefined ? [] : [{ port: wire.link.to.port, channel, signal: wire.signal, back: wire.back }];
    });
    return { queues, inline: wires.length - queues.length };
  }

  /** Where the frames of a port go; of a node, a remote or, with `node` undefined, an input of the pipeline. */
  spread(node: string | undefined, port: string, parts: WiringParts): Spread {
    const key = `${node ?? ""}\n${port}`;
    let found = this.#spreads.get(key);
    if (found === undefined) {
      const ways = this.#graph.from(node, port).map((wire) => this.#way(wire, parts));
      found = spread([...parts.triggers(node, port), ...ways], parts.splits.choice);
      this.#spreads.set(key, found);
    }
    return found;
  }

  /** What must have room before a node takes a frame: all that the frame may reach before it is at rest. */
  rooms(node: string, parts: WiringParts): Room[] {
    return parts.outputs(node).flatMap((port) => [...this.spread(node, port, parts).rooms]);
  }

  #way(wire: Wire, parts: WiringParts): Way {
    const { link, signal, back } = wire;
    const branch = link.branch ?? [];
    const channel = this.#channels.get(wire);
    const reader = link.to.node ?? "";
    if (channel === undefined) {
      return {
        outlet: this.#declared(wire, parts.inlet(reader, link.to.port)),
        rooms: this.rooms(reader, parts),
        branch,
      };
    }
    // Signals and what closes a loop hold nobody up: a loop whose queues wait for each other would stand still for ever.
    const rooms = signal || back || channel.overflow !== "block" ? [] : [channel];
    const node = parts.probe(reader);
    const probe: LoadProbe = node ?? {
      get waiting() {
        return channel.size;
      },
      get serviceMs() {
        return channel.hopMs;
      },
    };
    const outlet = link.won === undefined ? channel : parts.splits.won(link.won, channel);
    return { outlet: this.#declared(wire, outlet), rooms, branch, probe };
  }

  /** The way to a reader that may know more fields of a record than its writer declares. */
  #declared({ link, reads }: Wire, outlet: Outlet): Outlet {
    const cut = cutAlong([link.type, ...(link.through ?? []), reads], this.#schemas);
    return cut === undefined ? outlet : new DeclaredOutlet(outlet, cut);
  }
}
