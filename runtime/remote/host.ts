import type { Schemas } from "../interface/caps.ts";
import type { Clock } from "../interface/clock.ts";
import { MeshError } from "../interface/errors.ts";
import type { Link } from "../interface/link.ts";
import type { PipelineEndpoint, PipelineSession, SessionRequest } from "../interface/session.ts";
import type { Connection } from "../interface/transport.ts";
import type { HeartbeatOptions } from "./heartbeat.ts";
import { defaultWindow, helloTimeoutMs, lingerMs, protocolVersion } from "./limits.ts";
import { toFailure, type Hello } from "./messages.ts";
import { PeerWire } from "./peer-wire.ts";

/** A pipeline that callers may open sessions with. */
export interface ServedPipeline {
  readonly endpoint: PipelineEndpoint;
  /** The records and enums that its types mean. */
  readonly schemas: Schemas;
}

export interface ServeInit {
  /** The pipeline that runs under a name here. */
  readonly find: (name: string) => ServedPipeline | undefined;
  readonly names: () => readonly string[];
  readonly clock: Clock;
  readonly heartbeat?: HeartbeatOptions;
  /** A session was opened by a caller. */
  readonly onSession?: (session: PipelineSession, wire: PeerWire, pipeline: string) => void;
}

/** Answers callers: each connection is one session. */
export function servePipelines(init: ServeInit): (connection: Connection, pipeline: string) => void {
  return (connection, pipeline) => {
    let greeted = false;
    const wire = new PeerWire({
      connection,
      clock: init.clock,
      heartbeat: init.heartbeat ?? {},
      pipeline,
      onMessage: (message) => {
        if (message.type === "foreign-hello") {
          refuse(
            wire,
            init.clock,
            new MeshError(
              "version-mismatch",
              `This peer speaks version ${protocolVersion} of the protocol, the caller ${message.versions.join(", ")}.`,
            ),
          );
        } else if (message.type === "hello" && !greeted) {
          greeted = true;
          cancelHello();
          answer(init, connection, wire, pipeline, message).catch((error: unknown) =>
            refuse(wire, init.clock, MeshError.from(error)),
          );
        } else if (message.type === "hello") {
          void wire.close(new MeshError("protocol-violation", "The caller said hello twice."));
        }
      },
    });
    const cancelHello = init.clock.schedule(helloTimeoutMs, () => {
      void wire.close(new MeshError("deadline-exceeded", "The caller did not say hello."));
    });
    void wire.closed.then(cancelHello);
    wire.start();
  };
}

async function answer(
  init: ServeInit,
  connection: Connection,
  wire: PeerWire,
  pipeline: string,
  hello: Hello,
): Promise<void> {
  const served = hello.pipeline === pipeline ? init.find(pipeline) : undefined;
  if (served === undefined) {
    const names = init.names().slice(0, 20).join(", ") || "none";
    throw new MeshError(
      "pipeline-not-found",
      `There is no pipeline \`${hello.pipeline}\` here; this peer runs: ${names}.`,
    );
  }
  checkStreams(hello);
  const abort = new AbortController();
  void wire.closed.then(({ error }) => abort.abort(error ?? new MeshError("cancelled", "The caller has left.")));
  const outputs = Object.fromEntries(
    hello.outputs.map(({ port, channel, type, window }): [string, SessionRequest["outputs"][string]] => [
      port,
      { type, link: wire.sink(port, channel, type, window) },
    ]),
  );
  const request: SessionRequest = {
    params: hello.params,
    inputs: Object.fromEntries(hello.inputs.map(({ port, type }) => [port, type])),
    outputs,
    schemas: hello.schemas,
    signal: abort.signal,
  };
  const session = await served.endpoint.open(request);
  if (wire.isClosing) {
    await session.close(new MeshError("cancelled", "The caller has left."));
    return;
  }
  const sources = hello.inputs.map(({ port, channel }) =>
    wire.source(
      port,
      connection.channel(channel, port),
      session.formats.inputs[port] ?? { kind: "signal" },
      hello.schemas,
      session.inputs[port] as Link,
      () => undefined,
    ),
  );
  for (const { port, link } of Object.entries(outputs).map(([name, one]) => ({ port: name, link: one.link }))) {
    const type = session.formats.outputs[port];
    const window = hello.outputs.find((one) => one.port === port)?.window ?? defaultWindow;
    if (type !== undefined) (link as ReturnType<PeerWire["sink"]>).settle(type, window);
  }
  wire.send({
    type: "accept",
    version: protocolVersion,
    inputs: Object.entries(session.formats.inputs).map(([port, type]) => ({
      port,
      type,
      window: { ...defaultWindow },
    })),
    outputs: Object.entries(session.formats.outputs).map(([port, type]) => ({ port, type })),
    schemas: { ...served.schemas },
  });
  wire.established();
  init.onSession?.(session, wire, pipeline);
  for (const source of sources) source.start();
  void session.closed.then(({ error }) => {
    if (error !== undefined) void wire.close(error);
    else if (!wire.isClosing) wire.send({ type: "finished" });
  });
}

function checkStreams(hello: Hello): void {
  const all = [...hello.inputs, ...hello.outputs];
  if (new Set(all.map((one) => one.channel)).size !== all.length) {
    throw new MeshError("protocol-violation", "Two streams of the hello have the same channel.");
  }
}

/** Says no, and gives the caller a moment to hear it and close. */
function refuse(wire: PeerWire, clock: Clock, error: MeshError): void {
  if (wire.isClosing) return;
  wire.send({ type: "refuse", ...toFailure(error) });
  const cancel = clock.schedule(lingerMs, () => void wire.close());
  void wire.closed.then(cancel);
}
