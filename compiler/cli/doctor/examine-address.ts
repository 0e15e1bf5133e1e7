import type { PipelineDescription } from "../../../runtime/interface/description.ts";
import { MeshError } from "../../../runtime/interface/errors.ts";
import { defaultPort, formatMeshUri, parseMeshUri, type MeshUri } from "../../../runtime/interface/uri.ts";
import { nodejsGrpc, nodejsTransport } from "../../../runtime/platform/running.nodejs.ts";
import { parseIceServer } from "../../../runtime/transports/webrtc/ice.ts";
import { exitCode, usageError, type ExitCode } from "../exit-code.ts";
import type { Io } from "../io.ts";
import { against, readAgainst, type Expected } from "./against.ts";
import { callPipeline, heldAgainstHash } from "./call.ts";
import { skipped, type Finding } from "./finding.ts";
import { askHttp } from "./http.ts";
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
  const expected = request.against === undefined ? undefined : readAgainst(request.against, io);
  const abort = new AbortController();
  const stop = io.onInterrupt(() => abort.abort(new MeshError("cancelled", "It was interrupted.")));
  const findings: Finding[] = [];
  try {
    for await (const finding of examine(target, request, expected, abort.signal)) {
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
    if (["webrtc", "grpc", "ws"].includes(uri.scheme)) {
      return { text: formatMeshUri(uri), uri, place: { host: uri.host, port: uri.port, secure: uri.secure === true } };
    }
  } catch (error) {
    const why = error instanceof MeshError ? error.message : `\`${text}\` is no address.`;
    throw usageError(why, "Write it as in webrtc://gpu.example.com:7443/Hearing.");
  }
  throw usageError(
    `${text} has no scheme that peers are called by.`,
    "There are webrtc://, webrtc+wss://, grpc://, ws://, wss://, http:// and https://.",
  );
}

function readUrl(text: string): Target {
  if (!URL.canParse(text))
    throw usageError(`\`${text}\` is no address.`, `Write it as in http://127.0.0.1:${defaultPort}/Hearing.`);
  const url = new URL(text);
  const secure = url.protocol === "https:";
  const port = url.port === "" ? (secure ? 443 : 80) : Number(url.port);
  return { text: url.href, url, place: { host: url.hostname.replace(/^\[(.*)\]$/, "$1"), port, secure } };
}

/** One step after the other, as far as the way leads. */
async function* examine(
  { text, uri, url, place }: Target,
  request: DoctorRequest,
  expected: Expected | undefined,
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
    yield skipped("connection", "the address names no pipeline to call");
    return;
  }
  const ice = { servers: request.iceServers.map((one) => iceServer(one)) };
  const network = { engine: request.engine ?? "auto", ice };
  const transport = uri.scheme === "grpc" ? await nodejsGrpc() : nodejsTransport(network, () => undefined);
  const described = yield* callPipeline(text, { scheme: uri.scheme, place }, transport, signal);
  if (described !== undefined) yield* held(described, request, expected);
}

function* held(
  described: PipelineDescription,
  request: DoctorRequest,
  expected: Expected | undefined,
): Generator<Finding> {
  if (request.interface !== undefined) yield heldAgainstHash(described, request.interface);
  if (expected !== undefined) yield against(described, expected);
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
