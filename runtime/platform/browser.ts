/** The public door of the runtime in browsers, the same as in Node but for what a page cannot do: it never listens. */
import type { NodeDefinition } from "../interface/node.ts";
import type { Plan } from "../interface/plan.ts";
import type { PipelineSession, SessionRequest } from "../interface/session.ts";
import { connectPipeline } from "../mesh/connect.ts";
import { launchPlan, type LaunchOptions, type Mesh, type MeshPlatform } from "../mesh/launch.ts";
import { loadedTransport } from "../transports/loaded.ts";
import type { BrowserEngineInit } from "../transports/webrtc/engines/browser.ts";
import { launchProgram, launchTyped, type GivenOptions, type RunningPipeline } from "../typed/launch.ts";
import type { InputPort, OutputPort, PortSpecs, PortsOf } from "../typed/ports.ts";
import type { Program } from "../typed/program.ts";
import { threadDefinition } from "../threads/node.ts";
import { wasmDefinition } from "../wasm/node.ts";
import type { MediaPayload } from "./browser-payload.ts";
import { browserClock } from "./clock.browser.ts";
import { platformRandom } from "./random.ts";
import { startThread } from "./thread.browser.ts";
import { fetchModule, moduleName } from "./wasm-fetch.ts";

export * from "../index.ts";
export type { MediaPayload } from "./browser-payload.ts";
export * as z from "../typed/schemas.ts";

/**
 * A page as a platform: its own WebRTC, signaling over its own WebSocket.
 * @param engine STUN and TURN servers
 */
export function browserPlatform(overrides: Partial<MeshPlatform> = {}, engine: BrowserEngineInit = {}): MeshPlatform {
  const clock = overrides.clock ?? browserClock();
  return {
    clock,
    random: platformRandom,
    log: (level, message, fields) => {
      if (level === "warn" || level === "error") console[level](message, fields ?? {});
    },
    env: () => undefined,
    // A page that calls nobody does without.
    transports: [
      loadedTransport("webrtc", async () => (await import("./webrtc.browser.ts")).webrtcOfPage(clock, engine)),
    ],
    calls: () => import("./webrtc.browser.ts"),
    serve: undefined,
    signal: async (at, signal) => (await import("./webrtc.browser.ts")).connectBrowser(at, signal),
    ...overrides,
  };
}

/**
 * Starts peers of a plan in this page; they may call others, but not listen.
 * @throws {MeshError} `invalid-argument`; nothing is left running then
 */
export function launch(plan: Plan, options: LaunchOptions): Promise<Mesh> {
  return launchPlan(plan, browserPlatform(), options);
}

/**
 * Opens a session with a pipeline on another peer, without a program of one's own.
 * @throws {MeshError} when there is none to be had; nothing is left open then
 */
export function connect(uri: string, request: SessionRequest): Promise<PipelineSession> {
  return connectPipeline(browserPlatform(), uri, request);
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
  return launchTyped(browserPlatform(), program, pipeline, options, ports);
}

/**
 * Starts peers of a generated module.
 * @throws {MeshError} `invalid-argument`; nothing is left running then
 */
export function launchPeers(program: Program, peers: readonly string[], options: GivenOptions): Promise<Mesh> {
  return launchProgram(browserPlatform(), program, peers, options);
}

/**
 * Feeds an input of sound or pictures from a track of the page, such as that of a microphone or a camera (`getUserMedia`), as
 * `RTCRtpSender.replaceTrack` does. Where the input leads straight to a remote whose peer takes media tracks, the browser encodes and
 * sends it by RTP; otherwise its sound or pictures are captured and written as frames, which is so again whenever another peer follows.
 * While a port has a track, nothing else is written to it.
 * @param track null: nothing more is sent from it; the port stays open
 * @throws {MeshError} `invalid-argument` for another port, `channel-closed` when the pipeline has ended, `dependency-missing` where the
 * browser cannot encode its format
 */
export async function replaceTrack<T extends MediaPayload>(
  port: InputPort<T>,
  track: MediaStreamTrack | null,
): Promise<void> {
  await (await import("./page-media.ts")).replaceTrack(port, track);
}

/**
 * An output of sound or pictures as a stream for an `<audio>` or `<video>`: `audio.srcObject = await mediaStream(assistant.voice)`. Where the
 * output comes straight from a remote whose peer sends media tracks, the browser receives and plays it by RTP; otherwise its
 * frames are decoded here. Its port is not read beside it. For each port there is one stream, whoever asks, which
 * has a track when it is given; while a connection is replaced, that is when the next one is there. When the pipeline ends, it loses its track.
 * @throws {MeshError} as `replaceTrack` does
 */
export async function mediaStream<T extends MediaPayload>(port: OutputPort<T>): Promise<MediaStream> {
  return (await import("./page-media.ts")).mediaStream(port);
}

/**
 * The code of a node that is a WebAssembly module: `wasmNode(new URL("./gain.wasm", import.meta.url))`. It is read when the
 * first session opens.
 */
export function wasmNode(url: URL): NodeDefinition {
  return wasmDefinition(moduleName(url), () => fetchModule(url));
}

/**
 * The code of a node on a thread of its own, a module worker: `workerNode(new URL("./denoise.js", import.meta.url),
 * "Denoise")`. The module is imported on the thread, once for each session, so it has to be served as JavaScript.
 * @param name under which it exports the code
 */
export function workerNode(url: URL | string, name: string, _from?: string): NodeDefinition {
  return threadDefinition({ name, address: () => String(new URL(url, location.href)) }, startThread);
}
