import { MeshError } from "../../../runtime/interface/errors.ts";
import { formatHostPort, type MeshUri } from "../../../runtime/interface/uri.ts";
import { nodejsClock } from "../../../runtime/platform/clock.nodejs.ts";
import { signalVersions } from "../../../runtime/signaling/limits.ts";
import type { FoundPipeline } from "../../../runtime/signaling/methods.ts";
import { NoService, ServiceClient } from "../../../runtime/signaling/service-client.ts";
import { connectNodejs } from "../../../runtime/signaling/sockets.nodejs.ts";
import { suggest } from "../../diagnostics/suggest.ts";
import { failed, fine, skipped, type Finding } from "./finding.ts";
import { whyForeign } from "./listening.ts";
import { since, type Place } from "./reach.ts";

/** So many names are shown. */
const shownNames = 20;
const shownPipelines = 1_000;

/** What answers at a signaling endpoint, and which pipelines it knows. */
export async function* askEndpoint(
  uri: MeshUri,
  place: Place,
  signal: AbortSignal,
): AsyncGenerator<Finding, readonly FoundPipeline[]> {
  const init = { clock: nodejsClock, connect: connectNodejs };
  const startMs = performance.now();
  let client: ServiceClient;
  try {
    client = await ServiceClient.open(init, uri, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof NoService && uri.scheme === "webrtc" && uri.peer === undefined) {
      yield fine("endpoint", `speaks signaling, and has answered after ${since(startMs)}`);
      yield skipped("pipeline", "it is no service, and so does not tell which pipelines there are");
      return [];
    }
    yield failed("endpoint", error, await whyForeign(MeshError.from(error), uri, place, signal));
    return [];
  }
  try {
    yield fine(
      "endpoint",
      `speaks signaling, version ${signalVersions.join(" or ")}, and has answered after ${since(startMs)}`,
    );
    const found: FoundPipeline[] = [];
    for await (const one of client.discover({}, signal)) if (found.push(one) >= shownPipelines) break;
    yield asked(uri, found);
    return found;
  } catch (error) {
    signal.throwIfAborted();
    yield failed("pipeline", error);
    return [];
  } finally {
    client.close();
  }
}

function asked({ peer, pipeline, ...at }: MeshUri, found: readonly FoundPipeline[]): Finding {
  const where = formatHostPort(at);
  const there = peer === undefined ? found : found.filter((one) => one.peer === peer);
  if (peer !== undefined && there.length === 0) {
    const ids = listed([...new Set(found.map((one) => one.peer))]);
    const why = `No peer ${peer} is registered at ${where}; there are: ${ids}.`;
    return failed(
      "pipeline",
      new MeshError("peer-unreachable", why),
      "Correct the id before the @, or start the peer with `--register` and `--id`.",
    );
  }
  const names = [...new Set(there.map((one) => one.pipeline))];
  if (pipeline === undefined) return fine("pipeline", `there are: ${listed(names)}`);
  if (names.includes(pipeline)) {
    const others = names.length - 1;
    return fine("pipeline", `\`${pipeline}\` is there${others === 0 ? "" : `, and ${others} more`}`);
  }
  const why = `No pipeline \`${pipeline}\` is there; there are: ${listed(names)}.`;
  const near = suggest(pipeline, names);
  const hint =
    near === undefined ? "Correct the name at the end of the address, or let a peer run it." : `Did you mean ${near}?`;
  return failed("pipeline", new MeshError("pipeline-not-found", why), hint);
}

function listed(names: readonly string[]): string {
  if (names.length === 0) return "none";
  const more = names.length - shownNames;
  return `${names.slice(0, shownNames).join(", ")}${more > 0 ? `, and ${more} more` : ""}`;
}
