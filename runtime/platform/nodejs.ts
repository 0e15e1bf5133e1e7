/** The public door of the runtime in Node. */
import process from "node:process";
import type { NodeDefinition } from "../interface/node.ts";
import type { PipelineDescription } from "../interface/description.ts";
import type { Plan } from "../interface/plan.ts";
import type { PipelineSession, SessionRequest } from "../interface/session.ts";
import { connectPipeline, describePipelineAt } from "../mesh/connect.ts";
import { launchPlan, type LaunchOptions, type Mesh, type MeshPlatform } from "../mesh/launch.ts";
import { directSignaling } from "../signaling/direct.ts";
import { servePipelines } from "../remote/host.ts";
import type { SignalConnect, SignalServerFactory } from "../signaling/socket.ts";
import type { NodejsListenerInit } from "../signaling/sockets.nodejs.ts";
import type { WebrtcEngine } from "../transports/webrtc/engines/engine.ts";
import { webrtcTransport } from "../transports/webrtc/transport.ts";
import { launchProgram, launchTyped, type GivenOptions, type RunningPipeline } from "../typed/launch.ts";
import type { PortSpecs, PortsOf } from "../typed/ports.ts";
import type { Program } from "../typed/program.ts";
import { wasmDefinition } from "../wasm/node.ts";
import { nodejsClock } from "./clock.nodejs.ts";
import { nodejsRandom } from "./random.nodejs.ts";
import { moduleName } from "./wasm-fetch.ts";
import { readModule } from "./wasm.nodejs.ts";

export * from "../index.ts";
export * as z from "../typed/schemas.ts";

/**
 * Node as a platform: WebRTC by werift, signaling by `ws`.
 * @param listening which pages may call the peers of this process
 */
export function nodejsPlatform(
  overrides: Partial<MeshPlatform> = {},
  listening: Pick<NodejsListenerInit, "allowedOrigins"> = {},
): MeshPlatform {
  const listen: SignalServerFactory = async (at, onSocket) =>
    (await loadSockets()).nodejsListener(listening)(at, onSocket);
  const signaling = directSignaling({ clock: nodejsClock, connect: dialSignaling, listen });
  return {
    clock: nodejsClock,
    random: nodejsRandom,
    log: (level, message, fields) => {
      if (level === "warn" || level === "error")
        process.stderr.write(`${level}: ${message} ${JSON.stringify(fields ?? {})}\n`);
    },
    env: (name) => process.env[name],
    transports: [webrtcTransport({ clock: nodejsClock, engine: loadEngine, signaling })],
    serve: servePipelines,
    ...overrides,
  };
}

// Connections are a third of a second of loading, which a program of one machine alone need not spend.
const loadSockets = () => import("../signaling/sockets.nodejs.ts");
const dialSignaling: SignalConnect = async (at, signal) => (await loadSockets()).connectNodejs(at, signal);
const loadEngine = async (): Promise<WebrtcEngine> => {
  const [{ weriftEngine }] = await Promise.all([
    import("../transports/webrtc/engines/werift.nodejs.ts"),
    loadSockets(),
  ]);
  return weriftEngine();
};

/**
 * Starts peers of a plan in this process.
 * @throws {MeshError} `address-in-use`, `invalid-argument`; nothing is left running then
 */
export function launch(plan: Plan, options: LaunchOptions): Promise<Mesh> {
  return launchPlan(plan, nodejsPlatform(), options);
}

/**
 * Opens a session with a pipeline on another peer, without a program of one's own.
 * @throws {MeshError} when there is none to be had; nothing is left open then
 */
export function connect(uri: string, request: SessionRequest): Promise<PipelineSession> {
  return connectPipeline(nodejsPlatform(), uri, request);
}

/**
 * Asks a peer what one of its pipelines takes and gives.
 * @throws {MeshError} `peer-unreachable`, `pipeline-not-found`, `deadline-exceeded`; the reason of the signal
 */
export function describePipeline(uri: string, signal?: AbortSignal): Promise<PipelineDescription> {
  return describePipelineAt(nodejsPlatform(), uri, signal);
}

/**
 * Starts a pipeline of a generated module, with typed ports.
 * @throws {MeshError} when a node, a remote or a parameter is not as the program needs it; nothing is left running then
 */
export function launchPipeline<Specs extends PortSpecs>(
  program: Program,
  pipeline: string,
  options: GivenOptions,
  ports: Specs,
): Promise<RunningPipeline & PortsOf<Specs>> {
  return launchTyped(nodejsPlatform(), program, pipeline, options, ports);
}

/**
 * Starts peers of a generated module.
 * @throws {MeshError} `address-in-use`, `invalid-argument`; nothing is left running then
 */
export function launchPeers(program: Program, peers: readonly string[], options: GivenOptions): Promise<Mesh> {
  return launchProgram(nodejsPlatform(), program, peers, options);
}

/**
 * The code of a node that is a WebAssembly module: `wasmNode(new URL("./gain.wasm", import.meta.url))`. It is read when the
 * first session opens.
 */
export function wasmNode(url: URL): NodeDefinition {
  return wasmDefinition(moduleName(url), () => readModule(url));
}
