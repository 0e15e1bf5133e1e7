import { delay, type Clock } from "../../interface/clock.ts";
import { MeshError } from "../../interface/errors.ts";
import type { NatsBucket, NatsClients, NatsConnection, NatsManager, NatsOptions } from "./nats-types.ts";

/** Where a bucket is, and by whose leave. */
export interface NatsAddress {
  /** `host:port` each. */
  readonly servers: readonly string[];
  readonly secure: boolean;
  /** The name of the bucket. */
  readonly bucket: string;
  /** The text of a credentials file. */
  readonly credentials?: Uint8Array | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
}

/** What is in use of NATS by one node. */
export interface OpenBucket {
  readonly connection: NatsConnection;
  readonly manager: NatsManager;
  readonly bucket: NatsBucket;
  /** The stream that holds the bucket. */
  readonly stream: string;
  /** Servers that keep it, each by itself. */
  readonly replicas: number;
}

/** How long the store may take for an answer, in milliseconds: less than a peer waits for one. */
const answerMs = 2_500;
/** Servers of a cluster that have just been started choose a leader first; milliseconds. */
const settlesWithinMs = 20_000;
const againMs = 500;
/** Copies of a bucket that is made here: one server may be lost. */
const copies = 3;
/** JetStream: "replicas > 1 not supported in non-clustered mode". */
const notClustered = 10_074;

/**
 * Connects to NATS, and makes the bucket if it is not there.
 * @throws {MeshError} `peer-unreachable`, `access-denied`, `invalid-argument`
 */
export async function openBucket(clients: NatsClients, clock: Clock, at: NatsAddress): Promise<OpenBucket> {
  const connection = await connect(clients, at);
  try {
    if (connection.info?.jetstream !== true && connection.info?.cluster === undefined) throw noJetStream(at);
    const untilUs = clock.nowUs() + settlesWithinMs * 1_000;
    for (;;) {
      try {
        return await open(clients, connection, at.bucket);
      } catch (error) {
        if (error instanceof MeshError || clock.nowUs() > untilUs) throw error;
        await delay(clock, againMs);
      }
    }
  } catch (error) {
    await connection.close();
    if (error instanceof MeshError) throw error;
    const text = `The bucket "${at.bucket}" at ${at.servers.join(", ")} could not be opened: ${wordsOf(error)}.`;
    const hint = "JetStream has to be enabled on at least three servers of the cluster, or on the only one.";
    throw new MeshError("peer-unreachable", text, { cause: error, hint });
  }
}

async function connect(clients: NatsClients, at: NatsAddress): Promise<NatsConnection> {
  const { servers, secure, credentials, user, password } = at;
  const options: NatsOptions = {
    servers,
    name: "pipeline-mesh signaling",
    timeout: 3_000,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    // A server that is there and does not answer is left after three of these.
    pingInterval: 2_000,
    maxPingOut: 2,
    noEcho: true,
    ...(secure && { tls: {} }),
    ...(credentials !== undefined && { authenticator: clients.credsAuthenticator(credentials) }),
    ...(user !== undefined && { user }),
    ...(password !== undefined && { pass: password }),
  };
  try {
    return await clients.connect(options);
  } catch (error) {
    const { name = "" } = error as { name?: string };
    const where = servers.join(", ");
    if (/Authorization|Authentication/.test(name)) {
      throw new MeshError("access-denied", `NATS at ${where} does not let this node in: ${wordsOf(error)}.`, {
        cause: error,
        hint: "Give a credentials file, or set NATS_USER and NATS_PASSWORD.",
      });
    }
    throw new MeshError("peer-unreachable", `No NATS server answers at ${where}: ${wordsOf(error)}.`, {
      cause: error,
      hint: "Start one there: `nats-server -js`.",
    });
  }
}

async function open(clients: NatsClients, connection: NatsConnection, name: string): Promise<OpenBucket> {
  const options = { timeout: answerMs };
  const buckets = new clients.Kvm(clients.jetstream(connection, options));
  const create = (replicas: number): Promise<NatsBucket> =>
    buckets.create(name, { history: 1, replicas, storage: "file", allow_direct: false });
  const bucket = await create(copies).catch((error: unknown) => {
    if (apiCode(error) === notClustered) return create(1);
    throw error;
  });
  const manager = await clients.jetstreamManager(connection, options);
  const stream = `KV_${name}`;
  const { config } = await manager.streams.info(stream);
  return { connection, manager, bucket, stream, replicas: config.num_replicas };
}

/** The code of an answer of JetStream; undefined for what is none. */
export function apiCode(error: unknown): number | undefined {
  const { name, code } = error as { name?: unknown; code?: unknown };
  return name === "JetStreamApiError" && typeof code === "number" ? code : undefined;
}

/** In one line, without the full stop. */
export function wordsOf(error: unknown): string {
  return (MeshError.from(error).message.split("\n")[0] ?? "").replace(/\.$/, "").toLowerCase();
}

function noJetStream({ servers }: NatsAddress): MeshError {
  return new MeshError(
    "invalid-argument",
    `NATS at ${servers.join(", ")} runs without JetStream, which keeps values.`,
    {
      hint: "Start it with JetStream: `nats-server -js`.",
    },
  );
}
