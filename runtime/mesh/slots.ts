import type { LoadMeter } from "../balancing/load-meter.ts";
import type { Capability } from "../interface/capabilities.ts";
import { MeshError } from "../interface/errors.ts";
import type { PipelineSession } from "../interface/session.ts";

/** As in reports to a signaling service. */
const slotsAtMost = 1_000_000;

/** When to come again where it is not known how long the work takes, in milliseconds. */
const retryMs = 500;
const retryMinMs = 10;
const retryMaxMs = 10_000;

/**
 * How many sessions and calls of others a peer takes at the same time: `provides slots(8)`.
 * @returns undefined for as many as come
 * @throws {MeshError} `invalid-argument` for what is no such number
 */
export function slotsOf(peer: string, provides: readonly Capability[]): number | undefined {
  const slots = provides.find(({ name }) => name === "slots");
  if (slots === undefined) return undefined;
  const [first] = slots.values;
  const count = first !== undefined && "value" in first ? Number(first.value) : Number.NaN;
  if (slots.values.length === 1 && Number.isInteger(count) && count >= 1 && count <= slotsAtMost) return count;
  throw new MeshError("invalid-argument", `The \`slots\` of the peer \`${peer}\` are not one whole number.`, {
    hint: `Write how many sessions and calls it takes at the same time, from 1 to ${slotsAtMost}: \`provides slots(8)\`.`,
  });
}

/** Takes sessions and calls of others as long as there is a slot, and measures them. */
export class Slots {
  readonly #peer: string;
  readonly #meter: LoadMeter;

  constructor(peer: string, meter: LoadMeter) {
    this.#peer = peer;
    this.#meter = meter;
  }

  /** @throws {MeshError} `resource-exhausted`, before any work, when all are in use; what `open` rejects with */
  async session(open: () => Promise<PipelineSession>): Promise<PipelineSession> {
    const work = this.#take();
    try {
      const session = await open();
      void session.closed.then(() => work.released());
      return session;
    } catch (error) {
      work.released();
      throw error;
    }
  }

  /** @throws {MeshError} as `session` does */
  async call<T>(run: () => Promise<T>): Promise<T> {
    const work = this.#take();
    try {
      const value = await run();
      work.ended();
      return value;
    } catch (error) {
      work.released();
      throw error;
    }
  }

  #take(): ReturnType<LoadMeter["arrived"]> {
    if (!this.#meter.full) return this.#meter.arrived();
    const { slots = 1, serviceMs } = this.#meter.report();
    const text = `All slots of the peer \`${this.#peer}\` (${slots}) are in use.`;
    const nextMs = serviceMs === undefined ? retryMs : Math.ceil(serviceMs / slots);
    throw new MeshError("resource-exhausted", text, {
      hint: "Come again later, or call another peer.",
      retryAfterMs: Math.min(retryMaxMs, Math.max(retryMinMs, nextMs)),
    });
  }
}
