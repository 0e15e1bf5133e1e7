import type { TopologyPeer, TopologyRemote, TopologySession } from "../../../runtime/interface/topology.ts";
import type { Arrow, Box, Frame, Picture } from "../../graph/picture.ts";
import { connectionText, countsOf, formatsOf, merged, type MergedStream } from "./merged-sessions.ts";

/** The picture of a running mesh: all sessions of a pipeline in one frame, with the sources and sinks at its borders. */
export function pictureOfTopology(peers: readonly TopologyPeer[], title: string): Picture {
  return new Drawing().draw(peers, title);
}

/** Where streams enter and leave a pipeline that is drawn. */
interface Drawn {
  readonly frame: string;
  readonly inputs: ReadonlyMap<string, string>;
  readonly outputs: ReadonlyMap<string, string>;
}

/** What a remote has on its side of a connection, until all frames are there. */
interface Crossing {
  readonly remote: string;
  readonly address: string;
  readonly label: string;
  readonly sinks: ReadonlyMap<string, string>;
  readonly sources: ReadonlyMap<string, string>;
  readonly streams: readonly MergedStream[];
}

class Drawing {
  readonly #arrows: Arrow[] = [];
  readonly #outside = new Map<string, Box>();
  readonly #taken = new Set<string>();
  /** By what callers dial. */
  readonly #pipelines = new Map<string, Drawn>();
  readonly #crossings: Crossing[] = [];

