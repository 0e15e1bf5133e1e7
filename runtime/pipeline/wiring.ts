import type { Clock } from "../interface/clock.ts";
import { BoundedChannel } from "./bounded-channel.ts";
import type { Graph, Wire } from "./graph.ts";
import { OutPort, type Outlet } from "./out-port.ts";
import type { NodeWiring, QueuedInput } from "./running-node.ts";

/** The queues of a session, and who writes and reads them. */
export class Wiring {
  readonly #graph: Graph;
  readonly #channels = new Map<Wire, BoundedChannel>();

  constructor(graph: Graph, clock: Clock) {
    this.#graph = graph;
    const arrivals = new Map<string, { next: number }>();
    for (const wire of graph.wires) {
      if (wire.carriage !== "queue") continue;
      const { capacityFrames, overflow = "block", to } = wire.link;
      const merges = to.node !== undefined && graph.to(to.node).length > 1;
      const shared = arrivals.get(to.node ?? "") ?? { next: 0 };
      if (merges) arrivals.set(to.node ?? "", shared);
      const channel = new BoundedChannel({
        capacityFrames,
        overflow,
        name: wire.name,
        clock,
        ...(merges && { arrivals: shared }),
      });
      this.#channels.set(wire, channel);
    }
  }

  get queues(): ReadonlyMap<Wire, BoundedChannel> {
    return this.#channels;
  }

  /** The queues behind a port, of a node or, with `node` undefined, an input of the pipeline. */
  behind(node: string | undefined, port: string): BoundedChannel[] {
    return this.#graph.from(node, port).flatMap((wire) => this.#channels.get(wire) ?? []);
  }

  /** The queues in front of a port, of a remote or, with `node` undefined, an output of the pipeline. */
  before(node: string | undefined, port: string): BoundedChannel[] {
    return this.#graph.to(node, port).flatMap((wire) => this.#channels.get(wire) ?? []);
  }

  /** @param inline the way into a node that its producer calls */
  node(id: string, outputs: readonly string[], inline: (node: string, port: string) => Outlet): NodeWiring {
    const wires = this.#graph.to(id);
    const queues = wires.flatMap((wire): QueuedInput[] => {
      const channel = this.#channels.get(wire);
      return channel === undefined ? [] : [{ port: wire.link.to.port, channel, signal: wire.signal, back: wire.back }];
    });
    const outlets = (port: string): Outlet[] =>
      this.#graph
        .from(id, port)
        .map((wire) => this.#channels.get(wire) ?? inline(wire.link.to.node ?? "", wire.link.to.port));
    return {
      queues,
      inline: wires.length - queues.length,
      outputs: new Map(outputs.map((port) => [port, new OutPort(port, outlets(port))])),
      downstream: this.#downstream(id),
    };
  }

  /**
   * The queues that a frame taken by a node may reach before it is at rest. Signals and what closes a loop hold nobody
   * up: a loop whose queues wait for each other would stand still for ever.
   */
  #downstream(node: string): BoundedChannel[] {
    return this.#graph.wires
      .filter((wire) => wire.link.from.node === node && !wire.back)
      .flatMap((wire) => {
        const channel = this.#channels.get(wire);
        if (channel === undefined) return this.#downstream(wire.link.to.node ?? "");
        return wire.signal ? [] : [channel];
      });
  }
}
