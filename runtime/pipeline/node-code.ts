import { MeshError } from "../interface/errors.ts";
import type { NodeInstance } from "../interface/node.ts";
import type { NodePlan } from "../interface/plan.ts";
import type { OutPort } from "./out-port.ts";

/** Code that takes frames, even if it does nothing with them. */
export type Code = Required<Pick<NodeInstance, "process">>;

export const noCode: Code = { process: () => undefined };

export function hasProcess(instance: NodeInstance): instance is NodeInstance & Code {
  return instance.process !== undefined;
}

/** `map` called by frames. Signals, which it does not take, are passed over. */
export function mapCode(instance: NodeInstance, inputs: NodePlan["inputs"]): Code {
  return {
    process: (frame, port) => (inputs[port]?.type.kind === "signal" ? undefined : instance.map?.(frame.payload, frame)),
  };
}

export function wrongPayload(out: OutPort, payload: unknown): MeshError {
  return new MeshError("node-failed", `its output \`${out.name}\` ${out.shape.problemWith(payload)}.`);
}

/** A payload is returned where there are several outputs. */
export function noSole(outputs: readonly string[]): MeshError {
  return new MeshError("node-failed", `it returns a payload, but its outputs are: ${outputs.join(", ")}.`, {
    hint: "Return `emission(port, payload)`.",
  });
}
