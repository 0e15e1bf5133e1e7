import { meetTypes, type FlowType } from "../interface/caps.ts";
import type { Clock } from "../interface/clock.ts";
import { withDeadline } from "../interface/deadline.ts";
import { MeshError } from "../interface/errors.ts";
import type { Link } from "../interface/link.ts";
import { randomId, type Random } from "../interface/random.ts";
import type { PipelineEndpoint, PipelineSession, SessionRequest } from "../interface/session.ts";
import type { Channel, Connection, Transport } from "../interface/transport.ts";
import { parseTargetUri } from "../interface/uri.ts";
import type { HeartbeatOptions } from "./heartbeat.ts";
import { connectTimeoutMs, defaultWindow, maxStreams, protocolVersion } from "./limits.ts";
import { fromFailure, type Accept, type Hello } from "./messages.ts";
import { PeerWire } from "./peer-wire.ts";

export interface RemotePipelineInit {
  readonly transport: Transport;
  /** `webrtc://host:7443/Hearing` */
  readonly uri: string;
  readonly clock: Clock;
  readonly random: Random;
  /** To dial and to get an answer. */
  readonly connectTimeoutMs?: number;
  readonly heartbeat?: HeartbeatOptions;
}

/** A pipeline on another peer. */
export function remotePipeline(init: RemotePipelineInit): PipelineEndpoint {
  const { pipeline } = parseTargetUri(init.uri, init.transport.scheme);
  return {
    open: (request) =>
      withDeadline(
        {
          clock: init.clock,
          afterMs: init.connectTimeoutMs ?? connectTimeoutMs,
          signal: request.signal,
          error: () => new MeshError("deadline-exceeded", `${init.uri} did not answer in time.`),
        },
        async (signal) => {
          const connection = await init.transport.dial(init.uri, { signal });
          return openSession(init, connection, pipeline, request, signal);
        },
      ),
  };
}

async function openSession(
  init: RemotePipelineInit,
  connection: Connection,
  pipeline: string,
  request: SessionRequest,
  signal: AbortSignal,
): Promise<PipelineSession> {
  const id = randomId(init.random);
  const inputs = Object.entries(request.inputs).map(([port, type], index) => ({ port, channel: index + 1, type }));
  const outputs = Object.entries(request.outputs).map(([port, { type, link }], index) => ({
    port,
    channel: inputs.length + index + 1,
    type,
    link,
  }));
  if (inputs.length + outputs.length > maxStreams)
    throw new MeshError("resource-exhausted", `A session carries at most ${maxStreams} streams.`);
  let settle: (accept: Accept) => void = () => undefined;
  let reject: (error: MeshError) => void = () => undefined;
  const accepted = new Promise<Accept>((resolve, refuse) => {
    settle = resolve;
    reject = refuse;
  });
  let finished = false;
  let pending = outputs.length;
  const finish = (): void => {
    if (finished && pending === 0) void wire.close();
  };
  const wire = new PeerWire({
    connection,
    clock: init.clock,
    heartbeat: init.heartbeat ?? {},
    pipeline,
    onMessage: (message) => {
      if (message.type === "accept") settle(message);
      else if (message.type === "refuse") reject(fromFailure(message));
      else if (message.type === "finished") {
        finished = true;
        finish();
      }
    },
  });
  void wire.closed.then(({ error }) =>
    reject(error ?? new MeshError("peer-lost", `${init.uri} closed before it answered.`)),
  );
  const onAbort = (): void => void wire.close(MeshError.from(request.signal.reason, "cancelled"));
  const onDeadline = (): void => reject(MeshError.from(signal.reason, "deadline-exceeded"));
  signal.addEventListener("abort", onDeadline, { once: true });
  try {
    const sinks = inputs.map(({ port, channel, type }) => ({ port, sink: wire.sink(port, channel, type) }));
    // The channels for what comes back must be there before the other side can send on them.
    const channels = new Map(outputs.map(({ port, channel }) => [port, connection.channel(channel, port)]));
    wire.start();
    const hello: Hello = {
      type: "hello",
      versions: [protocolVersion],
      session: id,
      pipeline,
      params: { ...request.params },
      inputs,
      outputs: outputs.map(({ port, channel, type }) => ({ port, channel, type, window: { ...defaultWindow } })),
      schemas: { ...request.schemas },
    };
    wire.send(hello);
    const accept = await accepted;
    const formats = checkAccept(accept, request);
    for (const { port, sink } of sinks) {
      const window = accept.inputs.find((one) => one.port === port)?.window ?? defaultWindow;
      sink.settle(formats.inputs[port] as FlowType, window);
    }
    wire.established();
    for (const { port, link } of outputs) {
      const source = wire.source(
        port,
        channels.get(port) as Channel,
        formats.outputs[port] as FlowType,
        accept.schemas,
        link,
        () => {
          pending -= 1;
          finish();
        },
      );
      source.start();
    }
    request.signal.addEventListener("abort", onAbort, { once: true });
    void wire.closed.then(() => request.signal.removeEventListener("abort", onAbort));
    return {
      id,
      inputs: Object.fromEntries(sinks.map(({ port, sink }): [string, Link] => [port, sink])),
      formats,
      closed: wire.closed,
      close: (error) => wire.close(error),
      describe: () => wire.describe(id),
    };
  } catch (error) {
    void wire.close(MeshError.from(error));
    throw MeshError.from(error);
  } finally {
    signal.removeEventListener("abort", onDeadline);
  }
}

/** The other side may only settle on formats that were offered. */
function checkAccept(accept: Accept, request: SessionRequest): PipelineSession["formats"] {
  const scopes = { producer: request.schemas, consumer: accept.schemas };
  const formats = { inputs: {} as Record<string, FlowType>, outputs: {} as Record<string, FlowType> };
  for (const [port, offered] of Object.entries(request.inputs)) {
    const found = accept.inputs.find((one) => one.port === port)?.type;
    if (found === undefined || "mismatch" in meetTypes(offered, found, scopes)) throw brokenAccept(port);
    formats.inputs[port] = found;
  }
  for (const [port, { type }] of Object.entries(request.outputs)) {
    const found = accept.outputs.find((one) => one.port === port)?.type;
    const back = { producer: accept.schemas, consumer: request.schemas };
    if (found === undefined || "mismatch" in meetTypes(found, type, back)) throw brokenAccept(port);
    formats.outputs[port] = found;
  }
  return formats;
}

function brokenAccept(port: string): MeshError {
  return new MeshError("protocol-violation", `The other peer settled \`${port}\` on a format that was not offered.`);
}
