import type { FlowType } from "../interface/caps.ts";
import { MeshError } from "../interface/errors.ts";
import type { JsonValue } from "../interface/frame.ts";
import {
  defineNode,
  type NodeContext,
  type NodeDefinition,
  type NodeInstance,
  type ParameterSchema,
  type Params,
  type SchemaIssue,
} from "../interface/node.ts";
import type { NodePlan } from "../interface/plan.ts";
import type { PortKinds, PortKindName } from "../interface/ports.ts";
import { isPromise } from "./outcome.ts";
import { describeExpected, kindCheck } from "./payload-check.ts";

/**
 * Makes an instance of a node, its parameters parsed by what the code declares.
 * @throws {MeshError} `invalid-argument` when parameters or ports are not what the code takes
 */
export function openInstance(
  definition: NodeDefinition,
  plan: Pick<NodePlan, "node">,
  params: Params,
  context: NodeContext,
): NodeInstance | Promise<NodeInstance> {
  checkPorts("input", definition.inputs, context.formats.inputs);
  checkPorts("output", definition.outputs, context.formats.outputs);
  const { parameters } = definition;
  if (parameters === undefined) return definition.open(params, context);
  const open = (parsed: Validated): NodeInstance | Promise<NodeInstance> => {
    if (parsed.issues !== undefined) throw wrongParameters(plan, parsed.issues);
    return definition.open(parsed.value as Params, context);
  };
  const parsed = parameters["~standard"].validate(params);
  return isPromise(parsed) ? parsed.then(open) : open(parsed);
}

type Validated = Awaited<ReturnType<ParameterSchema["~standard"]["validate"]>>;

/** The runtime's own: hands each frame of a matched set on by the output named like its input. */
export const joinNode: NodeDefinition = defineNode({
  sync: true,
  open: (_, { emit }) => ({
    join(frames) {
      for (const [port, { payload, timestampUs, flags }] of Object.entries(frames)) {
        void emit(port, payload, { timestampUs, flags });
      }
    },
  }),
});

function wrongParameters(plan: Pick<NodePlan, "node">, issues: readonly SchemaIssue[]): MeshError {
  const [issue] = issues;
  const path = (issue?.path ?? []).map((part) => String(typeof part === "object" ? part.key : part)).join(".");
  const where = path === "" ? "its parameters" : `its parameter \`${path}\``;
  return new MeshError(
    "invalid-argument",
    `the code of \`${plan.node}\` does not take ${where}: ${issue?.message ?? "not as it should be"}`,
  );
}

/** A payload of each kind that code can declare, to hold against what the signature says. */
const samples: Readonly<Record<Exclude<PortKindName, "value">, JsonValue | Float32Array | Int16Array | Uint8Array>> = {
  floats: new Float32Array(0),
  integers: new Int16Array(0),
  bytes: new Uint8Array(0),
  text: "",
  number: 0,
  boolean: false,
  pulse: null,
};

function checkPorts(
  side: "input" | "output",
  declared: PortKinds | undefined,
  formats: Readonly<Record<string, FlowType>>,
): void {
  for (const [port, { name }] of Object.entries(declared ?? {})) {
    const type = Object.hasOwn(formats, port) ? formats[port] : undefined;
    if (type === undefined) {
      const known = Object.keys(formats).join(", ") || "none";
      throw new MeshError(
        "invalid-argument",
        `its code declares the ${side} \`${port}\`, but its signature has: ${known}.`,
      );
    }
    if (name !== "value" && !kindCheck(type, {})(samples[name])) {
      throw new MeshError(
        "invalid-argument",
        `its code declares \`${name}\` at its ${side} \`${port}\`, but the signature says ${describeExpected(type)}.`,
      );
    }
  }
}
