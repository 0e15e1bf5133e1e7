import { formatType } from "../../../runtime/interface/caps.ts";
import { MeshError } from "../../../runtime/interface/errors.ts";
import { parseMeshUri, type MeshUri } from "../../../runtime/interface/uri.ts";
import { nodejsClock } from "../../../runtime/platform/clock.nodejs.ts";
import type { FoundPipeline, Query } from "../../../runtime/signaling/methods.ts";
import { ServiceClient } from "../../../runtime/signaling/service-client.ts";
import { connectNodejs } from "../../../runtime/signaling/sockets.nodejs.ts";
import { environmentError, exitCode, usageError, type ExitCode } from "../exit-code.ts";
import type { Io } from "../io.ts";
import { readConditions } from "./conditions.ts";
import { serviceUri } from "../signal/service-uri.ts";
import { capabilityText } from "../../check/capability-text.ts";
import { layOut } from "../../diagnostics/text-width.ts";

export interface DiscoverRequest {
  readonly uri: string;
  readonly pipeline: string | undefined;
  readonly peer: string | undefined;
  readonly interface: string | undefined;
  readonly where: string | undefined;
  readonly watch: boolean;
  readonly json: boolean;
}

/** Shows what a signaling service or a peer knows of. */
export async function discoverPipelines(request: DiscoverRequest, io: Io): Promise<ExitCode> {
  const nodes = askedUris(request.uri);
  const query = queryOf(request);
  const abort = new AbortController();
  const stop = io.onInterrupt(() => abort.abort());
  const init = { clock: nodejsClock, connect: connectNodejs };
  let client: ServiceClient | undefined;
  try {
    client = await openAny(nodes, (at) => ServiceClient.open(init, at, abort.signal), abort.signal);
    if (request.watch) await watch(client, query, request, io, abort.signal);
    let count = 0;
    if (!request.watch) {
      for await (const found of client.discover(query, abort.signal)) {
        show(found, request, io);
        count += 1;
      }
    }
    if (count === 0 && !request.json && !request.watch) io.err.write("nothing that fits is registered there\n");
    return abort.signal.aborted ? exitCode.interrupted : exitCode.fine;
  } catch (error) {
    if (abort.signal.aborted) return exitCode.interrupted;
    if (error instanceof MeshError) {
      const isService =
        nodes.some(({ scheme }) => scheme === "ws") && error.code === "peer-unreachable" && client === undefined;
      throw environmentError(
        error.message,
        isService
          ? `Is the service running? \`meshc signal --listen ${request.uri}\` starts one; \`meshc doctor ${request.uri}\` tells what is there.`
          : error.hint,
      );
    }
    throw error;
  } finally {
    stop();
    client?.close();
  }
}

/** Any node of a service does: the first that can be reached. */
async function openAny<T>(
  nodes: readonly MeshUri[],
  open: (at: MeshUri) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  for (let left = nodes; ; left = left.slice(1)) {
    try {
      return await open(left[0] as MeshUri);
    } catch (error) {
      if (signal.aborted || left.length === 1) throw error;
    }
  }
}

/** A peer, or the nodes of a service, with commas between them. @throws {CommandError} */
function askedUris(given: string): [MeshUri, ...MeshUri[]] {
  const [first = given, ...others] = given.split(",").map((one) => one.trim());
  return [askedUri(first), ...others.map(serviceUri)];
}

/** A peer that listens answers for itself. @throws {CommandError} */
function askedUri(given: string): MeshUri {
  try {
    const uri = parseMeshUri(given);
    if (uri.scheme === "ws" || uri.scheme === "webrtc") return uri;
  } catch (error) {
    const why = error instanceof MeshError ? error.message : `\`${given}\` is no address.`;
    throw usageError(why.replace("of a pipeline", "that can be asked"), "Write it as in ws://127.0.0.1:7440.");
  }
  throw usageError(
    `${given} cannot be asked.`,
    "Give the ws:// or wss:// address of a signaling service, or the webrtc:// one of a peer.",
  );
}

function queryOf(request: DiscoverRequest): Query {
  const { pipeline, peer, where } = request;
  if (request.interface !== undefined && !/^[0-9a-f]{32}$/.test(request.interface)) {
    throw usageError(
      `\`--interface ${request.interface}\` is no hash.`,
      "It has 32 hexadecimal digits, as `meshc discover` shows them.",
    );
  }
  return {
    ...(pipeline !== undefined && { pipeline }),
    ...(peer !== undefined && { peer }),
    ...(request.interface !== undefined && { interface: request.interface }),
    ...(where !== undefined && { where: readConditions(where) }),
  };
}

async function watch(
  client: ServiceClient,
  query: Query,
  request: DiscoverRequest,
  io: Io,
  signal: AbortSignal,
): Promise<void> {
  client.onChange(({ found = [], gone = [], complete }) => {
    for (const one of found) show(one, request, io);
    for (const { peer, pipeline } of gone) {
      io.out.write(
        request.json
          ? `${JSON.stringify({ type: "gone", peer, pipeline })}\n`
          : `gone  ${onOneLine(pipeline)} of ${peer}\n`,
      );
    }
    if (complete === true && request.json) io.out.write(`${JSON.stringify({ type: "complete" })}\n`);
  });
  await client.request("watch", query, signal);
  const aborted = new Promise<undefined>((resolve) => signal.addEventListener("abort", () => resolve(undefined)));
  const over = await Promise.race([aborted, client.closed]);
  if (over !== undefined) throw over;
}

function show(found: FoundPipeline, { json }: DiscoverRequest, io: Io): void {
  if (json) {
    io.out.write(`${JSON.stringify({ type: "found", ...found })}\n`);
    return;
  }
  const { style } = io.out;
  const ports = (direction: "in" | "out", side: FoundPipeline["inputs"]): string[] =>
    Object.entries(side).map(([name, { type }]) => `  ${direction.padEnd(3)} ${name}: ${formatType(type)}`);
  const ways = [
    ...found.addresses.map((one) => `${one}/${encodeURIComponent(found.pipeline)}`),
    ...(found.relay ? ["through the service"] : []),
  ];
  const { load } = found;
  const slots = load?.slots === undefined ? "" : ` of ${load.slots}`;
  const about = [
    ...ports("in", found.inputs),
    ...ports("out", found.outputs),
    ...(found.provides.length > 0 ? [`  provides ${found.provides.map(capabilityText).join(", ")}`] : []),
    ...(load === undefined ? [] : [`  sessions ${load.inFlight}${slots}`]),
    `  reached  ${ways.join(", ") || "by nothing at present"}`,
  ];
  const lines = [
    `${style.bold(onOneLine(found.pipeline))} of ${found.peer}${found.batch ? ", batch" : ""}`,
    ...about.map(onOneLine),
    style.faint(`  interface ${onOneLine(found.interface)}`),
  ];
  io.out.write(`${lines.join("\n")}\n`);
}

/** What strangers say of themselves, so that it neither forges lines nor moves the cursor. */
function onOneLine(text: string): string {
  return layOut(text)
    .map((cell) => cell.text)
    .join("");
}
