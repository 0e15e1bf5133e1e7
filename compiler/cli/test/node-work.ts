import type { Clock } from "../../../runtime/interface/clock.ts";
import type { NodeContext, NodeDefinition, NodeInstance } from "../../../runtime/interface/node.ts";
import { isGenerator, isPromise } from "../../../runtime/pipeline/outcome.ts";

/** What an instance is at. */
interface Activity {
  readonly name: string;
  /** Calls that have not come back. */
  calls: number;
  /** Timers that it has set, and promises of room that it waits for: time has to go on for these. */
  waits: number;
  /** Nobody waits for it any more. */
  isLeft: boolean;
  close: (() => void | Promise<void>) | undefined;
}

/**
 * Knows whether nodes are at work that takes real time: they read a file, ask a service, have a thread compute. Virtual time stands still
 * for that. Who waits for the clock of the context, or for room behind an output, is not at work.
 */
export class NodeWork {
  readonly #activities = new Set<Activity>();
  #waiting: (() => void)[] = [];

  /** The code, watched. @param name for messages */
  watch(code: NodeDefinition, name: string): NodeDefinition {
    return {
      ...code,
      open: async (params, context) => {
        const activity: Activity = { name, calls: 0, waits: 0, isLeft: false, close: undefined };
        this.#activities.add(activity);
        const instance = await this.#counted(activity, async () => code.open(params, this.#context(activity, context)));
        return this.#watched(activity, instance, code.sync === true);
      },
    };
  }

  /** The name of a node that is at work. */
  get busy(): string | undefined {
    return [...this.#activities].find(isBusy)?.name;
  }

  /** Resolves when that may have changed. */
  change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Time goes on without those that are at work now. @returns their names */
  leave(): string[] {
    const left = [...this.#activities].filter(isBusy);
    for (const one of left) one.isLeft = true;
    return [...new Set(left.map(({ name }) => name))];
  }

  /** Frees what the instances have that nobody has closed. */
  async close(): Promise<void> {
    const open = [...this.#activities].map(({ close }) => close?.());
    this.#activities.clear();
    await Promise.allSettled(open);
  }

  #watched(activity: Activity, instance: NodeInstance, isSync: boolean): NodeInstance {
    activity.close = instance.close?.bind(instance);
    const close = (): void | Promise<void> => {
      this.#activities.delete(activity);
      this.#tell();
      return activity.close?.();
    };
    const counted = <A extends unknown[], R>(call: ((...given: A) => R) | undefined) =>
      call === undefined || isSync
        ? call?.bind(instance)
        : (...given: A): R => this.#result(activity, call.apply(instance, given)) as R;
    const parts = {
      process: counted(instance.process),
      join: counted(instance.join),
      end: counted(instance.end),
      run: counted(instance.run),
      map: instance.map?.bind(instance),
      flush: instance.flush?.bind(instance),
      requestKeyFrame: instance.requestKeyFrame?.bind(instance),
    };
    return { ...Object.fromEntries(Object.entries(parts).filter(([, part]) => part !== undefined)), close };
  }

  #result(activity: Activity, result: unknown): unknown {
    if (isPromise(result)) return this.#counted(activity, async () => this.#result(activity, await result));
    if (!isGenerator(result) || Symbol.iterator in result) return result;
    return this.#each(activity, result);
  }

  /** A generator is at work while the next that it yields is waited for. */
  async *#each(activity: Activity, items: AsyncGenerator): AsyncGenerator {
    try {
      for (;;) {
        const next = await this.#counted(activity, () => items.next());
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      await items.return(undefined);
    }
  }

  async #counted<T>(activity: Activity, work: () => Promise<T>): Promise<T> {
    activity.calls += 1;
    try {
      return await work();
    } finally {
      activity.calls -= 1;
      this.#tell();
    }
  }

  #context(activity: Activity, context: NodeContext): NodeContext {
    const clock: Clock = {
      nowUs: () => context.clock.nowUs(),
      wallMs: () => context.clock.wallMs(),
      schedule: (delayMs, callback) => {
        let isSet = true;
        const over = (): void => {
          if (isSet) activity.waits -= 1;
          isSet = false;
        };
        activity.waits += 1;
        this.#tell();
        const cancel = context.clock.schedule(delayMs, () => {
          over();
          callback();
        });
        return () => {
          over();
          cancel();
        };
      },
    };
    const emit: NodeContext["emit"] = (port, payload, options) => {
      const room = context.emit(port, payload, options);
      if (room === undefined) return undefined;
      activity.waits += 1;
      this.#tell();
      return room.finally(() => (activity.waits -= 1));
    };
    return {
      id: context.id,
      location: context.location,
      session: context.session,
      clock,
      random: context.random,
      formats: context.formats,
      emit,
      // These are made when they are asked for.
      get log() {
        return context.log;
      },
      get metrics() {
        return context.metrics;
      },
      get buffers() {
        return context.buffers;
      },
      get signal() {
        return context.signal;
      },
      get fail() {
        return context.fail;
      },
    };
  }

  #tell(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

function isBusy({ calls, waits, isLeft }: Activity): boolean {
  return calls > 0 && waits === 0 && !isLeft;
}
