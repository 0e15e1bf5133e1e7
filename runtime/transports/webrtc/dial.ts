import type { Clock } from "../../interface/clock.ts";
import { withDeadline, type Deadline } from "../../interface/deadline.ts";
import { MeshError } from "../../interface/errors.ts";
import type { OutgoingCall, Signaling } from "../../interface/signaling.ts";
import { giveTime } from "../../interface/time-given.ts";
import type { DialOptions } from "../../interface/transport.ts";
import { formatHostPort, formatMeshUri, parseTargetUri } from "../../interface/uri.ts";
import type { Carrier } from "../shared/carrier.ts";
import type { Dialled } from "../shared/dialer.ts";
import type { Inbound } from "./bonds.ts";
import { WebrtcConnection } from "./connection.ts";
import type { WebrtcEngine } from "./engines/engine.ts";
import { checkDescription } from "./negotiation.ts";
import { whyNoPath, type PathSearch } from "./paths.ts";

export interface DialDeps {
  readonly clock: Clock;
  readonly engine: WebrtcEngine;
  readonly signaling: Pick<Signaling, "call">;
  /** Milliseconds from the offer to the open control channel. */
  readonly connectMs: number;
  /** Connections to other pipelines of the peer may share the one that is made. */
  readonly share: boolean;
  /** Connections that others have dialled here; the one of the peer that is called is used, if there is one. */
  readonly inbound?: (() => ReturnType<Inbound["named"]>) | undefined;
}

/** So much longer, in milliseconds, a dial as a whole may take: signaling over a long way takes several round trips. */
const signalingMs = 800;

/** For another attempt there is so much time at least, in milliseconds. */
const leastAgainMs = 1_000;

/** How long the other side has to hang up after a `bye`, in milliseconds: a little longer than it waits for its own end of the connection. */
const partingMs = 5_000;

/** Calls the peer, makes the one offer and waits for the control channel. */
export async function dial(deps: DialDeps, text: string, options: DialOptions): Promise<Dialled | Carrier> {
  const whole = giveTime(deps.clock, deps.connectMs + signalingMs, () => undefined);
  try {
    return await attempt(deps, text, options, () => Math.ceil(whole.leftMs()));
  } finally {
    whole.stop();
  }
}

async function attempt(
  deps: DialDeps,
  text: string,
  options: DialOptions,
  leftMs: () => number,
): Promise<Dialled | Carrier> {
  const uri = parseTargetUri(text, "webrtc");
  const { signal } = options;
  const { host, port, secure, peer, pipeline } = uri;
  const inbound = deps.inbound?.() ?? [];
  const where = formatHostPort(uri);
  const phase: Phase = { text: "reach it by signaling", isPath: true };
  const within = (afterMs: number): Deadline => ({
    ...{ clock: deps.clock, afterMs, signal },
    error: () => new MeshError("deadline-exceeded", `${where}: it took longer than ${afterMs} ms to ${phase.text}.`),
  });
  const discard = (late: OutgoingCall): void => late.abandon();
  const call = await withDeadline({ ...within(leftMs()), discard }, (signal) =>
    deps.signaling.call({
      ...{ host, port, secure, peer, pipeline, signal },
      share: deps.share,
      messageBytes: deps.engine.messageBytes,
      confirms: true,
      machine: deps.engine.machine?.here(),
      bonds: inbound.map(({ bond }) => bond),
    }),
  );
  const returned = call.over === undefined ? undefined : inbound[call.over]?.carrier;
  if (returned !== undefined) {
    call.bye();
    return returned;
  }
  const connection = new WebrtcConnection({
    ...deps,
    address: formatMeshUri(uri),
    role: "offerer",
    messageBytes: call.messageBytes,
    confirms: call.confirms,
    sameMachine: call.sameMachine,
    givenUp: call.hungUp,
  });
  phase.text = "make its offer";
  try {
    await withDeadline(within(Math.min(deps.connectMs, leftMs())), () => connect(connection, call, phase));
    leave(deps.clock, call, connection);
    return { connection, shared: call.shared };
  } catch (error) {
    call.abandon();
    await connection.close(MeshError.from(error));
    if (connection.unproven && !signal.aborted) {
      deps.engine.machine?.distrust();
      // Whoever waits is told why within the same time.
      return dial({ ...deps, connectMs: Math.max(leastAgainMs, leftMs() - signalingMs) }, text, options);
    }
    throw signal.aborted ? error : dialError(error, where, phase.isPath ? connection.search : undefined);
  }
}

/** Keeps the call until the other side has the connection too, or has said why not. */
function leave(clock: Clock, call: OutgoingCall, connection: WebrtcConnection): void {
  call.bye();
  const cancel = clock.schedule(partingMs, () => call.abandon());
  void call.hungUp.then(cancel);
  void connection.closed.then(() => call.abandon());
}

/** What a dial is doing, for the error of a deadline. */
interface Phase {
  text: string;
  /** It hangs on the way between the two, rather than on the other peer. */
  isPath: boolean;
}

async function connect(connection: WebrtcConnection, call: OutgoingCall, phase: Phase): Promise<void> {
  const { peer, candidates } = connection;
  call.onCandidate((candidate) => candidates.add(candidate));
  await peer.setLocalDescription(await peer.createOffer());
  connection.tune();
  phase.text = "get its offer answered";
  phase.isPath = false;
  const answered = call.offer(peer.localDescription?.sdp ?? "");
  candidates.sendTo((candidate) => call.candidate(candidate));
  const sdp = await answered;
  checkDescription(sdp, "answer");
  await peer.setRemoteDescription({ type: "answer", sdp }).catch((error: unknown) => {
    // An engine whose connection has just ended complains of whatever it misses first; another attempt may do better.
    const why = MeshError.from(error).message.replace(/\.$/, "");
    throw new MeshError("peer-lost", `the engine could not take the answer: ${why}.`, { cause: error });
  });
  candidates.remoteIsSet();
  phase.text = "open a path by ICE and DTLS";
  phase.isPath = true;
  await Promise.race([connection.opened, callFailure(call)]);
}

/** Rejects when the other side gives up: until the dialer says `bye`, the call stays up. */
async function callFailure(call: OutgoingCall): Promise<never> {
  throw (await call.ended) ?? new MeshError("peer-lost", "the other side hung up.");
}

/**
 * A connection that never was cannot have been lost.
 * @param search left out where the other side was not reached at all
 */
function dialError(error: unknown, where: string, search: PathSearch | undefined): MeshError {
  const known = MeshError.from(error);
  const { reason, hint } = search === undefined ? { reason: undefined, hint: known.hint } : whyNoPath(search);
  const more = reason === undefined ? "" : `\n  ${reason}`;
  const init = { cause: known, ...(hint !== undefined && { hint }) };
  if (known.code === "deadline-exceeded") return new MeshError(known.code, `${known.message}${more}`, init);
  if (known.code !== "peer-lost") return known;
  const message = `${where} was called, but no connection came about: ${known.message}${more}`;
  return new MeshError("peer-unreachable", message, init);
}
