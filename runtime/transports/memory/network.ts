import type { Clock } from "../../interface/clock.ts";
import { withDeadline } from "../../interface/deadline.ts";
import { MeshError } from "../../interface/errors.ts";
import type { Connection, Listener, Transport } from "../../interface/transport.ts";
import { parsePeerUri, parseTargetUri } from "../../interface/uri.ts";
import { MemoryConnection, type Wire } from "./connection.ts";

/** How long a dial into nothing takes, in milliseconds: what the signaling of a real transport allows. */
const dialMs = 3000;

export interface MemoryTransportInit {
  /** The pipelines that may be dialled; left out, every name is let through to `accept`. */
  readonly pipelines?: () => readonly string[];
}

/** Peers of one process, for tests and simulations. Addresses are `memory://name` and `memory://name/pipeline`. */
export interface MemoryNetwork {
  /** The transport of a peer; a name that was killed begins a new life. */
  transport(peer: string, init?: MemoryTransportInit): Transport;
  /** From now on nothing gets through at the address, such as `memory://gpu`: open connections fall silent, dials hang. */
  cut(address: string): void;
  /** Lets dials through again; connections that fell silent stay so. */
  restore(address: string): void;
  /** As when the process dies: its connections fall silent, its addresses refuse. */
  kill(peer: string): void;
}

interface Host {
  readonly peer: string;
  readonly life: Life;
  readonly pipelines: (() => readonly string[]) | undefined;
  readonly accept: (connection: Connection, pipeline: string) => void;
}

/** From the first `transport(name)` to `kill(name)`. */
interface Life {
  dead: boolean;
}

interface World {
  readonly clock: Clock;
  readonly hosts: Map<string, Host>;
  readonly lives: Map<string, Life>;
  readonly wires: Set<Wire>;
  readonly cuts: Set<string>;
}

export function memoryNetwork(deps: { readonly clock: Clock }): MemoryNetwork {
  const world: World = { clock: deps.clock, hosts: new Map(), lives: new Map(), wires: new Set(), cuts: new Set() };
  return {
    transport(peer, init = {}) {
      const life = world.lives.get(peer) ?? { dead: false };
      world.lives.set(peer, life);
      return {
        scheme: "memory",
        dial: (uri, { signal }) => dial(world, peer, life, uri, signal),
        listen: async (uri, accept) => listen(world, uri, { peer, life, pipelines: init.pipelines, accept }),
      };
    },
    cut(address) {
      const host = parsePeerUri(address, "memory").host;
      world.cuts.add(host);
      sever(world, (wire) => parsePeerUri(wire.address, "memory").host === host);
    },
    restore(address) {
      world.cuts.delete(parsePeerUri(address, "memory").host);
    },
    kill(peer) {
      const life = world.lives.get(peer);
      if (life !== undefined) life.dead = true;
      world.lives.delete(peer);
      for (const [name, host] of world.hosts) if (host.peer === peer) world.hosts.delete(name);
      sever(world, (wire) => wire.peers.offerer === peer || wire.peers.answerer === peer);
    },
  };
}

function sever(world: World, hit: (wire: Wire) => boolean): void {
  for (const wire of world.wires) if (hit(wire)) wire.severed = true;
}

function listen(world: World, text: string, host: Host): Listener {
  const name = parsePeerUri(text, "memory").host;
  if (world.hosts.has(name)) {
    throw new MeshError("address-in-use", `memory://${name} is taken by another peer.`, {
      hint: "Close that listener, or listen under another name.",
    });
  }
  world.hosts.set(name, host);
  return {
    address: `memory://${name}`,
    async close() {
      if (world.hosts.get(name) === host) world.hosts.delete(name);
    },
  };
}

async function dial(world: World, peer: string, life: Life, text: string, signal: AbortSignal): Promise<Connection> {
  const uri = parseTargetUri(text, "memory");
  signal.throwIfAborted();
  if (life.dead || world.cuts.has(uri.host)) return hang(world, uri.host, signal);
  // A dial takes a turn of the event loop everywhere else; callers must not come to rely on less.
  await Promise.resolve();
  signal.throwIfAborted();
  const host = world.hosts.get(uri.host);
  if (host === undefined) {
    throw new MeshError("peer-unreachable", `Nothing listens at memory://${uri.host}.`, {
      hint: "Is the peer running? It has to listen under that name.",
    });
  }
  const names = host.pipelines?.();
  if (names !== undefined && !names.includes(uri.pipeline)) {
    const known = names.length === 0 ? "it runs none" : `it runs ${names.slice(0, 20).join(", ")}`;
    throw new MeshError("pipeline-not-found", `memory://${uri.host} runs no pipeline "${uri.pipeline}"; ${known}.`);
  }
  const address = `memory://${uri.host}/${encodeURIComponent(uri.pipeline)}`;
  const wire: Wire = { address, peers: { offerer: peer, answerer: host.peer }, severed: false };
  const { offerer, answerer } = MemoryConnection.pair(wire);
  world.wires.add(wire);
  void Promise.all([offerer.closed, answerer.closed]).then(() => world.wires.delete(wire));
  queueMicrotask(() => handOver(host, answerer, uri.pipeline));
  return offerer;
}

function handOver(host: Host, connection: MemoryConnection, pipeline: string): void {
  if (host.life.dead) return;
  try {
    host.accept(connection, pipeline);
  } catch (error) {
    void connection.close(MeshError.from(error));
  }
}

function hang(world: World, host: string, signal: AbortSignal): Promise<Connection> {
  const error = (): MeshError =>
    new MeshError("deadline-exceeded", `memory://${host} took longer than ${dialMs} ms to open the connection.`);
  return withDeadline({ clock: world.clock, afterMs: dialMs, signal, error }, () => new Promise(() => undefined));
}
