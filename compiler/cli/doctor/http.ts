import { MeshError } from "../../../runtime/interface/errors.ts";
import { failed, fine, type Finding } from "./finding.ts";
import { since, speaksTls, type Place } from "./reach.ts";

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
    const isTls = !place.secure && (await speaksTls(place, signal));
    const hint = isTls
      ? `The port speaks TLS: write https://${url.host}${url.pathname}`
      : `Another program listens at ${url.host}: check the port.`;
    yield failed("endpoint", error, hint);
    return;
  }
  yield fine("endpoint", `answers by HTTP after ${since(startMs)}`);
  const wanted = decodeURIComponent(url.pathname.replace(/^\/(?:v1\/pipelines\/?)?/, "").replace(/:\w+$/, ""));
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

async function got(url: URL, signal: AbortSignal): Promise<unknown> {
  try {
    const response = await fetch(url, {
      redirect: "error",
      signal: AbortSignal.any([signal, AbortSignal.timeout(answerMs)]),
    });
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
