import type { Clock } from "../interface/clock.ts";
import { withDeadline } from "../interface/deadline.ts";
import { MeshError } from "../interface/errors.ts";
import { randomId, type Random } from "../interface/random.ts";
import type { PipelineEndpoint, PipelineSession } from "../interface/session.ts";
import type { Connection, DialOptions, Transport } from "../interface/transport.ts";
import { parseTargetUri } from "../interface/uri.ts";
import { CallerSession } from "./caller-session.ts";
import type { HeartbeatOptions } from "./heartbeat.ts";
import { connectTimeoutMs, openTimeoutMs } from "./limits.ts";
import { Patience } from "./patience.ts";

export interface RemotePipelineInit {
  readonly transport: Transport;
  /** `webrtc://host:7443/Hearing` */
  readonly uri: string;
  readonly clock: Clock;
  readonly random: Random;
  /** To dial and to get the first answer. */
  readonly connectTimeoutMs?: number;
  readonly heartbeat?: HeartbeatOptions;
}

/** A pipeline on another peer. */
export function remotePipeline(init: RemotePipelineInit): PipelineEndpoint {
  const { clock, transport, uri } = init;
  const { pipeline } = parseTargetUri(uri, transport.scheme);
  const limitMs = init.connectTimeoutMs ?? connectTimeoutMs;
  // For all connections to it: an attempt that was given up too soon is not to be repeated with the same limit.
  const heartbeat = { patience: new Patience(), ...init.heartbeat };
  return {
    standBy: async (signal) => transport.standBy?.(uri, { signal }),
    open: (request) => {
      const startUs = clock.nowUs();
      const deadlineUs = request.deadlineUs ?? startUs + openTimeoutMs * 1_000;
      const wholeMs = Math.max(0, (deadlineUs - startUs) / 1_000);
      const afterMs = Math.min(limitMs, wholeMs);
      return withDeadline<PipelineSession>(
        {
          clock,
          afterMs,
          signal: request.signal,
          error: () => new MeshError("deadline-exceeded", `${uri} did not answer within ${Math.round(afterMs)} ms.`),
          discard: (late) => void late.close(),
        },
        async (signal, extend) => {
          const connection = await dial(transport, uri, { signal, context: request.context });
          const session = new CallerSession({
            connection,
            uri,
            pipeline,
            id: randomId(init.random),
            clock,
            random: init.random,
            heartbeat,
            request: { ...request, deadlineUs },
            token: randomId(init.random),
            redial: (again) => redial(init, limitMs, { signal: again, context: request.context }),
            onOpening: () =>
              extend(
                Math.max(0, (deadlineUs - clock.nowUs()) / 1_000),
                () =>
                  new MeshError(
                    "deadline-exceeded",
                    `${uri} did not open its pipeline within ${Math.round(wholeMs)} ms.`,
                  ),
              ),
          });
          await session.open(signal);
          return session;
        },
      );
    },
  };
}

/** @throws the signal's reason, also when the dial was done when it was given up or does not heed its signal */
async function dial(transport: Transport, uri: string, options: DialOptions): Promise<Connection> {
  const { signal } = options;
  const connection = await transport.dial(uri, options);
  if (!signal.aborted) return connection;
  await connection.close(MeshError.from(signal.reason, "cancelled"));
  throw signal.reason;
}

function redial(
  { clock, transport, uri }: RemotePipelineInit,
  afterMs: number,
  options: DialOptions,
): Promise<Connection> {
  const error = (): MeshError =>
    new MeshError("deadline-exceeded", `${uri} could not be dialled again within ${Math.round(afterMs)} ms.`);
  const { signal } = options;
  return withDeadline({ clock, afterMs, signal, error, discard: (late) => void late.close() }, (within) =>
    dial(transport, uri, { ...options, signal: within }),
  );
}
