import { delay } from "../../runtime/interface/clock.ts";
import { MeshError } from "../../runtime/interface/errors.ts";
import type { MeshEvent } from "../../runtime/interface/events.ts";
import type { Frame } from "../../runtime/interface/frame.ts";
import type { Link } from "../../runtime/interface/link.ts";
import { launchPlan, type Mesh } from "../../runtime/mesh/launch.ts";
import type { Plan } from "../../runtime/interface/plan.ts";
import { text } from "../support/pipeline-plan-builder.ts";
import type { Process } from "../../runtime/simulation/machine.ts";
import { addressOf, echo } from "./program.ts";
import type { ClientSpec } from "./scenario.ts";
import type { Stream, Streams } from "./truth/streams.ts";
import type { World } from "../../runtime/simulation/world.ts";

/** Between a session that could not be had, or has ended, and the next. */
const againMs = 400;

export interface ClientInit {
  readonly world: World;
  readonly process: Process;
  readonly plan: Plan;
  readonly spec: ClientSpec;
  readonly services: readonly string[];
  readonly streams: Streams;
  /** As `Stream` has it. */
  readonly keeps: boolean;
  readonly onEvent: (event: MeshEvent) => void;
}

/** A program that keeps up some streams through its remote, as long as it is not told to stop. */
export class Client {
  readonly process: Process;
  readonly spec: ClientSpec;
  /** The streams that it has now. */
  readonly current = new Map<number, Stream>();
  readonly #init: ClientInit;
  readonly #bySession = new Map<string, Stream>();
  /** Of sessions that are still being opened. */
  readonly #early = new Map<string, Stream["events"]>();
  #mesh: Mesh | undefined;
  #stopping = false;
  #failure: MeshError | undefined;
  #done: Promise<unknown> = Promise.resolve();

  constructor(init: ClientInit) {
    this.#init = init;
    this.process = init.process;
    this.spec = init.spec;
  }

  /** Why the last attempt to open a session has failed; undefined after one that has not. */
  get failure(): MeshError | undefined {
    return this.#failure;
  }

  async start(): Promise<void> {
    const { world, process, plan, spec, services, streams } = this.#init;
    const node = echo(process, streams, { slowMs: 0 });
    this.#mesh = await launchPlan(plan, world.platform(process), {
      peers: [spec.name],
      registry: () => node,
      discovers: services.map(addressOf),
      onEvent: (event) => this.#note(event),
    });
    this.#done = Promise.all(Array.from({ length: spec.streams }, (_, index) => this.#keepUp(index)));
  }

  /** Ends all streams in good order; resolves when they are over. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#done;
  }

  async close(): Promise<void> {
    await this.#mesh?.close();
  }

  #note(event: MeshEvent): void {
    const { world, onEvent } = this.#init;
    onEvent(event);
    if (event.kind !== "remote-connecting" && event.kind !== "remote-connected" && event.kind !== "remote-failed")
      return;
    const noted = { atMs: world.nowMs, event };
    const events = this.#bySession.get(event.session)?.events ?? this.#early.get(event.session);
    if (events === undefined) this.#early.set(event.session, [noted]);
    else events.push(noted);
  }

  async #keepUp(index: number): Promise<void> {
    const { clock, random } = this.process;
    const { streams, spec } = this.#init;
    for (let count = 0; !this.#stopping; count += 1) {
      const stream = streams.begin(
        `${spec.name}.${this.process.incarnation}.${index}.${count}`,
        spec.name,
        this.#init.keeps,
      );
      this.current.set(index, stream);
      await this.#live(stream);
      this.current.delete(index);
      if (!this.#stopping) await delay(clock, againMs * (0.5 + random.next()));
    }
  }

  async #live(stream: Stream): Promise<void> {
    const { world, spec, streams } = this.#init;
    const consumer = new Consumer(stream, this.#init);
    let session: Awaited<ReturnType<Mesh["open"]>>;
    try {
      session = await (this.#mesh as Mesh).open(spec.name, {
        params: {},
        inputs: { a: text },
        outputs: { b: { type: text, link: consumer } },
        schemas: {},
        signal: new AbortController().signal,
      });
      this.#failure = undefined;
    } catch (error) {
      this.#failure = MeshError.from(error);
      streams.closed(stream, this.#failure);
      return;
    }
    stream.openedMs = world.nowMs;
    stream.events.push(...(this.#early.get(session.id) ?? []));
    this.#early.delete(session.id);
    this.#bySession.set(session.id, stream);
    let over = false;
    const closed = session.closed.then(({ error }) => {
      over = true;
      streams.closed(stream, error);
      this.#bySession.delete(session.id);
    });
    consumer.pauseNowAndThen(() => over);
    await this.#feed(stream, session.inputs["a"] as Link, () => over);
    await closed;
  }

  async #feed(stream: Stream, input: Link, isOver: () => boolean): Promise<void> {
    const { clock, random } = this.process;
    const { streams, spec } = this.#init;
    const {
      everyMs: [leastMs, mostMs],
      burst,
      burstShare,
    } = spec;
    while (!isOver() && !this.#stopping) {
      let count = burst > 0 && random.next() < burstShare ? burst : 1;
      for (; count > 0 && input.writable && !isOver(); count -= 1) {
        const payload = streams.payload(stream);
        const seq = stream.acceptedMs.length;
        // It may come out before `send` returns.
        streams.accepted(stream);
        try {
          input.send({ timestampUs: seq * 1_000, seq, epoch: 0, flags: 0, payload });
        } catch {
          // The session is over, and tells so in a moment.
          streams.notAccepted(stream);
          return;
        }
      }
      await delay(clock, leastMs + random.next() * (mostMs - leastMs));
    }
    stream.ended = true;
    input.end();
  }
}

/** Takes what comes out; now and then it has no room for a while. */
class Consumer implements Link {
  readonly #stream: Stream;
  readonly #init: ClientInit;
  #waiting: (() => void)[] = [];
  writable = true;

  constructor(stream: Stream, init: ClientInit) {
    this.#stream = stream;
    this.#init = init;
  }

  async ready(): Promise<void> {
    while (!this.writable) await new Promise<void>((resolve) => void this.#waiting.push(resolve));
  }

  send(frame: Frame): void {
    this.#init.streams.got(this.#stream, String(frame.payload));
  }

  end(): void {
    // Told by the session as well.
  }

  abort(): void {
    // Told by the session as well.
  }

  pauseNowAndThen(isOver: () => boolean): void {
    const { spec, process } = this.#init;
    if (spec.pausesMs === 0) return;
    const { clock, random } = process;
    const again = async (): Promise<void> => {
      while (!isOver()) {
        await delay(clock, 100 + random.next() * 1_000);
        this.writable = isOver();
        await delay(clock, random.next() * spec.pausesMs);
        this.writable = true;
        for (const resolve of this.#waiting.splice(0)) resolve();
      }
    };
    void again();
  }
}
