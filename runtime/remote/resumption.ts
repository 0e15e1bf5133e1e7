import { whenAborted } from "../interface/abort.ts";
import { MeshError } from "../interface/errors.ts";
import { checkVersion } from "./agreement.ts";
import { Leg, type LegInit } from "./leg.ts";
import { protocolVersion } from "./limits.ts";
import { byeError, type Resume } from "./messages.ts";
import type { PeerWire } from "./peer-wire.ts";

export type ResumeRequest = Pick<Resume, "session" | "pipeline" | "token" | "attempt">;

/**
 * Asks the other peer over a new connection to go on with an interrupted session.
 * @returns false when it has not kept the session, or this side has given it up meanwhile
 * @throws {MeshError} when there is no answer; the signal's reason. The connection is given up then
 */
export async function resumeOver(
  wire: PeerWire,
  init: LegInit,
  request: ResumeRequest,
  signal: AbortSignal,
): Promise<boolean> {
  let settle: (goesOn: boolean) => void = () => undefined;
  let reject: (error: MeshError) => void = () => undefined;
  const answered = new Promise<boolean>((resolve, fail) => {
    settle = resolve;
    reject = fail;
  });
  answered.catch(() => undefined);
  const leg = new Leg(init, {
    onMessage(message) {
      if (message.type === "refuse") {
        settle(false);
        return;
      }
      // It stops, or has given the session up; that is no reason to leave it for good.
      if (message.type === "bye") {
        reject(byeError(message) ?? leftEarly());
        return;
      }
      try {
        if (message.type !== "resumed") {
          throw new MeshError("protocol-violation", `The other peer said "${message.type}" in place of "resumed".`);
        }
        checkVersion(message.version);
        // It was waited for so long that the time had run out by then: that says nothing against another session.
        if (wire.isClosing) {
          settle(false);
          return;
        }
        wire.resume(leg, channels, message.streams, () => undefined);
        settle(true);
      } catch (error) {
        reject(MeshError.from(error));
        throw error;
      }
    },
    onFailure: (error) => reject(error),
    onEnd: (error) => reject(error ?? leftEarly()),
  });
  const channels = wire.channelsOn(init.connection);
  const unlisten = whenAborted(signal, () => reject(MeshError.from(signal.reason, "cancelled")));
  try {
    signal.throwIfAborted();
    leg.start();
    leg.send({ type: "resume", versions: [protocolVersion], ...request, streams: wire.progress() });
    const goesOn = await answered;
    if (!goesOn) void leg.leave(undefined, false);
    return goesOn;
  } catch (error) {
    // Without a word: it may have gone on with the session already, and is to keep it for another attempt.
    void leg.leave(new MeshError("peer-lost", "The attempt to go on was given up."), true);
    throw error;
  } finally {
    unlisten();
  }
}

function leftEarly(): MeshError {
  return new MeshError("peer-lost", "The other peer left before it answered.");
}
