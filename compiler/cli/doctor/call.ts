import { formatType } from "../../../runtime/interface/caps.ts";
import type { PipelineDescription } from "../../../runtime/interface/description.ts";
import { MeshError } from "../../../runtime/interface/errors.ts";
import type { ConnectionState, Transport } from "../../../runtime/interface/transport.ts";
import { formatHostPort, type MeshUri } from "../../../runtime/interface/uri.ts";
import { nodejsClock } from "../../../runtime/platform/clock.nodejs.ts";
import { describeRemote } from "../../../runtime/remote/describe.ts";
import { protocolVersion } from "../../../runtime/remote/limits.ts";
import { interfaceHash } from "../../../runtime/signaling/registry/interface-hash.ts";
import { formatPathEnd, pathEndOf } from "../../../runtime/transports/webrtc/paths.ts";
import { failed, fine, type Finding } from "./finding.ts";
import { standsStill, whyForeign } from "./listening.ts";
import { since, type Place } from "./reach.ts";

/** Connects as a call does, and asks what the pipeline takes and gives. */
export async function* callPipeline(
  text: string,
  { uri, place }: { readonly uri: MeshUri; readonly place: Place },
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
    const described = await describeRemote({ transport: watched, uri: text, clock: nodejsClock, signal });
    if (state !== undefined) yield connected(state(), connectedAfter);
    yield fine("protocol", `speaks version ${protocolVersion}`);
    yield formats(described);
    return described;
  } catch (error) {
    signal.throwIfAborted();
    if (state !== undefined) yield connected(state(), connectedAfter);
    yield await unanswered(MeshError.from(error), state === undefined, uri, place, signal);
    return undefined;
  }
}

async function unanswered(
  error: MeshError,
  isUnconnected: boolean,
  uri: MeshUri,
  place: Place,
  signal: AbortSignal,
): Promise<Finding> {
  const { code } = error;
  if (code === "pipeline-not-found")
    return failed("pipeline", error, "Correct the name at the end of the address, or let the peer run it.");
  if (code === "version-mismatch") return failed("protocol", error, "Update the older of the two.");
  if (code === "protocol-violation") {
    return failed(
      "protocol",
      error,
      "Update the older of the two; what stands between them may have changed what they say.",
    );
  }
  const step = isUnconnected ? "connection" : "protocol";
  if (uri.scheme === "grpc" && isUnconnected) {
    return failed(step, error, await whyForeign(error, uri, place, signal));
  }
  if (code !== "deadline-exceeded" || error.message.includes("\n")) return failed(step, error);
  if (uri.peer === undefined) return failed(step, error, standsStill(formatHostPort(place)));
  const who = `The service knows the peer ${uri.peer}, which does not answer`;
  return failed(step, error, `${who}: it stands still or is gone. Look at it, or start it anew.`);
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
