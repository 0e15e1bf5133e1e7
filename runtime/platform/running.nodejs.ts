/**
 * All that runs pipelines in Node, which its door loads when something is launched or called: reading and setting up so
 * much takes several times as long as the rest of the door.
 */
import type { Log, NodeDefinition } from "../interface/node.ts";
import type { Transport } from "../interface/transport.ts";
import { directSignaling } from "../signaling/direct.ts";
import type { SignalConnect, SignalServerFactory } from "../signaling/socket.ts";
import type { NodejsListenerInit } from "../signaling/sockets.nodejs.ts";
import type { GrpcCompression } from "../transports/grpc/clients.nodejs.ts";
import type { EngineName } from "../transports/webrtc/engines/choose.nodejs.ts";
import type { WebrtcEngine } from "../transports/webrtc/engines/engine.ts";
import { checkIce, type IceOptions } from "../transports/webrtc/ice.ts";
import { webrtcTransport } from "../transports/webrtc/transport.ts";
import { threadDefinition } from "../threads/node.ts";
import { wasmDefinition } from "../wasm/node.ts";
import { nodejsClock } from "./clock.nodejs.ts";
import { importable } from "./importable.nodejs.ts";
import { startThread } from "./thread.nodejs.ts";
import { moduleName } from "./wasm-fetch.ts";
import { readModule } from "./wasm.nodejs.ts";

export { connectPipeline, describePipelineAt } from "../mesh/connect.ts";
export { launchPlan } from "../mesh/launch.ts";
export { servePeer } from "../mesh/serving.ts";
export { launchProgram, launchTyped } from "../typed/launch.ts";

/** How the peers of this process are connected with others. */
export interface NodejsNetwork extends Pick<NodejsListenerInit, "allowedOrigins" | "tls"> {
  /** `auto` by default: node-datachannel where it is installed, werift otherwise. */
  readonly engine?: EngineName | undefined;
  /** STUN and TURN servers; none by default. */
  readonly ice?: IceOptions | undefined;
  /** Of the requests of calls by gRPC, those of 1 KiB and more; none by default. Streams are not compressed. */
  readonly compression?: GrpcCompression | undefined;
}

/** WebRTC by one of its engines, signaling by `ws`. */
export function nodejsTransport(network: NodejsNetwork, log: Log): Transport {
  checkIce(network.ice ?? {});
  const listen: SignalServerFactory = async (at, onSocket, http) =>
    (await loadSockets()).nodejsListener(network)(at, onSocket, http);
  const signaling = directSignaling({ clock: nodejsClock, connect: connectSignal, listen });
  const engine = (): Promise<WebrtcEngine> => loadEngine(network, log);
  return webrtcTransport({ clock: nodejsClock, engine, signaling });
}

/** gRPC by `@grpc/grpc-js`. */
export async function nodejsGrpc({ compression }: NodejsNetwork = {}): Promise<Transport> {
  const { grpcTransport } = await import("../transports/grpc/transport.nodejs.ts");
  return grpcTransport({ clock: nodejsClock, compression });
}

// Connections are a third of a second of loading, which a program of one machine alone need not spend.
const loadSockets = () => import("../signaling/sockets.nodejs.ts");
/** Opens a WebSocket to a signaling service. */
export const connectSignal: SignalConnect = async (at, signal) => (await loadSockets()).connectNodejs(at, signal);
const loadEngine = async ({ engine = "auto", ice }: NodejsNetwork, log: Log): Promise<WebrtcEngine> => {
  const [{ chooseEngine }] = await Promise.all([
    import("../transports/webrtc/engines/choose.nodejs.ts"),
    loadSockets(),
  ]);
  return chooseEngine({ name: engine, ice, log });
};

/** The code of a node that is a WebAssembly module beside the code that names it. */
export function wasmFileNode(url: URL): NodeDefinition {
  return wasmDefinition(moduleName(url), () => readModule(url));
}

/** The code of a node on a thread of its own. */
export function threadNode(url: string, name: string, from: string | undefined): NodeDefinition {
  return threadDefinition({ name, address: () => importable(url, from) }, startThread);
}
