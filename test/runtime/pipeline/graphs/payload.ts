/** A name and a number as bytes of which each shows whether they are still what was written. */
import type { Payload } from "../../../../runtime/interface/frame.ts";

/** @param make gives memory of so many bytes, whatever is in it */
export function payloadOf(name: string, number: number, make: (length: number) => Uint8Array): Uint8Array {
  const text = `${name}:${number}`;
  // Of several lengths, so that memory is seen as longer and as shorter than it was before.
  const payload = make(40 + (number % 3) * 30);
  payload.fill(sumOf(text));
  payload[0] = text.length;
  for (let index = 0; index < text.length; index += 1) payload[index + 1] = text.charCodeAt(index);
  return payload;
}

/** `n2:7`; what is not whole any more shows it. */
export function textOf(payload: Payload): string {
  const given = payload as Uint8Array;
  const length = given[0] ?? 0;
  const text = String.fromCharCode(...given.subarray(1, 1 + length));
  const sum = sumOf(text);
  return given.subarray(1 + length).every((one) => one === sum) ? text : `torn ${text}`;
}

function sumOf(text: string): number {
  let sum = 7;
  for (let index = 0; index < text.length; index += 1) sum = (sum * 31 + text.charCodeAt(index)) & 0xff;
  return sum;
}
