import { whenAborted } from "../interface/abort.ts";
import type { Clock } from "../interface/clock.ts";
import { withDeadline } from "../interface/deadline.ts";
import type { PipelineDescription, PortDescription } from "../interface/description.ts";
import { MeshError } from "../interface/errors.ts";
import type { Connection, Transport } from "../interface/transport.ts";
import { parseTargetUri } from "../interface/uri.ts";
import { checkVersion } from "./agreement.ts";
import { connectTimeoutMs, protocolVersion } from "./limits.ts";
import { fromFailure, type Description } from "./messages.ts";
import { PeerWire } from "./peer-wire.ts";

export interface DescribeInit {
  readonly transport: Transport;
  /** `webrtc://host:7443/Hearing` */
  readonly uri: string;
  readonly clock: Clock;
  /** To dial and to get the answer; 5 s. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Asks a peer what one of its pipelines takes and gives; no session is opened.
 * @throws {MeshError} `peer-unreachable`, `pipeline-not-found`, `deadline-exceeded`; the reason of the signal
 */
export function describeRemote(init: DescribeInit): Promise<PipelineDescription> {
  const { clock, transport, uri, signal } = init;
  const { pipeline } = parseTargetUri(uri, transport.scheme);
  const afterMs = init.timeoutMs ?? connectTimeoutMs;
  return withDeadline(
    {
      clock,
      afterMs,
      signal,
      error: () => new MeshError("deadline-exceeded", `${uri} did not answer within ${Math.round(afterMs)} ms.`),
    },
    async (within) => {
      const connection = await transport.dial(uri, { signal: within });
      if (within.aborted) {
        await connection.close(MeshError.from(within.reason, "cancelled"));
        throw within.reason;
      }
      return ask(connection, pipeline, init, within);
    },
  );
}

async function ask(
  connection: Connection,
  pipeline: string,
  { clock, uri }: DescribeInit,
  signal: AbortSignal,
): Promise<PipelineDescription> {
  let settle: (answer: Description) => void = () => undefined;
  let reject: (error: MeshError) => void = () => undefined;
  const answered = new Promise<Description>((resolve, fail) => {
    settle = resolve;
    reject = fail;
  });
  const wire = new PeerWire({
    connection,
    clock,
    heartbeat: {},
    pipeline,
    role: "caller",
    onMessage: (message) => {
      if (message.type === "description") {
        checkVersion(message.version);
        settle(message);
      } else if (message.type === "refuse") reject(fromFailure(message));
      else throw new MeshError("protocol-violation", `The other peer said "${message.type}" when asked to describe.`);
    },
    onLeave: () => new MeshError("peer-lost", `The peer at ${uri} left before it answered.`),
  });
  void wire.closed.then(({ error }) =>
    reject(error ?? new MeshError("peer-lost", `${uri} closed before it answered.`)),
  );
  const unlisten = whenAborted(signal, () => reject(MeshError.from(signal.reason, "cancelled")));
  try {
    wire.start();
    wire.send({ type: "describe", versions: [protocolVersion], pipeline });
    return describedBy(pipeline, await answered);
  } finally {
    unlisten();
    await wire.close();
  }
}

/** The interface of a pipeline as its peer tells it. */
export function describedBy(
  pipeline: string,
  { batch, idempotent, inputs, outputs, schemas }: Description,
): PipelineDescription {
  const side = (ports: Description["inputs"]): Record<string, PortDescription> =>
    Object.fromEntries(ports.map(({ port, type, optional }) => [port, { type, optional: optional ?? false }]));
  return {
    pipeline,
    batch: batch ?? false,
    ...(idempotent === true && { idempotent }),
    inputs: side(inputs),
    outputs: side(outputs),
    schemas,
  };
}
