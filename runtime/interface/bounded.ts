/**
 * How data from outside is read: schemas with bounds, and what is said of data that breaks them. They are made with Zod
 * Mini, the form of Zod of which a bundler keeps only what is used: a page loads a fifth of what the other form takes.
 */
import * as z from "zod/mini";
import { flawOf } from "./flaw-words.ts";

/** A text of so many UTF-16 code units. */
export function text(min: number, max: number): z.ZodMiniString {
  return z.string().check(...(min > 0 ? [z.minLength(min)] : []), z.maxLength(max));
}

/** A whole number; without `max`, as far as they are exact. */
export function int(min: number, max?: number): z.ZodMiniNumberFormat {
  return z.int().check(z.gte(min), ...(max === undefined ? [] : [z.lte(max)]));
}

/** A list of so many items. */
export function list<Element extends z.ZodMiniType>(
  element: Element,
  min: number,
  max: number,
): z.ZodMiniArray<Element> {
  return z.array(element).check(...(min > 0 ? [z.minLength(min)] : []), z.maxLength(max));
}

/** The first thing that is not as it should be. */
export interface Flaw {
  /** Such as `targets.0.uri`; empty for the value as a whole. */
  readonly path: string;
  readonly message: string;
}

export type Read<T> =
  | { readonly success: true; readonly data: T }
  | { readonly success: false; readonly flaw: Flaw; readonly data?: undefined };

/** Reads data by a schema; never throws for what the data holds. */
export function read<Schema extends z.ZodMiniType>(schema: Schema, data: unknown): Read<z.output<Schema>> {
  const result = z.safeParse(schema, data, { error: flawOf });
  if (result.success) return { success: true, data: result.data };
  const [issue] = result.error.issues;
  return {
    success: false,
    flaw: { path: issue?.path.map(String).join(".") ?? "", message: issue?.message ?? "unreadable" },
  };
}
