import { MeshError } from "../../../runtime/interface/errors.ts";
import { formatMeshUri } from "../../../runtime/interface/uri.ts";
import { nodejsClock } from "../../../runtime/platform/clock.nodejs.ts";
import { platformRandom } from "../../../runtime/platform/random.ts";
import { serviceLimits } from "../../../runtime/signaling/limits.ts";
import { serveService } from "../../../runtime/signaling/service/serve.ts";
import { nodejsListener } from "../../../runtime/signaling/sockets.nodejs.ts";
import { keepYoungGenerationSmall } from "../../../runtime/signaling/young-generation.nodejs.ts";
import { environmentError, exitCode, usageError, type ExitCode } from "../exit-code.ts";
import type { Io } from "../io.ts";
import { isLoopback } from "../../check/addresses.ts";
import { openStore, storeAddress } from "./open-store.ts";
import { readCertificate } from "../tls/read-certificate.ts";
import { serviceUri } from "./service-uri.ts";

export interface ServiceRequest {
  /** Where it listens; loopback where it is left out. */
  readonly listen: string | undefined;
  /** Files in PEM. */
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  readonly maxPeers: string | undefined;
  /** Where registrations are kept; memory where it is left out. */
  readonly store: string | undefined;
  readonly storeCredentials: string | undefined;
  readonly maxPerAddress: string | undefined;
  readonly allowedOrigins: readonly string[];
  readonly json: boolean;
}

/** Runs a signaling service until Ctrl-C. */
export async function runService(request: ServiceRequest, io: Io): Promise<ExitCode> {
  const { tlsCert, tlsKey, listen: given = `${tlsCert === undefined ? "ws" : "wss"}://127.0.0.1:7440` } = request;
  const at = serviceUri(given);
  const tls = readCertificate({
    ...{ who: "the service", plain: "ws://", example: "wss://0.0.0.0:7440" },
    ...{ secure: at.secure === true, cert: tlsCert, key: tlsKey },
  });
  const maxPeers = countOf(request.maxPeers, "--max-peers", "peers") ?? serviceLimits.peers;
  const perAddress =
    countOf(request.maxPerAddress, "--max-per-address", "connections") ?? serviceLimits.connectionsPerAddress;
  const shared = request.store === undefined ? undefined : storeAddress(request.store);
  if (request.storeCredentials !== undefined && shared === undefined) {
    throw usageError(
      "`--store-credentials` is given without `--store`.",
      "Name the servers by --store nats://HOST:PORT.",
    );
  }
  keepYoungGenerationSmall();
  const interrupted = new Promise<void>((resolve) => io.onInterrupt(() => resolve()));
  const listen = nodejsListener({
    allowedOrigins: request.allowedOrigins,
    maxConnections: serviceLimits.connections,
    perAddress: { connections: perAddress, socketsPerSecond: serviceLimits.socketsPerSecond },
    ...(tls !== undefined && { tls }),
  });
  const store = shared && (await openStore(shared, request.storeCredentials));
  const parts = { clock: nodejsClock, random: platformRandom, listen, maxPeers, ...(store !== undefined && { store }) };
  const service = await serveService(parts, at).catch(async (error: unknown) => {
    await store?.close();
    if (!(error instanceof MeshError)) throw error;
    throw environmentError(`The service cannot listen: ${error.message}`, error.hint);
  });
  const address = formatMeshUri({ ...at, port: service.port });
  const say = (type: string, text: string, more: object = {}): void =>
    void io.out.write(request.json ? `${JSON.stringify({ type, ...more })}\n` : `${text}\n`);
  say("listening", `signaling at ${address}; Ctrl-C ends it`, { address });
  if (tls === undefined && !isLoopback(at.host)) {
    const text = `${address} is without TLS: who is on the way reads what is said there, and can change it.`;
    io.err.write(
      `warning: ${text} Give it a certificate by --tls-cert and --tls-key, or let a proxy end TLS before it.\n`,
    );
  }
  if (shared !== undefined && store !== undefined) {
    const { servers, bucket } = shared;
    const { replicas } = store;
    const copies = replicas === 1 ? "on one server alone" : `on ${replicas} servers`;
    say("store", `registrations in the bucket "${bucket}" at ${servers.join(", ")}, kept ${copies}`, {
      ...{ servers, bucket, replicas },
    });
  }
  await interrupted;
  const { peers } = service.figures();
  await service.close();
  await store?.close();
  say("ended", `ended, with ${peers} ${peers === 1 ? "peer" : "peers"} registered`, { peers });
  return exitCode.interrupted;
}

/** @throws {CommandError} for what is no number of things */
function countOf(given: string | undefined, option: string, things: string): number | undefined {
  if (given === undefined) return undefined;
  const count = Number(given);
  if (Number.isSafeInteger(count) && count >= 1) return count;
  throw usageError(`\`${option} ${given}\` is no number of ${things}.`, `Write it as in \`${option} 1000\`.`);
}
