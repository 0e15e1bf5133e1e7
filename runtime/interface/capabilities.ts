/** What peers provide and what pipelines require. Plain data; part of the plan. */
import * as z from "zod/mini";
import { list, text } from "./bounded.ts";

const name = text(1, 256);

/**
 * A literal with what it measures: `8GiB` is `{ quantity: "size", value: 8589934592 }`. `value` is in the base units of
 * the language (bytes, hertz, microseconds …); a version, a whole number and a number with a point keep their digits
 * as a text, for they are compared part by part.
 */
const literal = /* @__PURE__ */ z.lazy(() =>
  z.strictObject({ quantity: name, value: z.union([text(0, 1024), z.number()]) }),
);

/** A value that may be known only when a pipeline is launched. */
const capabilityValue = /* @__PURE__ */ z.lazy(() =>
  z.union([literal, z.strictObject({ param: name }), z.strictObject({ env: name, default: z.optional(literal) })]),
);

/** `gpu(memory: 24GiB)`, `codecs(opus, vp8)`, `slots(8)`, `gpu`. */
const capabilityObject = () =>
  z.object({
    name,
    /** What stands in the parentheses without a name. */
    values: list(capabilityValue, 0, 64),
    properties: z.record(name, capabilityValue),
  });
const capability = /* @__PURE__ */ z.lazy(capabilityObject);

const comparison = () =>
  z.object({
    kind: z.literal("compare"),
    /** `["gpu", "memory"]` */
    path: list(name, 1, 8),
    operator: z.enum(["==", "!=", ">=", ">", "<=", "<"]),
    value: capabilityValue,
  });

/** One thing that is asked for: any of the alternatives will do. */
const condition = /* @__PURE__ */ z.lazy(() =>
  z.object({
    anyOf: list(
      z.discriminatedUnion("kind", [comparison(), z.object({ ...capabilityObject().shape, kind: z.literal("has") })]),
      1,
      64,
    ),
    /** As the program writes it. */
    text: text(0, 1024),
  }),
);

export const capabilitySchemas = { capability, condition };

export type KnownValue = z.infer<typeof literal>;
export type CapabilityValue = z.infer<typeof capabilityValue>;
export type Capability = z.infer<typeof capability>;
export type Condition = z.infer<typeof condition>;
export type ConditionPart = Condition["anyOf"][number];
