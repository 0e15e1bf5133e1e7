import { MeshError } from "../../../runtime/interface/errors.ts";
import { failed, fine, type Finding } from "./finding.ts";
import { later, standsStill, whatListens } from "./listening.ts";
import { since, type Place } from "./reach.ts";

const answerMs = 3_000;
/** Of a list of pipelines. */
const maxBytes = 1024 * 1024;

/** What a peer answers to requests of HTTP. */
export async function* askHttp(url: URL, place: Place, signal: AbortSignal): AsyncGenerator<Finding> {
  const startMs = performance.now();
  let names: readonly string[];
  try {
    names = namesIn(await got(new URL("/v1/pipelines", url), signal));
  } catch (error) {
    signal.throwIfAborted();
    yield failed("endpoint", error, await whyNotHttp(MeshError.from(error), url, place, signal));
    return;
  }
  yield fine("endpoint", `answers by HTTP after ${since(startMs)}`);
  const wanted = pipelineIn(url);
  const listed = names.join(", ") || "none";
  if (wanted === "") yield fine("pipeline", `there are: ${listed}`);
  else if (names.includes(wanted)) yield fine("pipeline", `\`${wanted}\` is there`);
  else {
    const why = `No pipeline \`${wanted}\` is there; there are: ${listed}.`;
    yield failed(
      "pipeline",
      new MeshError("pipeline-not-found", why),
      "Correct the name at the end of the address, or let the peer run it.",
    );
  }
}

/**
 * The name of a pipeline in `/Hearing`, `/v1/pipelines/Hearing` and `/v1/pipelines/Hearing:execute`; empty where there is none.
 * @throws {URIError} for a broken percent escape
 */
export function pipelineIn({ pathname }: URL): string {
  return decodeURIComponent(pathname.replace(/^\/(?:v1\/pipelines\/?)?/, "").replace(/:\w+$/, ""));
}

async function whyNotHttp(error: MeshError, url: URL, place: Place, signal: AbortSignal): Promise<string> {
  if (error.code === "resource-exhausted") return later(error);
  const spoken = place.secure ? "another" : await whatListens(place, signal);
  if (spoken === "tls") return `The port speaks TLS: write https://${url.host}${url.pathname}`;
  if (spoken === "http/2") {
    return `The port speaks HTTP/2, as a peer by gRPC does: write grpc://${url.host}/${encodeURIComponent(pipelineIn(url))}`;
  }
  if (error.code === "deadline-exceeded") return standsStill(url.host);
  return `Another program listens at ${url.host}: check the port.`;
}

async function got(url: URL, signal: AbortSignal): Promise<unknown> {
  try {
    const response = await fetch(url, {
      redirect: "manual",
      signal: AbortSignal.any([signal, AbortSignal.timeout(answerMs)]),
    });
    if (response.status === 429 || response.status === 503)
      throw new MeshError("resource-exhausted", `${url.host} takes no more requests now (${response.status}).`);
    if (!response.ok)
      throw new MeshError("protocol-violation", `${url.host} answers /v1/pipelines with ${response.status}.`);
    const text = await response.text();
    if (text.length > maxBytes) throw new MeshError("resource-exhausted", `${url.host} answers with more than 1 MiB.`);
    return JSON.parse(text);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof MeshError) throw error;
    if (error instanceof SyntaxError)
      throw new MeshError("protocol-violation", `${url.host} answers with what is no JSON.`);
    const isLate = error instanceof Error && error.name === "TimeoutError";
    if (isLate) throw new MeshError("deadline-exceeded", `${url.host} did not answer within ${answerMs} ms.`);
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new MeshError("peer-unreachable", `${url.host} does not answer as HTTP: ${cause}.`);
  }
}

function namesIn(body: unknown): string[] {
  const list = typeof body === "object" && body !== null && "pipelines" in body ? body.pipelines : undefined;
  const names = Array.isArray(list) ? list.map((one: unknown) => nameOf(one)) : [undefined];
  if (names.includes(undefined)) throw new MeshError("protocol-violation", "What answers is no peer of a mesh.");
  return names.filter((name) => name !== undefined);
}

function nameOf(one: unknown): string | undefined {
  if (typeof one === "string") return one;
  return typeof one === "object" && one !== null && "name" in one && typeof one.name === "string"
    ? one.name
    : undefined;
}
