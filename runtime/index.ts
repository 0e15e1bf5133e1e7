/** What every door of the runtime has, whatever platform it is for. */
export type { PipelineDescription, PortDescription } from "./interface/description.ts";
export { errorCodes, formatLocation, MeshError } from "./interface/errors.ts";
export type { ErrorCode, Location } from "./interface/errors.ts";
export type { MeshEvent, OnEvent } from "./interface/events.ts";
export { FrameFlag } from "./interface/frame.ts";
export type { Frame, JsonValue, Payload } from "./interface/frame.ts";
export type { Link } from "./interface/link.ts";
export { defineNode, emission } from "./interface/node.ts";
export type {
  DefinedNode,
  Emission,
  Emit,
  EmitOptions,
  FrameHeader,
  Log,
  LogLevel,
  NodeContext,
  NodeDefinition,
  NodeInstance,
  NodeMetrics,
  Outcome,
  Params,
  PayloadBuffers,
  Work,
} from "./interface/node.ts";
export { ports } from "./interface/ports.ts";
export type { PortKind, PortKinds } from "./interface/ports.ts";
export { readPlan } from "./interface/plan.ts";
export type { Plan } from "./interface/plan.ts";
export type { PipelineSession, SessionDescription, SessionEnd, SessionRequest } from "./interface/session.ts";
export type {
  Topology,
  TopologyConnection,
  TopologyPeer,
  TopologyPipeline,
  TopologyRemote,
  TopologySession,
  TopologyStream,
} from "./interface/topology.ts";
export type { CloseOptions, LaunchOptions, Mesh, MeshPlatform, RunningPeer } from "./mesh/launch.ts";

// What generated modules import, with `z`, which each door adds: how it is best loaded is up to the platform.
export type { AnyNode, TypedContext, TypedFrame, TypedInstance, TypedNode } from "./typed/contract.ts";
export type { PipelineOptions, RunningPipeline } from "./typed/launch.ts";
export { inputPort, outputPort } from "./typed/ports.ts";
export type { InputPort, InputSpec, OutputPort, OutputSpec } from "./typed/ports.ts";
export type { NodeTable, Program } from "./typed/program.ts";
