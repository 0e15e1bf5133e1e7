import { readFileSync } from "node:fs";
import process from "node:process";
import { MeshError } from "../../../runtime/interface/errors.ts";
import { formatHostPort, parseMeshUri } from "../../../runtime/interface/uri.ts";
import { nodejsClock } from "../../../runtime/platform/clock.nodejs.ts";
import { natsClients } from "../../../runtime/signaling/nats/clients.nodejs.ts";
import { natsStore, type NatsStore } from "../../../runtime/signaling/nats/nats-store.ts";
import { reasonOf } from "../../host/nodejs.ts";
import { environmentError, usageError } from "../exit-code.ts";

/** The port of a NATS server that is named without one. */
const natsPort = 4222;
/** Names of buckets, as NATS has them. */
const bucketName = /^[A-Za-z0-9_-]{1,64}$/;
const form = "Write it as in nats://127.0.0.1:4222, or nats://a:4222,b:4222,c:4222 for the servers of a cluster.";

/** Where registrations are kept, as it is written on the command line. */
export interface StoreAddress {
  readonly servers: readonly string[];
  /** By TLS. */
  readonly secure: boolean;
  readonly bucket: string;
}

/** @throws {CommandError} that says what is wrong with it */
export function storeAddress(given: string): StoreAddress {
  const [, scheme, list = "", bucket = "signaling"] = /^(nats|tls):\/\/([^/?#]+)(?:\/([^/?#]*))?$/.exec(given) ?? [];
  if (scheme === undefined) throw usageError(`\`--store ${given}\` is no address of NATS servers.`, form);
  if (list.includes("@")) {
    const hint = "Give a credentials file by --store-credentials, or set NATS_USER and NATS_PASSWORD.";
    throw usageError("Passwords are not taken from the address of a store.", hint);
  }
  if (!bucketName.test(bucket)) {
    throw usageError(
      `"${bucket}" is no name of a bucket.`,
      "Letters, digits, `-` and `_`, as in nats://127.0.0.1/mesh.",
    );
  }
  const servers = list.split(",").map((one) => {
    try {
      const withoutScheme = one.replace(/^(nats|tls):\/\//, "");
      const at = parseMeshUri(`${scheme}://${withoutScheme}`);
      const named = /:\d+$/.test(withoutScheme.replace(/^\[.*\]/, ""));
      return formatHostPort(named ? at : { host: at.host, port: natsPort });
    } catch (error) {
      throw usageError(MeshError.from(error).message, form);
    }
  });
  return { servers, secure: scheme === "tls", bucket };
}

/**
 * @param credentials a file, as `nsc` and `nats` write it
 * @throws {CommandError}
 */
export async function openStore(at: StoreAddress, credentials: string | undefined): Promise<NatsStore> {
  const { NATS_USER: user, NATS_PASSWORD: password } = process.env;
  try {
    return await natsStore({
      ...at,
      clock: nodejsClock,
      clients: await natsClients(),
      credentials: credentials === undefined ? undefined : readCredentials(credentials),
      ...(credentials === undefined && { user, password }),
    });
  } catch (error) {
    if (!(error instanceof MeshError)) throw error;
    throw environmentError(error.message, error.hint);
  }
}

function readCredentials(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    throw environmentError(`The credentials file ${file} cannot be read: ${reasonOf(error)}.`);
  }
}
