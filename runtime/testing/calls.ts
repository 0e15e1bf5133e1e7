import type { NodeDefinition, NodeInstance } from "../interface/node.ts";
import { isGenerator, isPromise } from "../pipeline/outcome.ts";

/** Counts the calls into a node that have not come back, so that a test can wait until it is at rest. */
export class Calls {
  /** How many are at work. */
  pending = 0;
  #waiting: (() => void)[] = [];

  /** The code, counted. Sources are not: they may run for ever. */
  watch(code: NodeDefinition): NodeDefinition {
    return {
      ...(code.sync !== undefined && { sync: code.sync }),
      ...(code.borrows !== undefined && { borrows: code.borrows }),
      ...(code.parameters !== undefined && { parameters: code.parameters }),
      ...(code.inputs !== undefined && { inputs: code.inputs }),
      ...(code.outputs !== undefined && { outputs: code.outputs }),
      open: async (params, context) => {
        const instance = this.#watched(await code.open(params, context));
        this.tell();
        return instance;
      },
    };
  }

  /** Something has happened that may have brought the node to rest. */
  readonly tell = (): void => {
    for (const resolve of this.#waiting.splice(0)) resolve();
  };

  /** Resolves with the next thing that happens. */
  change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #watched(instance: NodeInstance): NodeInstance {
    const counted = <A extends unknown[], R>(call: ((...given: A) => R) | undefined) =>
      call === undefined ? undefined : (...given: A): R => this.#counted(call.apply(instance, given)) as R;
    const parts = {
      process: counted(instance.process),
      join: counted(instance.join),
      end: counted(instance.end),
      map: instance.map?.bind(instance),
      run: instance.run?.bind(instance),
      flush: instance.flush?.bind(instance),
      requestKeyFrame: instance.requestKeyFrame?.bind(instance),
      close: instance.close?.bind(instance),
    };
    return Object.fromEntries(Object.entries(parts).filter(([, part]) => part !== undefined));
  }

  #counted(result: unknown): unknown {
    if (isPromise(result)) return this.#later(result);
    if (isGenerator(result)) return Symbol.iterator in result ? this.#each(result) : this.#eachLater(result);
    return result;
  }

  async #later(result: Promise<unknown>): Promise<unknown> {
    this.pending += 1;
    try {
      return this.#counted(await result);
    } finally {
      this.#done();
    }
  }

  *#each(items: Generator): Generator {
    this.pending += 1;
    try {
      yield* items;
    } finally {
      this.#done();
    }
  }

  async *#eachLater(items: AsyncGenerator): AsyncGenerator {
    this.pending += 1;
    try {
      yield* items;
    } finally {
      this.#done();
    }
  }

  #done(): void {
    this.pending -= 1;
    this.tell();
  }
}
