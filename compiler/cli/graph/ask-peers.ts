import { MeshError } from "../../../runtime/interface/errors.ts";
import type { TopologyPeer, TopologyPipeline } from "../../../runtime/interface/topology.ts";
import { formatHostPort, formatMeshUri, parseMeshUri, type MeshUri } from "../../../runtime/interface/uri.ts";
import { describePipelineAt } from "../../../runtime/mesh/connect.ts";
import { topologyPipeline } from "../../../runtime/mesh/topology.ts";
import { nodejsPlatform } from "../../../runtime/platform/nodejs.ts";
import * as z from "zod/mini";
import { list, read, text } from "../../../runtime/interface/bounded.ts";
import { usageError } from "../exit-code.ts";

/** How long a peer has to list its pipelines, and how much of that is read. */
const listMs = 5_000;
const listBytes = 4 * 1024 * 1024;

/** What a peer says of its pipelines to anyone who asks. */
export interface Asked {
  readonly peers: readonly TopologyPeer[];
  /** Addresses that gave no answer, and why. */
  readonly silent: readonly { readonly uri: string; readonly error: MeshError }[];
}

/**
 * Asks peers that run somewhere what their pipelines take and give.
 * @param given addresses of pipelines; a `webrtc` one without a pipeline means all that the peer runs
 * @throws {CommandError} for what is no such address; the reason of the signal
 */
export async function askPeers(given: readonly string[], signal: AbortSignal): Promise<Asked> {
  const uris = given.map(checked);
  const peers = new Map<string, TopologyPipeline[]>();
  const silent: { uri: string; error: MeshError }[] = [];
  const answers = await Promise.all(
    uris.map(async (uri) => {
      try {
        return { uri, pipelines: await pipelinesAt(uri, signal) };
      } catch (error) {
        signal.throwIfAborted();
        return { uri, error: MeshError.from(error) };
      }
    }),
  );
  for (const { uri, pipelines = [], error } of answers) {
    if (error !== undefined) {
      silent.push({ uri: formatMeshUri(uri), error });
      continue;
    }
    const at = formatMeshUri({ ...uri, pipeline: undefined });
    const known = peers.get(at) ?? [];
    peers.set(at, [...known, ...pipelines.filter(({ name }) => known.every((one) => one.name !== name))]);
  }
  const found = [...peers].map(([at, pipelines]) => ({ name: at.replace(/^.*\/\//, ""), addresses: [at], pipelines }));
  return { peers: found, silent };
}

/** @throws {CommandError} that says what is wrong with it */
function checked(text: string): MeshUri {
  let uri: MeshUri;
  try {
    uri = parseMeshUri(text);
  } catch (error) {
    throw usageError(MeshError.from(error).message, "Write it as in webrtc://gpu.example.com:7443/Hearing.");
  }
  if (uri.scheme !== "webrtc" && uri.scheme !== "grpc") {
    throw usageError(`\`${text}\` is not an address of webrtc or grpc.`, "Peers are asked by these two.");
  }
  if (uri.scheme === "grpc" && uri.pipeline === undefined) {
    throw usageError(
      `\`${text}\` names no pipeline, and gRPC lists none.`,
      `Write \`${text.replace(/\/$/, "")}/NAME\`.`,
    );
  }
  return uri;
}

async function pipelinesAt(uri: MeshUri, signal: AbortSignal): Promise<readonly TopologyPipeline[]> {
  if (uri.pipeline === undefined) return listAt(uri, signal);
  const quiet = nodejsPlatform({ log: () => undefined });
  return [topologyPipeline(await describePipelineAt(quiet, formatMeshUri(uri), signal))];
}

const formats = z.record(text(1, 128), text(1, 65_536));
const listing = z.object({
  pipelines: list(z.object({ name: text(1, 128), inputs: formats, outputs: formats }), 0, 1_024),
});

/** By HTTP, at the port of the signaling (docs/http.md). @throws {MeshError} `peer-unreachable`, `protocol-violation` */
async function listAt(uri: MeshUri, signal: AbortSignal): Promise<readonly TopologyPipeline[]> {
  const where = formatHostPort(uri);
  const limit = AbortSignal.any([signal, AbortSignal.timeout(listMs)]);
  let body: string;
  try {
    const answer = await fetch(`http://${where}/v1/pipelines`, { signal: limit, redirect: "error" });
    body = await textOf(answer, where);
  } catch (error) {
    if (error instanceof MeshError) throw error;
    throw new MeshError("peer-unreachable", `${where} does not answer when it is asked for its pipelines.`, {
      cause: error,
      hint: "Is a peer running there? Its address is printed when it starts.",
    });
  }
  const found = read(listing, jsonOf(body));
  if (!found.success) throw new MeshError("protocol-violation", `${where} does not answer as a peer does.`);
  return found.data.pipelines;
}

/** @throws {MeshError} `resource-exhausted`, `peer-unreachable` */
async function textOf(answer: Response, where: string): Promise<string> {
  if (!answer.ok)
    throw new MeshError("peer-unreachable", `${where} answers ${answer.status} when it is asked for its pipelines.`);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer.body ?? []) {
    bytes += chunk.length;
    if (bytes > listBytes) throw new MeshError("resource-exhausted", `${where} lists more than 4 MiB of pipelines.`);
    chunks.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
