import type { Clock } from "../../interface/clock.ts";
import { withDeadline } from "../../interface/deadline.ts";
import { MeshError } from "../../interface/errors.ts";
import type { IncomingCall } from "../../interface/signaling.ts";
import { WebrtcConnection } from "./connection.ts";
import type { WebrtcEngine } from "./engines/engine.ts";
import { checkDescription } from "./negotiation.ts";

export interface AnswerDeps {
  readonly clock: Clock;
  readonly engine: WebrtcEngine;
  /**
   * Milliseconds from the call to the open control channel, and once more from the caller's `bye`: what it had sent last may be lost, and its
   * engine says that again after one second, and after two more.
   */
  readonly connectMs: number;
  /** The address the call came in at. */
  readonly address: string;
  /** Takes the connection once it is open. */
  readonly accept: (connection: WebrtcConnection) => void;
}

/** Answers one call; a failure is told to the caller and ends there. */
export async function answer(
  deps: AnswerDeps,
  call: IncomingCall,
  onStart: (connection: WebrtcConnection) => void,
): Promise<void> {
  const { messageBytes, confirms, sameMachine } = call;
  const connection = new WebrtcConnection({ ...deps, role: "answerer", messageBytes, confirms, sameMachine });
  onStart(connection);
  const tooLate = (): MeshError =>
    new MeshError("deadline-exceeded", `No channel to the caller was open within ${deps.connectMs} ms.`);
  try {
    const deadline = { clock: deps.clock, afterMs: deps.connectMs, error: tooLate };
    await withDeadline(deadline, (_, extend) => {
      void call.ended.then((error) => {
        if (error === undefined) extend(deps.connectMs, tooLate);
      });
      return connect(connection, call);
    });
    call.connected();
  } catch (error) {
    const known = MeshError.from(error);
    call.refuse(known);
    await connection.close(known);
    return;
  }
  try {
    deps.accept(connection);
  } catch (error) {
    await connection.close(MeshError.from(error));
  }
}

async function connect(connection: WebrtcConnection, call: IncomingCall): Promise<void> {
  const { peer, candidates } = connection;
  call.onCandidate((candidate) => candidates.add(candidate));
  checkDescription(call.offer, "offer");
  await peer.setRemoteDescription({ type: "offer", sdp: call.offer }).catch((error: unknown) => {
    throw new MeshError("protocol-violation", "the offer is not an SDP that can be answered", { cause: error });
  });
  candidates.remoteIsSet();
  await peer.setLocalDescription(await peer.createAnswer());
  connection.tune();
  call.answer(peer.localDescription?.sdp ?? "");
  candidates.sendTo((candidate) => call.candidate(candidate));
  await Promise.race([connection.opened, givenUp(call)]);
}

/** Rejects when the caller goes without a `bye`; after a `bye` the path is about to open on this side too. */
async function givenUp(call: IncomingCall): Promise<never> {
  const error = await call.ended;
  if (error !== undefined) throw error;
  return new Promise(() => undefined);
}
