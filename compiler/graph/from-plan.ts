import { fillCells, formatType, isCell } from "../../runtime/interface/caps.ts";
import type {
  LinkEnd,
  LinkPlan,
  PeerPlan,
  PipelinePlan,
  Plan,
  PlanValue,
  RemotePlan,
  TargetPlan,
} from "../../runtime/interface/plan.ts";
import type { Arrow, Box, Frame, Picture, PicturePlace } from "./picture.ts";

/** The picture of a plan: peers with what they run, and pipelines that no peer runs. */
export function pictureOf(plan: Plan, title: string): Picture {
  return new Drawing(plan).draw(title);
}

/** Deeper nesting is a circle of local targets. */
const maxDepth = 16;

/** A target of a remote, to be drawn when all frames are there. */
interface Call {
  readonly from: string;
  readonly target: TargetPlan;
  readonly label: string;
  readonly at: PicturePlace;
}

class Drawing {
  readonly #plan: Plan;
  readonly #arrows: Arrow[] = [];
  readonly #outside = new Map<string, Box>();
  /** Frames of what peers run, by peer and name; and pipelines drawn by themselves, by key. */
  readonly #runs = new Map<string, string>();
  readonly #calls: Call[] = [];
  readonly #taken = new Set<string>();

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  draw(title: string): Picture {
    const peers = Object.entries(this.#plan.peers).map(([key, peer]) => this.#peer(key, peer));
    const run = new Set(Object.values(this.#plan.peers).flatMap((peer) => peer.runs.map((one) => one.pipeline)));
    const local = new Set(
      Object.values(this.#plan.pipelines).flatMap((one) =>
        one.remotes.flatMap((remote) =>
          remote.targets.flatMap((target) => (target.kind === "local" ? [target.pipeline] : [])),
        ),
      ),
    );
    // What has been put in the place of a node is drawn there.
    const inlined = new Set(
      Object.values(this.#plan.pipelines).flatMap((one) => (one.inlined ?? []).map(({ pipeline }) => pipeline)),
    );
    const rest = Object.entries(this.#plan.pipelines).filter(
      ([key]) => !run.has(key) && !local.has(key) && !inlined.has(key),
    );
    const alone = rest.map(([key, pipeline]) => this.#pipeline(key, pipeline, {}, 0).frames).flat();
    for (const call of this.#calls) this.#call(call);
    return {
      version: 1,
      title,
      frames: [...peers, ...alone],
      boxes: [...this.#outside.values()],
      arrows: this.#arrows,
    };
  }

  #id(...parts: readonly string[]): string {
    const base = parts.map((part) => part.replaceAll(/[^A-Za-z0-9]+/g, "_")).join("_");
    let id = base;
    for (let count = 2; this.#taken.has(id); count += 1) id = `${base}_${count}`;
    this.#taken.add(id);
    return id;
  }

  #peer(key: string, peer: PeerPlan): Frame {
    const frames = peer.runs.flatMap((run) => {
      const pipeline = this.#plan.pipelines[run.pipeline];
      if (pipeline === undefined) return [];
      const notes = [
        ...(run.as === pipeline.name ? [] : [`as "${run.as}"`]),
        ...(run.shared === true ? ["one instance for all"] : []),
      ];
      const drawn = this.#pipeline(run.pipeline, pipeline, { notes }, 0);
      const [first] = drawn.frames;
      if (first !== undefined) this.#runs.set(`${key}/${run.as}`, first.id);
      return drawn.frames;
    });
    const provided = (peer.provides ?? []).map((one) => one.name);
    const notes = [
      ...peer.listens.map(valueText),
      ...(provided.length === 0 ? [] : [`provides ${[...new Set(provided)].join(", ")}`]),
    ];
    const at = peer.location;
    return { id: this.#id("peer", key), kind: "peer", label: peer.name, notes, frames, boxes: [], at };
  }

  /** A frame for a pipeline, and behind it those of the local pipelines that its remotes may use. */
  #pipeline(
    key: string,
    plan: PipelinePlan,
    shown: { readonly label?: string; readonly notes?: readonly string[] },
    depth: number,
  ): { frames: Frame[] } {
    const frame = this.#id("pipeline", key);
    const ids = new Map<string, string>();
    const boxes: Box[] = [];
    /** An input and a node may share a name, so the ids that links use are told apart by what comes before the colon. */
    const add = (name: string, box: Omit<Box, "id">): void => {
      const id = this.#id(key, name.replace(/^\w+:/, ""));
      ids.set(name, id);
      boxes.push({ id, ...box });
    };
    for (const name of Object.keys(plan.inputs)) add(`in:${name}`, { kind: "input", label: name, notes: [] });
    for (const node of plan.nodes) {
      const own = node.id.replace(/#\d+$/, "");
      const inside = own === node.node || own.endsWith(`/${node.node}`) ? [] : [node.node];
      const kind = node.inserted === true ? "converter" : "node";
      const told = kind === "converter" ? ["put in by ~>"] : inside;
      add(`node:${node.id}`, { kind, label: own, notes: told, at: node.location, node: node.id });
    }
    const more: Frame[] = [];
    for (const remote of plan.remotes) {
      const { id, interface: contract, location: at } = remote;
      add(`node:${id}`, { kind: "remote", label: id, notes: [contract], at, node: id });
      const from = ids.get(`node:${remote.id}`);
      if (from !== undefined) more.push(...this.#targets(from, remote, depth));
    }
    for (const name of Object.keys(plan.outputs)) add(`out:${name}`, { kind: "output", label: name, notes: [] });
    this.#links(plan, ids);
    const { label = plan.name, notes = [] } = shown;
    const own = { label, notes, frames: [], boxes, at: plan.location, pipeline: plan.name };
    return { frames: [{ id: frame, kind: "pipeline", ...own }, ...more] };
  }

  /** Arrows to targets are drawn when all frames are there; local pipelines get a frame of their own here. */
  #targets(from: string, remote: RemotePlan, depth: number): Frame[] {
    return remote.targets.flatMap((target, index) => {
      const label = index === 0 ? "at" : `else ${index + 1}`;
      const pipeline = target.kind === "local" ? this.#plan.pipelines[target.pipeline] : undefined;
      if (target.kind !== "local" || pipeline === undefined || depth >= maxDepth) {
        this.#calls.push({ from, target, label, at: remote.location });
        return [];
      }
      const shown = { label: target.text, notes: ["in the same process"] };
      const drawn = this.#pipeline(target.pipeline, pipeline, shown, depth + 1);
      const [first] = drawn.frames;
      if (first !== undefined) this.#arrows.push({ from, to: first.id, kind: "call", label, at: remote.location });
      return drawn.frames;
    });
  }

  #call({ from, target, label, at }: Call): void {
    if (target.kind === "peer") {
      const to = this.#runs.get(`${target.peer}/${target.pipeline}`);
      if (to !== undefined) this.#arrows.push({ from, to, kind: "call", label, at });
      return;
    }
    if (target.kind === "local") return;
    const key = target.kind === "uri" ? valueText(target.uri) : target.service;
    const known = this.#outside.get(`${target.kind}:${key}`);
    const box: Box = known ?? {
      id: this.#id(target.kind, key),
      kind: target.kind === "uri" ? "address" : "service",
      label: key,
      notes: target.kind === "service" ? ["service", ...target.where.map((one) => one.text)] : [],
    };
    this.#outside.set(`${target.kind}:${key}`, box);
    this.#arrows.push({ from, to: box.id, kind: "call", label, at });
  }

  #links(plan: PipelinePlan, ids: ReadonlyMap<string, string>): void {
    const idOf = (end: LinkEnd, border: "in" | "out"): string | undefined =>
      ids.get(end.node === undefined ? `${border}:${end.port}` : `node:${end.node}`);
    for (const link of plan.links) {
      const from = idOf(link.from, "in");
      const to = idOf(link.to, "out");
      if (from === undefined || to === undefined) continue;
      const kind = link.type.kind === "signal" ? "signal" : "stream";
      const label = [...waysOf(plan, link), formatOf(plan, link)].join(" ");
      const stream = `${endName(link.from)} -> ${endName(link.to)}`;
      this.#arrows.push({ from, to, kind, label, at: link.location, stream });
    }
    for (const flush of plan.flushes ?? []) {
      const from = idOf(flush.from, "in");
      const [target] = flush.nodes;
      const to = target === undefined ? undefined : ids.get(`node:${target}`);
      if (from !== undefined && to !== undefined) {
        this.#arrows.push({ from, to, kind: "flush", label: "flush", at: flush.location });
      }
    }
  }
}

/** As the runtime names the ends of a stream. */
function endName({ node, port }: LinkEnd): string {
  return node === undefined ? port : `${node}.${port}`;
}

function formatOf(plan: PipelinePlan, { type }: LinkPlan): string {
  const cells = plan.cells.map(({ allowed }) => (allowed === null || isCell(allowed) ? undefined : allowed));
  // The key of a record names its module where two are named alike; in a picture the name is enough.
  return formatType(fillCells(type, cells)).replaceAll(/ \([^()]*\)/g, "");
}

/** `"en":` for a case of a route, `any round_robin:` for one branch of several. */
function waysOf(plan: PipelinePlan, link: LinkPlan): string[] {
  return (link.branch ?? []).map(({ split, branch }) => {
    const found = plan.splits?.find((one) => one.id === split);
    if (found?.kind === "any") return `any ${found.policy}:`;
    if (found?.kind === "first") return `first, ${branch + 1}:`;
    const one = found?.cases[branch];
    if (one === undefined || "else" in one) return "else:";
    return "equals" in one ? `${valueText(one.equals)}:` : `${one.min ?? ""}..${one.max ?? ""}:`;
  });
}

function valueText(value: PlanValue): string {
  if ("literal" in value) return typeof value.literal === "string" ? value.literal : JSON.stringify(value.literal);
  if ("param" in value) return value.param;
  if ("env" in value) return value.default === undefined ? `env ${value.env}` : String(value.default);
  return "";
}
