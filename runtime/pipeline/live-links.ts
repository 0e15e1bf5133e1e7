import type { LivePorts, PlatformTracks } from "../interface/session.ts";
import type { Graph, Wire } from "./graph.ts";

type Ports = Readonly<Record<string, unknown>>;

/** The ports of a remote all of whose links are live: what one reader wants as a whole has to come as a whole. */
export function liveOfRemote(graph: Graph, id: string, inputs: Ports, outputs: Ports): LivePorts {
  return {
    inputs: Object.keys(inputs).filter((port) => areLive(graph.to(id, port))),
    outputs: Object.keys(outputs).filter((port) => areLive(graph.from(id, port))),
  };
}

/** The same, of the pipeline's own ports. */
export function liveOfPipeline(graph: Graph, inputs: Ports, outputs: Ports): LivePorts {
  return {
    inputs: Object.keys(inputs).filter((port) => areLive(graph.from(undefined, port))),
    outputs: Object.keys(outputs).filter((port) => areLive(graph.to(undefined, port))),
  };
}

function areLive(wires: readonly Wire[]): boolean {
  return wires.length > 0 && wires.every(({ link }) => link.delivery === "live");
}

/** Tracks of the platform for ports of a pipeline that lead straight to a remote, or come straight from one. */
export class DirectTracks implements PlatformTracks {
  readonly #graph: Graph;
  readonly #remote: (id: string) => PlatformTracks | undefined;

  constructor(graph: Graph, remote: (id: string) => PlatformTracks | undefined) {
    this.#graph = graph;
    this.#remote = remote;
  }

  async send(...[input, track, onCarried]: Parameters<PlatformTracks["send"]>): Promise<boolean> {
    const wire = only(this.#graph.from(undefined, input));
    const { node, port } = wire?.link.to ?? {};
    if (node === undefined || port === undefined || only(this.#graph.to(node, port)) === undefined) return false;
    return (await this.#remote(node)?.send(port, track, onCarried)) ?? false;
  }

  async receive(...[output, onTrack]: Parameters<PlatformTracks["receive"]>): Promise<boolean> {
    const wire = only(this.#graph.to(undefined, output));
    const { node, port } = wire?.link.from ?? {};
    if (node === undefined || port === undefined || only(this.#graph.from(node, port)) === undefined) return false;
    return (await this.#remote(node)?.receive(port, onTrack)) ?? false;
  }
}

/** The one way that there is, if it is taken whatever happens. */
function only(wires: readonly Wire[]): Wire | undefined {
  const [wire] = wires;
  return wires.length === 1 && wire?.link.branch === undefined && wire?.link.won === undefined ? wire : undefined;
}
