import type { PipelineDescription } from "../../../runtime/interface/description.ts";
import { MeshError } from "../../../runtime/interface/errors.ts";
import {
  defaultPort,
  formatHostPort,
  formatMeshUri,
  parseMeshUri,
  type MeshUri,
} from "../../../runtime/interface/uri.ts";
import { nodejsGrpc, nodejsTransport } from "../../../runtime/platform/running.nodejs.ts";
import { parseIceServer } from "../../../runtime/transports/webrtc/ice.ts";
import { CommandError, exitCode, usageError, type ExitCode } from "../exit-code.ts";
import type { Io } from "../io.ts";
import { against, readAgainst, type Expected } from "./against.ts";
import { callPipeline, heldAgainstHash } from "./call.ts";
import { failed, fine, skipped, type Finding } from "./finding.ts";
import { askHttp, pipelineIn } from "./http.ts";
import { whatListens, whyForeign } from "./listening.ts";
import { findEncryption, findName, findPort, type Place } from "./reach.ts";
import { showFinding, showSum } from "./show.ts";
import { askEndpoint } from "./signaling.ts";

export interface DoctorRequest {
  readonly uri: string;
  readonly against: string | undefined;
  readonly interface: string | undefined;
  readonly engine: "auto" | "werift" | "node-datachannel" | undefined;
  readonly iceServers: readonly string[];
  readonly json: boolean;
}

/** Goes the way of a call, and shows what each step has come to. */
export async function examineAddress(request: DoctorRequest, io: Io): Promise<ExitCode> {
  const target = readAddress(request.uri);
  if (request.interface !== undefined && !/^[0-9a-f]{32}$/.test(request.interface)) {
    throw usageError(
      `\`--interface ${request.interface}\` is no hash.`,
      "It has 32 hexadecimal digits, as `meshc doctor` shows them.",
    );
  }
  const ice = { servers: request.iceServers.map((one) => iceServer(one)) };
  const isCompared = request.against !== undefined || request.interface !== undefined;
  if (isCompared && (target.uri?.pipeline === undefined || target.uri.scheme === "ws")) {
    throw usageError(
      `${target.text} does not tell what a pipeline takes and gives.`,
      "`--against` and `--interface` go with the address of a pipeline, as in webrtc://gpu.example.com:7443/Hearing.",
    );
  }
  const expected = request.against === undefined ? undefined : readAgainst(request.against, io);
  const abort = new AbortController();
  const stop = io.onInterrupt(() => abort.abort(new MeshError("cancelled", "It was interrupted.")));
  const findings: Finding[] = [];
  try {
    for await (const finding of examine(target, { ...request, ice, expected }, abort.signal)) {
      findings.push(finding);
      if (!request.json) io.out.write(showFinding(finding, io.out));
    }
  } catch (error) {
    if (abort.signal.aborted) return exitCode.interrupted;
    throw error;
  } finally {
    stop();
  }
  const problems = findings.filter(({ state }) => state === "failed");
  if (request.json)
    io.out.write(`${JSON.stringify({ uri: target.text, fine: problems.length === 0, steps: findings })}\n`);
  else io.out.write(showSum(target.text, problems, io.out));
  if (problems.length === 0) return exitCode.fine;
  return problems.every(({ step }) => step === "interface") ? exitCode.programErrors : exitCode.environment;
}

interface Examination extends DoctorRequest {
  readonly ice: { readonly servers: readonly ReturnType<typeof parseIceServer>[] };
  readonly expected: Expected | undefined;
}

/** What is examined. */
interface Target {
  readonly text: string;
  readonly place: Place;
  /** Left out for HTTP. */
  readonly uri?: MeshUri;
  /** Of HTTP alone. */
  readonly url?: URL;
}

