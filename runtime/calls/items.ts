import type { CallPayload, ExecuteRequest, ExecuteResponse, PipelineCalls } from "../interface/calls.ts";
import { MeshError } from "../interface/errors.ts";

/** Questions of one request, at most. */
export const maxItems = 1_024;

/** Those of one request that are worked on, or wait, at the same time: others have a right to places too. */
const atOnce = 8;

/** What became of one question: its answer, or why there is none. */
export type ItemResult = { readonly outputs: ExecuteResponse } | { readonly error: MeshError };

export interface ItemsRequest extends Omit<ExecuteRequest, "inputs"> {
  /** The inputs of each question; one that cannot be read throws what is wrong with it. */
  readonly items: readonly (() => Readonly<Record<string, CallPayload>>)[];
}

/**
 * Asks the questions of a list, some at a time. Each is a call of its own: one that fails leaves the others alone.
 * @returns what became of each, in the order of the questions
 * @throws {MeshError} what holds for all of them: `pipeline-not-found`, `invalid-argument` for too many; the signal's reason
 */
export async function executeItems(calls: PipelineCalls, request: ItemsRequest): Promise<ItemResult[]> {
  const { pipeline, params, items, signal, context } = request;
  if (!calls.describe(pipeline).batch) {
    throw new MeshError("invalid-argument", `\`${pipeline}\` is a stream, and cannot be executed.`);
  }
  if (items.length > maxItems) {
    const text = `A request has ${maxItems} items at most, not ${items.length}.`;
    throw new MeshError("invalid-argument", text, { hint: "Make several requests of it." });
  }
  const results: ItemResult[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) {
      signal.throwIfAborted();
      try {
        const inputs = items[index]?.() ?? {};
        results[index] = { outputs: await calls.execute({ pipeline, params, inputs, signal, context }) };
      } catch (error) {
        signal.throwIfAborted();
        results[index] = { error: MeshError.from(error) };
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return results;
}