  draw(peers: readonly TopologyPeer[], title: string): Picture {
    const frames = peers.map((peer) => this.#peer(peer));
    for (const crossing of this.#crossings) this.#cross(crossing);
    return { version: 1, title, frames, boxes: [...this.#outside.values()], arrows: this.#arrows };
  }

  #id(...parts: readonly string[]): string {
    // A peer without a name has an address, but ids that begin with a digit are numbers to Graphviz.
    const base = parts
      .map((part) => part.replaceAll(/[^A-Za-z0-9]+/g, "_"))
      .join("_")
      .replace(/^(?=\d)/, "_");
    let id = base;
    for (let count = 2; this.#taken.has(id); count += 1) id = `${base}_${count}`;
    this.#taken.add(id);
    return id;
  }

  #peer({ name, addresses, pipelines }: TopologyPeer): Frame {
    const id = this.#id("peer", name);
    const frames = pipelines.flatMap((pipeline) => {
      const { sessions, unlisted = 0, inputs, outputs } = pipeline;
      const count = (sessions?.length ?? 0) + unlisted;
      const known = count === 0 ? "no session" : `${count} session${count === 1 ? "" : "s"}`;
      const notes = sessions === undefined ? [] : [known];
      const drawn = this.#pipeline([name, pipeline.name], pipeline.name, notes, sessions ?? [], { inputs, outputs });
      for (const address of addresses) {
        this.#pipelines.set(`${address.toLowerCase()}/${encodeURIComponent(pipeline.name)}`, drawn.at);
      }
      return drawn.frames;
    });
    return { id, kind: "peer", label: name, notes: addresses, frames, boxes: [] };
  }

  /** A frame for the sessions of a pipeline, and behind it those of what runs for it in the same process. */
  #pipeline(
    path: readonly string[],
    label: string,
    notes: readonly string[],
    sessions: readonly TopologySession[],
    ports: {
      readonly inputs: Readonly<Record<string, string>>;
      readonly outputs: Readonly<Record<string, string>>;
    },
  ): { readonly frames: readonly Frame[]; readonly at: Drawn } {
    const frame = this.#id("pipeline", ...path);
    const boxes: Box[] = [];
    const add = (name: string, box: Omit<Box, "id">): string => {
      const id = this.#id(...path, name);
      boxes.push({ id, ...box });
      return id;
    };
    const { nodes, streams, remotes } = merged(sessions);
    const border = (kind: "input" | "output", end: "Source" | "Sink"): Map<string, string> => {
      // What stands at the border of a remote is drawn there.
      const own = nodes.filter(({ id, node }) => node.endsWith(`Stream${end}`) && !remotes.has(nodeOf(id)));
      const crossing = new Map(own.map((node) => [node.id, node] as const));
      const side = kind === "input" ? ports.inputs : ports.outputs;
      // Of a pipeline in the same process only its streams tell what it takes and gives.
      const ends = streams.map(({ name }) => name.split(" -> ")[kind === "input" ? 0 : 1] ?? "");
      const linked = ends.filter((one) => one !== "" && !one.includes("."));
      return new Map(
        [...new Set([...Object.keys(side), ...crossing.keys(), ...linked])].map((port) => {
          const node = crossing.get(port);
          const told = node === undefined ? formatsOf(side[port]) : [node.node, ...countsOf(node)];
          return [port, add(port, { kind, label: port, notes: told })] as const;
        }),
      );
    };
    const inputs = border("input", "Source");
    const inner = new Map(
      nodes
        .filter(({ id, node }) => !remotes.has(id) && !/Stream(?:Source|Sink)$/.test(node))
        .map((node) => {
          const own = node.id.replace(/#\d+$/, "");
          const kind = own === node.node ? [] : [node.node];
          return [node.id, add(own, { kind: "node", label: own, notes: [...kind, ...countsOf(node)] })] as const;
        }),
    );
    const more: Frame[] = [];
    const borders = new Map<string, string>();
    for (const [id, all] of remotes) {
      const counts = nodes.filter((node) => node.id === id).flatMap(countsOf);
      more.push(...this.#remote([...path, id], all, counts, add, borders));
    }
    const outputs = border("output", "Sink");
    for (const stream of streams) {
      const [from = "", to = ""] = stream.name.split(" -> ");
      const start = inputs.get(from) ?? borders.get(from) ?? inner.get(nodeOf(from)) ?? borders.get(nodeOf(from));
      const end = outputs.get(to) ?? borders.get(to) ?? inner.get(nodeOf(to)) ?? borders.get(nodeOf(to));
      if (start === undefined || end === undefined) continue;
      this.#arrows.push({ from: start, to: end, kind: kindOf(stream), label: labelOf(stream) });
    }
    const own: Frame = { id: frame, kind: "pipeline", label, notes, frames: [], boxes };
    return { frames: [own, ...more], at: { frame, inputs, outputs } };
  }

  /** @param borders gets the boxes of the remote by `remote`, and those of its sinks and sources by `remote.port` */
  #remote(
    path: readonly string[],
    all: readonly TopologyRemote[],
    counts: readonly string[],
    add: (name: string, box: Omit<Box, "id">) => string,
    borders: Map<string, string>,
  ): readonly Frame[] {
    const id = path.at(-1) ?? "";
    const states = [...new Set(all.map(({ state, target }) => (target === undefined ? state : `${state}: ${target}`)))];
    const standby = [
      ...new Set(all.flatMap((one) => (one.standby === undefined ? [] : [`stands by: ${one.standby}`]))),
    ];
    const box = add(id, { kind: "remote", label: id, notes: [...states, ...standby, ...counts] });
    borders.set(id, box);
    const behind = all.flatMap(({ session, target = "" }) => (session === undefined ? [] : [{ session, target }]));
    const frames: Frame[] = [];
    for (const [address, sessions] of groupBy(behind, ({ session }) => session.connection?.address ?? "")) {
      const inner = sessions.map(({ session }) => session);
      if (address === "") {
        const name = sessions[0]?.target ?? "";
        const drawn = this.#pipeline(path, name, ["in the same process"], inner, { inputs: {}, outputs: {} });
        this.#arrows.push({ from: box, to: drawn.at.frame, kind: "call", label: "" });
        frames.push(...drawn.frames);
        continue;
      }
      const { nodes, streams } = merged(inner);
      const side = (end: "Source" | "Sink"): Map<string, string> =>
        new Map(
          nodes
            .filter(({ node }) => node.endsWith(`Stream${end}`))
            .map((node) => {
              const kind = end === "Sink" ? "output" : "input";
              const name = `${id}.${node.id}`;
              const made = add(name, { kind, label: name, notes: [node.node, ...countsOf(node)] });
              borders.set(name, made);
              return [node.id, made] as const;
            }),
        );
      const label = connectionText(inner);
      this.#crossings.push({ remote: box, address, label, sinks: side("Sink"), sources: side("Source"), streams });
    }
    return frames;
  }

  /** Streams from peer to peer, when all frames are there. */
  #cross({ remote, address, label, sinks, sources, streams }: Crossing): void {
    const target = this.#pipelines.get(address.replace(/^[^/]*\/\/[^/]*/, (one) => one.toLowerCase()));
    const outside = target === undefined ? this.#address(address) : undefined;
    this.#arrows.push({ from: remote, to: target?.frame ?? outside ?? remote, kind: "call", label });
    for (const stream of streams) {
      const sink = sinks.get(stream.name);
      const source = sources.get(stream.name);
      const from = sink ?? target?.outputs.get(stream.name) ?? outside;
      const to = sink === undefined ? source : (target?.inputs.get(stream.name) ?? outside);
      if (from !== undefined && to !== undefined) {
        this.#arrows.push({ from, to, kind: kindOf(stream), label: labelOf(stream) });
      }
    }
  }

  #address(address: string): string {
    const known = this.#outside.get(address);
    if (known !== undefined) return known.id;
    const box: Box = { id: this.#id("address", address), kind: "address", label: address, notes: [] };
    this.#outside.set(address, box);
    return box.id;
  }
}

/** `vad` of `vad.speech`. */
function nodeOf(end: string): string {
  const dot = end.lastIndexOf(".");
  return dot < 0 ? end : end.slice(0, dot);
}

function kindOf({ format }: MergedStream): "stream" | "signal" {
  return format === "signal" ? "signal" : "stream";
}

function labelOf({ format, framesPerSecond, dropped }: MergedStream): string {
  const rate = framesPerSecond === 0 ? [] : [`${rounded(framesPerSecond)}/s`];
  return [format, ...rate, ...(dropped > 0 ? [`${dropped} dropped`] : [])].join(" · ");
}

function rounded(value: number): string {
  return value >= 10 ? String(Math.round(value)) : value.toFixed(1);
}

function groupBy<T>(values: readonly T[], keyOf: (value: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const key = keyOf(value);
    groups.set(key, [...(groups.get(key) ?? []), value]);
  }
  return groups;
}
