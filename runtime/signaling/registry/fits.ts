import { meetTypes } from "../../interface/caps.ts";
import { conditionHolds } from "../../interface/conditions.ts";
import type { Capability } from "../../interface/capabilities.ts";
import type { Query } from "../methods.ts";
import { counterpart } from "./port-match.ts";
import type { AdvertisedPipeline } from "./record.ts";

/** Whether a peer has all that a query asks of it; what is not known of it is not there. */
export function peerFits(provides: readonly Capability[], { where = [] }: Pick<Query, "where">): boolean {
  return where.every((condition) => conditionHolds(condition, provides) === "yes");
}

/**
 * Whether a pipeline takes what the caller sends and gives what it wants, by the rules of links; the session settles the formats. It may give
 * more than is wanted, and leave out no input that it needs.
 */
export function pipelineFits(pipeline: AdvertisedPipeline, query: Query): boolean {
  if (query.batch !== undefined && query.batch !== pipeline.batch) return false;
  const { inputs, outputs, schemas = {} } = query;
  const fed = new Set<string>();
  for (const [name, type] of Object.entries(inputs ?? {})) {
    const port = counterpart(name, inputs ?? {}, pipeline.inputs);
    const theirs = port === undefined ? undefined : pipeline.inputs[port];
    if (port === undefined || theirs === undefined) return false;
    if ("mismatch" in meetTypes(type, theirs.type, { producer: schemas, consumer: pipeline.schemas })) return false;
    fed.add(port);
  }
  if (inputs !== undefined) {
    const missing = Object.entries(pipeline.inputs).some(([port, { type, optional }]) => {
      return !optional && type.kind !== "signal" && !fed.has(port);
    });
    if (missing) return false;
  }
  return Object.entries(outputs ?? {}).every(([name, type]) => {
    const port = counterpart(name, outputs ?? {}, pipeline.outputs);
    const theirs = port === undefined ? undefined : pipeline.outputs[port];
    if (theirs === undefined) return false;
    return !("mismatch" in meetTypes(theirs.type, type, { producer: pipeline.schemas, consumer: schemas }));
  });
}
