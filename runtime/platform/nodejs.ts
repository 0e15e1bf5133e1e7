/** The public door of the runtime in Node. What runs pipelines is loaded when there is something to run. */
import process from "node:process";
import type { PipelineDescription } from "../interface/description.ts";
import type { Log, NodeDefinition } from "../interface/node.ts";
import type { Plan } from "../interface/plan.ts";
import type { PipelineSession, SessionRequest } from "../interface/session.ts";
import type { Transport, UnaryCalls } from "../interface/transport.ts";
import { invariant } from "../interface/errors.ts";
import type { LaunchOptions, Mesh, MeshPlatform } from "../mesh/launch.ts";
import type { GivenOptions, RunningPipeline } from "../typed/launch.ts";
import type { PortSpecs, PortsOf } from "../typed/ports.ts";
import type { Program } from "../typed/program.ts";
import { nodejsClock } from "./clock.nodejs.ts";
import { platformRandom } from "./random.ts";
import type { NodejsNetwork } from "./running.nodejs.ts";

export * from "../index.ts";
export * as z from "../typed/schemas.ts";

const running = () => import("./running.nodejs.ts");

/**
 * Node as a platform: WebRTC by node-datachannel where it is installed, otherwise by werift, signaling by `ws`; gRPC by
 * `@grpc/grpc-js`.
 * @param network which pages may call the peers of this process, another choice of the WebRTC engine, compression
 */
export function nodejsPlatform(overrides: Partial<MeshPlatform> = {}, network: NodejsNetwork = {}): MeshPlatform {
  const log = overrides.log ?? logToStderr;
  return {
    clock: nodejsClock,
    random: platformRandom,
    log,
    env: (name) => process.env[name],
    transports: [
      loadedLater("webrtc", async () => (await running()).nodejsTransport(network, log)),
      loadedLater("grpc", async () => (await running()).nodejsGrpc(network)),
    ],
    calls: () => import("../remote/calls.ts"),
    serve: async (init) => (await running()).servePeer(init),
    signal: async (at, signal) => (await running()).connectSignal(at, signal),
    share: async () => (await import("../mesh/shared-runs.ts")).shareRuns,
    ...overrides,
  };
}

const logToStderr: Log = (level, message, fields) => {
  if (level === "warn" || level === "error")
    process.stderr.write(`${level}: ${message} ${JSON.stringify(fields ?? {})}\n`);
};

/** A transport that is loaded when it is first used. */
function loadedLater(scheme: string, load: () => Promise<Transport>): Transport {
  let loading: Promise<Transport> | undefined;
  const transport = (): Promise<Transport> => (loading ??= load());
  return {
    scheme,
    // Of those that are loaded later, only gRPC has calls.
    ...(scheme === "grpc" && {
      unary: {
        describe: async (uri: string, signal: AbortSignal) => unaryOf(await transport()).describe(uri, signal),
        execute: async (uri: string, request: Parameters<UnaryCalls["execute"]>[1]) =>
          unaryOf(await transport()).execute(uri, request),
      },
    }),
    prepare: async () => (await transport()).prepare?.(),
    dial: async (uri, options) => (await transport()).dial(uri, options),
    standBy: async (uri, options) => (await transport()).standBy?.(uri, options),
    keepIdle: async () => (await (await transport()).keepIdle?.()) ?? (async () => undefined),
    listen: async (uri, accept, calls, from) => (await transport()).listen(uri, accept, calls, from),
  };
}

function unaryOf({ scheme, unary }: Transport): UnaryCalls {
  invariant(unary !== undefined, `${scheme} has calls`);
  return unary;
}

/**
 * Starts peers of a plan in this process.
 * @throws {MeshError} `address-in-use`, `invalid-argument`; nothing is left running then
 */
export async function launch(plan: Plan, options: LaunchOptions): Promise<Mesh> {
  return (await running()).launchPlan(plan, nodejsPlatform(), options);
}

/**
 * Opens a session with a pipeline on another peer, without a program of one's own.
 * @throws {MeshError} when there is none to be had; nothing is left open then
 */
export async function connect(uri: string, request: SessionRequest): Promise<PipelineSession> {
  return (await running()).connectPipeline(nodejsPlatform(), uri, request);
}

/**
 * Asks a peer what one of its pipelines takes and gives.
 * @throws {MeshError} `peer-unreachable`, `pipeline-not-found`, `deadline-exceeded`; the reason of the signal
 */
export async function describePipeline(uri: string, signal?: AbortSignal): Promise<PipelineDescription> {
  return (await running()).describePipelineAt(nodejsPlatform(), uri, signal);
}

/**
 * Starts a pipeline of a generated module, with typed ports.
 * @throws {MeshError} when a node, a remote or a parameter is not as the program needs it; nothing is left running then
 */
export async function launchPipeline<Specs extends PortSpecs>(
  program: Program,
  pipeline: string,
  options: GivenOptions,
  ports: Specs,
): Promise<RunningPipeline & PortsOf<Specs>> {
  return (await running()).launchTyped(nodejsPlatform(), program, pipeline, options, ports);
}

/**
 * Starts peers of a generated module.
 * @throws {MeshError} `address-in-use`, `invalid-argument`; nothing is left running then
 */
export async function launchPeers(program: Program, peers: readonly string[], options: GivenOptions): Promise<Mesh> {
  return (await running()).launchProgram(nodejsPlatform(), program, peers, options);
}

/**
 * The code of a node that is a WebAssembly module: `wasmNode(new URL("./gain.wasm", import.meta.url))`. It is read when the
 * first session opens.
 */
export function wasmNode(url: URL): NodeDefinition {
  let loading: Promise<NodeDefinition> | undefined;
  const definition = (): Promise<NodeDefinition> =>
    (loading ??= running().then(({ wasmFileNode }) => wasmFileNode(url)));
  return { sync: true, open: async (params, context) => (await definition()).open(params, context) };
}

/**
 * The code of a node on a thread of its own, a worker of Node: `workerNode(new URL("./denoise.ts", import.meta.url),
 * "Denoise")`. The module is imported on the thread, once for each session.
 * @param url of the module; TypeScript is bundled by esbuild where Node does not read it by itself
 * @param name under which it exports the code
 * @param from address of the module that asks: where that was compiled to JavaScript, so was the one beside it
 */
export function workerNode(url: URL | string, name: string, from?: string): NodeDefinition {
  let loading: Promise<NodeDefinition> | undefined;
  const definition = (): Promise<NodeDefinition> =>
    (loading ??= running().then(({ threadNode }) => threadNode(String(url), name, from)));
  return { open: async (params, context) => (await definition()).open(params, context) };
}
