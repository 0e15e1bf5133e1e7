import { formatType } from "../../../runtime/interface/caps.ts";
import type { PipelineDescription } from "../../../runtime/interface/description.ts";
import { MeshError } from "../../../runtime/interface/errors.ts";
import type { ConnectionState, Transport } from "../../../runtime/interface/transport.ts";
import { formatHostPort } from "../../../runtime/interface/uri.ts";
import { nodejsClock } from "../../../runtime/platform/clock.nodejs.ts";
import { describeRemote } from "../../../runtime/remote/describe.ts";
import { protocolVersion } from "../../../runtime/remote/limits.ts";
import { interfaceHash } from "../../../runtime/signaling/registry/interface-hash.ts";
import { formatPathEnd, pathEndOf } from "../../../runtime/transports/webrtc/paths.ts";
import { failed, fine, type Finding } from "./finding.ts";
import { since, speaksTls, type Place } from "./reach.ts";

/** Connects as a call does, and asks what the pipeline takes and gives. */
export async function* callPipeline(
  uri: string,
  { scheme, place }: { readonly scheme: string; readonly place: Place },
  transport: Transport,
  signal: AbortSignal,
): AsyncGenerator<Finding, PipelineDescription | undefined> {
  const startMs = performance.now();
  let state: (() => ConnectionState) | undefined;
  let connectedAfter = "";
  const watched: Transport = {
    ...transport,
    dial: async (...args) => {
      const connection = await transport.dial(...args);
      state = () => connection.describe();
      connectedAfter = since(startMs);
      return connection;
    },
  };
  try {
    await transport.prepare?.();
    const described = await describeRemote({ transport: watched, uri, clock: nodejsClock, signal });
    if (state !== undefined) yield connected(state(), connectedAfter);
    yield fine("protocol", `speaks version ${protocolVersion}`);
    yield formats(described);
    return described;
  } catch (error) {
    signal.throwIfAborted();
    if (state !== undefined) yield connected(state(), connectedAfter);
    yield await unanswered(MeshError.from(error), state === undefined, scheme, place, signal);
    return undefined;
  }
}

async function unanswered(
  error: MeshError,
  isUnconnected: boolean,
  scheme: string,
  place: Place,
  signal: AbortSignal,
): Promise<Finding> {
  const { code } = error;
  if (code === "pipeline-not-found")
    return failed("pipeline", error, "Correct the name at the end of the address, or let the peer run it.");
  if (code === "version-mismatch") return failed("protocol", error, "Update the older of the two.");
  const isForeign =
    scheme === "grpc" && (code === "peer-unreachable" || code === "peer-lost" || code === "deadline-exceeded");
  const step = isUnconnected ? "connection" : "protocol";
  if (!isForeign) return failed(step, error);
  if (await speaksTls(place, signal))
    return failed(step, error, "The port speaks TLS, which `grpc://` does not: let it listen in plain.");
  return failed(
    step,
    error,
    `Another program listens at ${formatHostPort(place)}, or a peer by WebRTC: check the port and the scheme.`,
  );
}

/** All that was found and tried, and what was taken. */
function connected(state: ConnectionState, after: string): Finding {
  const { selectedPair: pair, localCandidates = [], remoteCandidates = [], engine } = state;
  if (state.transport !== "webrtc") return fine("connection", `a call is taken after ${after}`);
  const ends = (candidates: readonly string[]): string => {
    const found = candidates.flatMap((one) => pathEndOf(one) ?? []).map(formatPathEnd);
    return [...new Set(found)].join(", ") || "nothing";
  };
  const lines = [`found here: ${ends(localCandidates)}`, `found there: ${ends(remoteCandidates)}`];
  if (pair !== undefined) lines.push(`taken: ${formatPathEnd(pair.local)} to ${formatPathEnd(pair.remote)}`);
  return fine("connection", `by ICE and DTLS after ${after}${engine === undefined ? "" : ` (${engine})`}`, lines);
}

export function formats(described: PipelineDescription): Finding {
  const side = (direction: string, ports: PipelineDescription["inputs"]): string[] =>
    Object.entries(ports).map(
      ([name, { type, optional }]) =>
        `${direction.padEnd(3)} ${name}: ${formatType(type)}${optional ? ", optional" : ""}`,
    );
  const lines = [...side("in", described.inputs), ...side("out", described.outputs)];
  const hash = interfaceHash(described);
  return fine("formats", `${described.batch ? "batch, " : ""}interface ${hash}`, lines);
}

export function heldAgainstHash(described: PipelineDescription, hash: string): Finding {
  const there = interfaceHash(described);
  if (there === hash) return fine("interface", `is ${hash}`);
  const why = `The interface is ${there}, not ${hash}.`;
  return failed(
    "interface",
    new MeshError("format-mismatch", why),
    "Pull it again with `meshc pull`, and check the program against it.",
  );
}
