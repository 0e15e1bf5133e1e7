import type { Clock } from "../interface/clock.ts";
import { withDeadline } from "../interface/deadline.ts";
import { MeshError } from "../interface/errors.ts";
import { randomId, type Random } from "../interface/random.ts";
import type { PipelineEndpoint, PipelineSession } from "../interface/session.ts";
import type { Transport } from "../interface/transport.ts";
import { parseTargetUri } from "../interface/uri.ts";
import { CallerSession } from "./caller-session.ts";
import type { HeartbeatOptions } from "./heartbeat.ts";
import { connectTimeoutMs, openTimeoutMs } from "./limits.ts";

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
  return {
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
          const connection = await transport.dial(uri, { signal });
          if (signal.aborted) {
            // The dial was already done when it was given up, or it does not heed its signal.
            await connection.close(MeshError.from(signal.reason, "cancelled"));
            throw signal.reason;
          }
          const session = new CallerSession({
            connection,
            uri,
            pipeline,
            id: randomId(init.random),
            clock,
            heartbeat: init.heartbeat ?? {},
            request: { ...request, deadlineUs },
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
