/** The public door of the runtime in Node. */
import process from "node:process";
import type { Plan } from "../interface/plan.ts";
import { launchPlan, type LaunchOptions, type Mesh, type MeshPlatform } from "../mesh/launch.ts";
import { directSignaling } from "../signaling/direct.ts";
import { connectNodejs, listenNodejs } from "../signaling/sockets.nodejs.ts";
import { weriftEngine } from "../transports/webrtc/engines/werift.nodejs.ts";
import { webrtcTransport } from "../transports/webrtc/transport.ts";
import { nodejsClock } from "./clock.nodejs.ts";
import { nodejsRandom } from "./random.nodejs.ts";

export { errorCodes, formatLocation, MeshError } from "../interface/errors.ts";
export type { ErrorCode, Location } from "../interface/errors.ts";
export type { MeshEvent, OnEvent } from "../interface/events.ts";
export { FrameFlag } from "../interface/frame.ts";
export type { Frame, JsonValue, Payload } from "../interface/frame.ts";
export type { Link } from "../interface/link.ts";
export { defineNode } from "../interface/node.ts";
export type { Emit, EmitOptions, NodeContext, NodeDefinition, NodeInstance, Params } from "../interface/node.ts";
export { readPlan } from "../interface/plan.ts";
export type { Plan } from "../interface/plan.ts";
export type { PipelineSession, SessionDescription, SessionEnd, SessionRequest } from "../interface/session.ts";
export type { LaunchOptions, Mesh, MeshPlatform, RunningPeer } from "../mesh/launch.ts";

/** Node as a platform: WebRTC by werift, signaling by `ws`. */
export function nodejsPlatform(overrides: Partial<MeshPlatform> = {}): MeshPlatform {
  const signaling = directSignaling({ clock: nodejsClock, connect: connectNodejs, listen: listenNodejs });
  return {
    clock: nodejsClock,
    random: nodejsRandom,
    log: (level, message, fields) => {
      if (level === "warn" || level === "error")
        process.stderr.write(`${level}: ${message} ${JSON.stringify(fields ?? {})}\n`);
    },
    env: (name) => process.env[name],
    transports: [webrtcTransport({ clock: nodejsClock, engine: weriftEngine(), signaling })],
    ...overrides,
  };
}

/**
 * Starts peers of a plan in this process.
 * @throws {MeshError} `address-in-use`, `invalid-argument`; nothing is left running then
 */
export function launch(plan: Plan, options: LaunchOptions): Promise<Mesh> {
  return launchPlan(plan, nodejsPlatform(), options);
}
