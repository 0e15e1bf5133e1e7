import type { LoadMeter } from "../balancing/load-meter.ts";
import { reportLoad } from "../balancing/report-load.ts";
import type { PeerAbout, PipelineCalls } from "../interface/calls.ts";
import type { Clock } from "../interface/clock.ts";
import type { OnEvent } from "../interface/events.ts";
import type { Random } from "../interface/random.ts";
import type { Listener, Transport } from "../interface/transport.ts";
import { formatMeshUri } from "../interface/uri.ts";
import type { PipelineHost } from "../remote/host.ts";
import { Registrar } from "../signaling/registrar.ts";
import type { CallSource } from "../interface/signaling.ts";
import { serviceAddresses } from "../signaling/service-addresses.ts";
import type { SignalConnect } from "../signaling/socket.ts";

export interface RegisteringInit {
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: SignalConnect;
  /** Its address, such as `wss://signal.example.com`, or those of its nodes, with commas between them. */
  readonly service: string;
  readonly about: PeerAbout;
  readonly calls: PipelineCalls;
  /** Takes the connections of calls that the service passes on. */
  readonly accept: PipelineHost["accept"];
  /** By which those are answered; left out, none are. */
  readonly webrtc: Transport | undefined;
  readonly onEvent: OnEvent;
  /** What the peer has to do. */
  readonly meter: LoadMeter;
}

/**
 * Keeps a peer registered with a signaling service, and answers the calls that come in through it.
 * @returns what unregisters it
 * @throws {MeshError} what the service refuses it with; `invalid-argument` for what is no address
 */
export async function registerPeer(init: RegisteringInit): Promise<Listener> {
  const { clock, random, signal, service, about, calls, accept, webrtc, onEvent, meter } = init;
  const [at, ...others] = serviceAddresses(service);
  const peer = about.name;
  const registrar = new Registrar({
    clock,
    random,
    connect: signal,
    at,
    others,
    id: about.id,
    registration: () => ({
      name: peer,
      addresses: [...about.addresses()],
      relay: webrtc !== undefined,
      provides: [...about.provides],
      pipelines: calls.names().map((pipeline) => {
        const { batch, idempotent, inputs, outputs, schemas } = calls.describe(pipeline);
        return { pipeline, batch, idempotent, inputs: { ...inputs }, outputs: { ...outputs }, schemas: { ...schemas } };
      }),
      load: meter.report(),
    }),
    onRegistered: (id) => onEvent({ kind: "peer-registered", peer, service, id }),
    onLost: (error) => onEvent({ kind: "registration-lost", peer, service, error }),
  });
  const from = registrar.calls.listen as CallSource;
  const { host, port } = at;
  const uri = formatMeshUri({ scheme: "webrtc", host, port, pipeline: undefined });
  const listener = await webrtc?.listen(uri, accept, undefined, from);
  const stopReports = reportLoad(clock, meter, (load) => registrar.report(load));
  let left: Promise<void> | undefined;
  /** Nobody is sent here any more; who is here already does not notice. */
  const leave = (): Promise<void> => {
    stopReports();
    return (left ??= registrar.close());
  };
  const close = async (): Promise<void> => {
    await leave();
    await listener?.close();
  };
  try {
    await registrar.started();
  } catch (error) {
    await close();
    throw error;
  }
  // It is no address that anybody dials.
  return { address: "", drain: () => void leave(), close };
}
