import type { FlowType } from "../interface/caps.ts";
import { MeshError } from "../interface/errors.ts";
import type { Link } from "../interface/link.ts";
import { named } from "../interface/named.ts";
import type { PortPlan, RemotePlan } from "../interface/plan.ts";
import type { PipelineSession } from "../interface/session.ts";
import { EntryLink, type Tickets } from "./border.ts";
import type { BoundedChannel } from "./bounded-channel.ts";
import { CallerLink, Heard } from "./caller-link.ts";
import { EndingRemote, type Ending } from "./ending.ts";
import { failureAt } from "./failures.ts";
import { HeldLink } from "./held-link.ts";
import type { KeyFrameRoutes, KeyFrameSource } from "./key-frame-routes.ts";
import { liveOfRemote } from "./live-links.ts";
import type { Cells } from "./negotiation.ts";
import { Carriage } from "./pump.ts";
import type { RunningRemote } from "./running-remote.ts";
import type { SessionCommon } from "./session-common.ts";
import type { WiringParts } from "./wiring.ts";

/** What belongs to one remote. */
interface Remote {
  readonly plan: RemotePlan;
  readonly running: RunningRemote;
  /** What it sends comes in here. */
  readonly borders: readonly EntryLink[];
  readonly entries: ReadonlyMap<string, EntryLink>;
  /** What stands before them until the formats of all are settled. */
  readonly held: readonly HeldLink[];
  /** They do not share one, for every wait puts a listener on its signal, and an engine takes many listeners on one for a leak. */
  readonly abort: AbortController;
  /** The newest epoch that it was told of; what it gets is no older, whoever has sent it. */
  readonly told: Heard;
  /** Of a batch remote: the calls that it has in work. */
  readonly tickets: Tickets | undefined;
}

/** Why the formats of a round do not go together. */
interface Unsettled {
  readonly remote: RemotePlan;
  readonly error: unknown;
  /** Another format could have done. */
  readonly byFormat: boolean;
}

/** The remotes of a session: what goes to them and what comes from them. */
export class SessionRemotes {
  readonly #common: SessionCommon;
  readonly #remotes = new Map<string, Remote>();
  readonly #carriages: Carriage[] = [];
  #stopped: MeshError | undefined;

  constructor(common: SessionCommon) {
    this.#common = common;
  }