/** @throws {CommandError} for what is no address, or none that can be called */
function readAddress(text: string): Target {
  const scheme = /^([a-z+]+):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === "http" || scheme === "https") return readUrl(text);
  try {
    const uri = parseMeshUri(text);
    if (uri.port === 0) throw portless(text);
    if (["webrtc", "grpc", "ws"].includes(uri.scheme)) {
      return { text: formatMeshUri(uri), uri, place: { host: uri.host, port: uri.port, secure: uri.secure === true } };
    }
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const why = error instanceof MeshError ? error.message : `\`${text}\` is no address.`;
    throw usageError(why, "Write it as in webrtc://gpu.example.com:7443/Hearing.");
  }
  throw usageError(
    `${text} has no scheme that peers are called by.`,
    "There are webrtc://, webrtc+wss://, grpc://, ws://, wss://, http:// and https://.",
  );
}

function portless(text: string): CommandError {
  return usageError(
    `${text} has no port that can be called: 0 stands for a free one when a peer listens.`,
    "Write the port that the peer has got, as `meshc run` shows it.",
  );
}

function readUrl(text: string): Target {
  if (!URL.canParse(text))
    throw usageError(`\`${text}\` is no address.`, `Write it as in http://127.0.0.1:${defaultPort}/Hearing.`);
  const url = new URL(text);
  if (url.port === "0") throw portless(text);
  try {
    pipelineIn(url);
  } catch {
    throw usageError(`\`${text}\` has a broken percent escape.`, "Write a `%` in a name as %25.");
  }
  const secure = url.protocol === "https:";
  const port = url.port === "" ? (secure ? 443 : 80) : Number(url.port);
  return { text: url.href, url, place: { host: url.hostname.replace(/^\[(.*)\]$/, "$1"), port, secure } };
}

/** One step after the other, as far as the way leads. */
async function* examine(
  { text, uri, url, place }: Target,
  request: Examination,
  signal: AbortSignal,
): AsyncGenerator<Finding> {
  let isBlocked = false;
  const seen = (finding: Finding): Finding => {
    isBlocked ||= finding.state === "failed";
    return finding;
  };
  yield seen(await findName(place));
  if (isBlocked) return;
  yield seen(await findPort(place, signal));
  if (isBlocked) return;
  if (place.secure) yield seen(await findEncryption(place, signal));
  else
    yield skipped(
      "encryption",
      uri?.scheme === "webrtc" ? "signaling is in plain; what follows is encrypted by DTLS" : "none",
    );
  if (isBlocked) return;
  if (url !== undefined) {
    yield* askHttp(url, place, signal);
    return;
  }
  if (uri === undefined) return;
  if (uri.scheme !== "grpc") {
    const asking = askEndpoint(uri, place, signal);
    for (let next = await asking.next(); next.done !== true; next = await asking.next()) yield seen(next.value);
  }
  if (isBlocked || uri.scheme === "ws") return;
  if (uri.pipeline === undefined) {
    if (uri.scheme === "grpc") yield seen(await findGrpc(uri, place, signal));
    if (isBlocked) return;
    yield skipped("connection", "the address names no pipeline to call");
    return;
  }
  const network = { engine: request.engine ?? "auto", ice: request.ice };
  const transport = uri.scheme === "grpc" ? await nodejsGrpc() : nodejsTransport(network, () => undefined);
  const described = yield* callPipeline(text, { uri, place }, transport, signal);
  if (described !== undefined) yield* held(described, request);
}

function* held(described: PipelineDescription, request: Examination): Generator<Finding> {
  if (request.interface !== undefined) yield heldAgainstHash(described, request.interface);
  if (request.expected !== undefined) yield against(described, request.expected);
}

/** What can be told of a peer by gRPC without a pipeline. */
async function findGrpc(uri: MeshUri, place: Place, signal: AbortSignal): Promise<Finding> {
  if ((await whatListens(place, signal)) === "http/2") return fine("endpoint", "speaks HTTP/2, as a peer by gRPC does");
  const error = new MeshError(
    "peer-unreachable",
    `${formatHostPort(place)} does not speak HTTP/2, as a peer by gRPC does.`,
  );
  return failed("endpoint", error, await whyForeign(error, uri, place, signal));
}

/** @throws {CommandError} */
function iceServer(text: string): ReturnType<typeof parseIceServer> {
  try {
    return parseIceServer(text);
  } catch (error) {
    const { message, hint } = MeshError.from(error);
    throw usageError(message, hint);
  }
}
