import * as grpc from "@grpc/grpc-js";
import type { MeshUri } from "../../interface/uri.ts";
import { formatHostPort } from "../../interface/uri.ts";
import { grpcLimits } from "./limits.ts";

const options: grpc.ClientOptions = {
  "grpc.max_receive_message_length": grpcLimits.responseBytes,
  "grpc.max_send_message_length": grpcLimits.responseBytes,
  "grpc-node.flow_control_window": grpcLimits.flowControlBytes,
  "grpc.keepalive_time_ms": grpcLimits.keepaliveMs,
  "grpc.keepalive_timeout_ms": grpcLimits.keepaliveTimeoutMs,
  // A peer that was away is called again by those who decide about that, so the library has to ask anew.
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 1_000,
  "grpc.enable_retries": 0,
  "grpc.enable_channelz": 0,
};

/** How requests are compressed: `gzip` (RFC 1952). */
export type GrpcCompression = "gzip";

/** Clients that nobody uses are kept for so many addresses. */
const maxIdle = 64;

interface Entry {
  readonly client: grpc.Client;
  uses: number;
}

/** Clients of this process: one for each address, which holds one connection to it. */
export class Clients {
  readonly #known = new Map<string, Entry>();
  readonly #options: grpc.ClientOptions;
  /** How many want those kept that are not in use. */
  #keepers = 0;

  /** @param compression of requests that gain by it; left out, none is compressed. Servers that do not take it get them as they are */
  constructor(compression?: GrpcCompression) {
    const { gzip } = grpc.compressionAlgorithms;
    this.#options = {
      ...options,
      ...(compression === "gzip" && { "grpc.default_compression_algorithm": gzip }),
    };
  }

  /** @returns the client, and what gives it back */
  take(uri: MeshUri): { readonly client: grpc.Client; readonly release: () => void } {
    const address = formatHostPort(uri);
    const entry = this.#known.get(address) ?? {
      client: new grpc.Client(address, grpc.credentials.createInsecure(), this.#options),
      uses: 0,
    };
    this.#known.set(address, entry);
    entry.uses += 1;
    let isReleased = false;
    const release = (): void => {
      if (isReleased) return;
      isReleased = true;
      entry.uses -= 1;
      if (entry.uses === 0 && (this.#keepers === 0 || this.#known.size > maxIdle)) this.#tidy();
    };
    return { client: entry.client, release };
  }

  /** From now on a client that is not in use is kept; an idle connection keeps no process alive. */
  keepIdle(): () => Promise<void> {
    this.#keepers += 1;
    return () => {
      this.#keepers -= 1;
      this.#tidy();
      return Promise.resolve();
    };
  }

  #tidy(): void {
    const idle = [...this.#known].filter(([, { uses }]) => uses === 0);
    const kept = this.#keepers > 0 ? maxIdle : 0;
    for (const [address, { client }] of idle.slice(0, Math.max(0, idle.length - kept))) {
      this.#known.delete(address);
      client.close();
    }
  }
}
