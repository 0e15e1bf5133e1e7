import type { Clock } from "../../interface/clock.ts";
import { withDeadline } from "../../interface/deadline.ts";
import { MeshError } from "../../interface/errors.ts";
import type { OutgoingCall, Signaling } from "../../interface/signaling.ts";
import type { Connection, DialOptions } from "../../interface/transport.ts";
import { formatHostPort, formatMeshUri, parseTargetUri } from "../../interface/uri.ts";
import { WebrtcConnection } from "./connection.ts";
import type { WebrtcEngine } from "./engines/engine.ts";
import { checkDescription } from "./negotiation.ts";

export interface DialDeps {
  readonly clock: Clock;
  readonly engine: WebrtcEngine;
  readonly signaling: Pick<Signaling, "call">;
  /** Milliseconds from the offer to the open control channel. */
  readonly connectMs: number;
}

/** Calls the peer, makes the one offer and waits for the control channel. */
export async function dial(deps: DialDeps, text: string, options: DialOptions): Promise<Connection> {
  const uri = parseTargetUri(text, "webrtc");
  const { signal } = options;
  const call = await deps.signaling.call({ host: uri.host, port: uri.port, pipeline: uri.pipeline, signal });
  const connection = new WebrtcConnection({ ...deps, address: formatMeshUri(uri), role: "offerer" });
  const phase = { text: "make its offer" };
  const tooLate = (): MeshError =>
    new MeshError(
      "deadline-exceeded",
      `${formatHostPort(uri)}: it took longer than ${deps.connectMs} ms to ${phase.text}.`,
      {
        hint: "The signaling worked. Check that UDP passes between the two machines.",
      },
    );
  try {
    const deadline = { clock: deps.clock, afterMs: deps.connectMs, signal, error: tooLate };
    await withDeadline(deadline, () => connect(connection, call, phase));
    call.bye();
    return connection;
  } catch (error) {
    call.abandon();
    await connection.close(MeshError.from(error));
    throw signal.aborted ? error : dialError(error, formatHostPort(uri));
  }
}

/** Names the phase it is in, for the error of a deadline. */
async function connect(connection: WebrtcConnection, call: OutgoingCall, phase: { text: string }): Promise<void> {
  const { peer, candidates } = connection;
  call.onCandidate((candidate) => candidates.add(candidate));
  await peer.setLocalDescription(await peer.createOffer());
  connection.tune();
  phase.text = "get its offer answered";
  const answered = call.offer(peer.localDescription?.sdp ?? "");
  candidates.sendTo((candidate) => call.candidate(candidate));
  const sdp = await answered;
  checkDescription(sdp, "answer");
  await peer.setRemoteDescription({ type: "answer", sdp });
  candidates.remoteIsSet();
  phase.text = "open a path by ICE and DTLS";
  await Promise.race([connection.opened, callFailure(call)]);
}

/** Rejects when the other side gives up: until the dialer says `bye`, the call stays up. */
async function callFailure(call: OutgoingCall): Promise<never> {
  throw (await call.ended) ?? new MeshError("peer-lost", "the other side hung up.");
}

/** A connection that never was cannot have been lost. */
function dialError(error: unknown, where: string): MeshError {
  const known = MeshError.from(error);
  if (known.code !== "peer-lost") return known;
  return new MeshError("peer-unreachable", `${where} was called, but no connection came about: ${known.message}`, {
    cause: known,
    hint: known.hint ?? "Check that UDP passes between the two machines.",
  });
}
