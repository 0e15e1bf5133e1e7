import { Emission } from "../interface/node.ts";

/** What a call into the code of a node may give back, told apart. */

export function isPromise<T>(value: T): value is T & Promise<Awaited<T>> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}

/** Payloads may be lists, but none of them has a `next` that can be called. */
export function isGenerator(value: unknown): value is Generator | AsyncGenerator {
  return typeof value === "object" && value !== null && typeof (value as { next?: unknown }).next === "function";
}

/** False for what is to be waited for, gone through, or sent by a port that it names; of what is an object or null. */
export function isPlain(value: object | null): boolean {
  if (value === null || ArrayBuffer.isView(value)) return true;
  return !(isPromise(value) || isGenerator(value) || value instanceof Emission);
}

/** For code that goes on after the end: who awaits it stops, who does not is not brought down by it. */
export function refused(reason: unknown): Promise<void> {
  const promise = Promise.reject<void>(reason as Error);
  promise.catch(ignore);
  return promise;
}

export function ignore(): undefined {
  return undefined;
}