  get all(): RunningRemote[] {
    return [...this.#remotes.values()].map(({ running }) => running);
  }

  /** One of them; undefined for the id of another. */
  get(id: string): RunningRemote | undefined {
    return this.#remotes.get(id)?.running;
  }

  /**
   * Opens those whose formats are not settled. What a remote settles on may be what its neighbours here have to speak, so
   * that comes first, one after another. One that is left without a format by those before it goes first in another round:
   * what it chooses may do for them as well.
   * @returns those that are left
   * @throws {MeshError} when no order that was tried gives all of them a format, or one cannot be had at all
   */
  async openUnsettled(parts: WiringParts): Promise<RemotePlan[]> {
    const { plan, cells } = this.#common.init;
    const open = plan.remotes.filter((remote) => isOpen(remote, cells));
    const before = cells.copy();
    const tried = new Set<string>();
    let order = open;
    for (;;) {
      tried.add(keyOf(order));
      const failed = await this.#settleInTurn(order, parts);
      if (failed === undefined) break;
      order = [failed.remote, ...order.filter((remote) => remote !== failed.remote)];
      if (!failed.byFormat || tried.has(keyOf(order))) throw failed.error;
      await this.#drop(open);
      if (this.#stopped !== undefined) throw this.#stopped;
      cells.restore(before);
    }
    for (const { id } of open) {
      for (const link of this.#remotes.get(id)?.held ?? []) link.release();
    }
    return plan.remotes.filter((remote) => !open.includes(remote));
  }

  /** @returns the first that gets no session, or whose formats do not go together; undefined when all are open */
  async #settleInTurn(order: readonly RemotePlan[], parts: WiringParts): Promise<Unsettled | undefined> {
    const { cells } = this.#common.init;
    for (const remote of order) {
      let agreed: PipelineSession["formats"];
      try {
        agreed = await this.#open(remote, parts, true);
      } catch (error) {
        const failures = this.#remotes.get(remote.id)?.running.describe().failures ?? [];
        return { remote, error, byFormat: failures.some(({ code }) => code === "format-mismatch") };
      }
      for (const side of ["inputs", "outputs"] as const) {
        for (const [port, type] of Object.entries(agreed[side])) {
          const own = remote[side][port]?.type;
          const unequal = own && cells.narrow(own, type);
          if (unequal !== undefined) return { remote, error: unequalSides(remote, port, unequal), byFormat: true };
        }
      }
    }
    return undefined;
  }

  /** Gives up the sessions with them, before anything of these has come in. */
  async #drop(remotes: readonly RemotePlan[]): Promise<void> {
    const error = new MeshError("cancelled", "Formats are negotiated in another order.");
    await Promise.allSettled(
      remotes.map(({ id }) => {
        const remote = this.#remotes.get(id);
        for (const link of remote?.held ?? []) link.drop();
        this.#remotes.delete(id);
        return remote?.running.close(error);
      }),
    );
  }

  /** @throws {MeshError} when no target can be had, unless it is a branch of a `first`, where others may do */
  async open(plan: RemotePlan, parts: WiringParts): Promise<void> {
    try {
      await this.#open(plan, parts, false);
    } catch (error) {
      if (this.#stopped !== undefined || this.#remotes.get(plan.id)?.tickets === undefined) throw error;
    }
  }

  #open(plan: RemotePlan, parts: WiringParts, hold: boolean): ReturnType<RunningRemote["open"]> {
    const { init, session, wiring } = this.#common;
    const { deps, cells, params, schemas, graph } = init;
    const abort = new AbortController();
    const types = (ports: Readonly<Record<string, PortPlan>>, linked: (port: string) => boolean) =>
      Object.fromEntries(
        Object.entries(ports)
          .filter(([port]) => linked(port))
          .map(([port, { type }]): [string, FlowType] => [port, cells.fill(type)]),
      );
    const tickets: Tickets | undefined = plan.batch === true && graph.called.has(plan.id) ? [] : undefined;
    const entries = new Map<string, EntryLink>();
    const held: HeldLink[] = [];
    const outputs = named<Link>();
    for (const port of Object.keys(plan.outputs)) {
      const border = this.#border(plan, port, tickets, parts);
      if (border === undefined) continue;
      entries.set(port, border);
      outputs[port] = border;
      if (!hold) continue;
      const link = new HeldLink(border);
      held.push(link);
      outputs[port] = link;
    }
    const running = deps.openRemote({
      plan,
      pipeline: init.plan.name,
      session: session.id,
      context: () => session.passedOn,
      params,
      formats: {
        inputs: types(plan.inputs, (port) => wiring.before(plan.id, port).length > 0),
        outputs: types(plan.outputs, (port) => Object.hasOwn(outputs, port)),
      },
      live: liveOfRemote(graph, plan.id, plan.inputs, plan.outputs),
      schemas,
      outputs,
      signal: abort.signal,
      deadlineUs: init.request.deadlineUs,
      onEvent: deps.onEvent,
    });
    const borders = [...entries.values()];
    this.#remotes.set(plan.id, { plan, running, borders, entries, held, told: new Heard(), tickets, abort });
    return running.open();
  }

  flush(nodes: ReadonlySet<string>, epoch: number): void {
    for (const id of nodes) {
      const remote = this.#remotes.get(id);
      if (remote === undefined) continue;
      for (const border of remote.borders) border.adopt(epoch);
      remote.told.epoch = epoch;
      for (const link of Object.values(remote.running.inputs)) link.flush?.(epoch);
      if (remote.tickets !== undefined) remote.tickets.length = 0;
    }
  }

  start(ending: Ending, keyFrames: KeyFrameRoutes): void {
    for (const remote of this.#remotes.values()) {
      for (const [port, link] of Object.entries(remote.running.inputs)) {
        if (remote.plan.inputs[port]?.type.kind !== "video") continue;
        link.onKeyFrameRequest?.(() => keyFrames.into(remote.plan.id, port));
      }
      this.#start(remote, ending);
    }
  }

  /** One of them, to be asked for a key frame; undefined for the id of another. */
  keyFrameSource(id: string): KeyFrameSource | undefined {
    const remote = this.#remotes.get(id);
    return remote && { requestKeyFrame: (port) => remote.entries.get(port)?.requestKeyFrame() === true };
  }

  /** Frames that have gone to remotes or come from them. */
  get carried(): number {
    let sum = 0;
    for (const { plan, borders } of this.#remotes.values()) {
      for (const channel of this.#common.wiring.onward(plan.id)) sum += channel.frames - channel.size;
      for (const border of borders) sum += border.frames;
    }
    return sum;
  }

  /** Nothing goes to them any more. */
  stop(reason: MeshError): void {
    this.#stopped = reason;
    for (const { abort, borders } of this.#remotes.values()) {
      abort.abort(reason);
      for (const border of borders) border.shut(reason);
    }
    for (const carriage of this.#carriages) carriage.stop(reason);
  }

  close(error: MeshError | undefined): Promise<unknown> {
    return Promise.allSettled(this.all.map((remote) => remote.close(error)));
  }

  /** Where an output comes in; undefined where nothing reads it. */
  #border(plan: RemotePlan, port: string, tickets: Tickets | undefined, parts: WiringParts): EntryLink | undefined {
    const { wiring, onEpoch, onFailure } = this.#common;
    const spread = wiring.spread(plan.id, port, parts);
    if (spread.outlet === undefined) return undefined;
    return new EntryLink({
      name: `${plan.id}.${port}`,
      spread,
      ...(tickets !== undefined && { tickets }),
      onEpoch: (epoch) => onEpoch({ node: plan.id, port }, epoch),
      onAbort: onFailure,
    });
  }

  #start({ plan, running, borders, told, tickets }: Remote, ending: Ending): void {
    const { wiring, onFailure } = this.#common;
    const ports = Object.keys(plan.inputs);
    const onward = wiring.onward(plan.id);
    const end = new EndingRemote(plan.id, onward);
    ending.add(end);
    const linked = ports.flatMap((port): [string, Link][] => {
      const link = running.inputs[port];
      return link === undefined ? [] : [[port, link]];
    });
    const discard = (port: string): void => {
      for (const channel of wiring.before(plan.id, port)) channel.discard();
    };
    let left = linked.length;
    let lost = false;
    /** What is asked of one that is lost fails elsewhere; when nothing more is asked, it has given all that it will. */
    const endIfLost = (): void => {
      if (lost && left === 0) for (const border of borders) border.end();
    };
    for (const [port, link] of linked) {
      const channels = wiring.before(plan.id, port);
      const forth = channels.filter((channel) => onward.includes(channel));
      const back = channels.filter((channel) => !onward.includes(channel));
      const target = new CallerLink(link, told, undefined, channels.length > 1);
      this.#carry(back, target, tickets, () => undefined);
      this.#carry(forth, target, tickets, () => {
        if (back.length === 0) link.end();
        left -= 1;
        endIfLost();
        if (left > 0 || onward.length === 0) return;
        // As with a node, what closes a loop ends with all that comes from elsewhere.
        for (const [other, looped] of linked) {
          discard(other);
          looped.end();
        }
      });
    }
    void running.closed.then(({ error }) => {
      if (error !== undefined) {
        const asked = tickets?.splice(0) ?? [undefined];
        if (asked.includes(undefined)) {
          onFailure(error);
          return;
        }
        // Others of the `first` may still answer: none of its branches is needed as long as one is left.
        const failure = failureAt(
          { id: plan.id, pipeline: this.#common.init.plan.name, location: plan.location },
          error,
        );
        for (const ticket of asked) ticket?.fail(failure);
        lost = true;
        endIfLost();
      } else ports.forEach(discard);
      end.ended = true;
      ending.look();
    });
  }

  #carry(channels: readonly BoundedChannel[], link: Link, tickets: Tickets | undefined, onEnd: () => void): void {
    const { soon, onFailure } = this.#common;
    const carriage = new Carriage(channels, link, {
      soon,
      tickets,
      onEnd,
      onFailure,
    });
    this.#carriages.push(carriage);
    carriage.start();
  }
}

function keyOf(order: readonly RemotePlan[]): string {
  return order.map(({ id }) => id).join();
}

function unequalSides({ id, location }: RemotePlan, port: string, dimension: string): MeshError {
  const message = `\`${id}.${port}\` was settled with a ${dimension} that has to be the same as another dimension, and is not.`;
  return new MeshError("format-mismatch", message, { location });
}

function isOpen(remote: RemotePlan, cells: Cells): boolean {
  return [...Object.values(remote.inputs), ...Object.values(remote.outputs)].some(({ type }) => cells.isOpen(type));
}
