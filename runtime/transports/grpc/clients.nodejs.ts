import * as grpc from "@grpc/grpc-js";
import type { MeshUri } from "../../interface/uri.ts";
import { formatHostPort } from "../../interface/uri.ts";
import { grpcLimits } from "./limits.ts";

const options: grpc.ClientOptions = {
  "grpc.max_receive_message_length": grpcLimits.responseBytes,
  "grpc.max_send_message_length": grpcLimits.responseBytes,
  "grpc.keepalive_time_ms": grpcLimits.keepaliveMs,
  "grpc.keepalive_timeout_ms": grpcLimits.keepaliveTimeoutMs,
  // A peer that was away is called again by those who decide about that, so the library has to ask anew.
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 1_000,
  "grpc.enable_retries": 0,
};

/** Clients of this process: one for each address, for as long as it is in use. */
export class Clients {
  readonly #known = new Map<string, { readonly client: grpc.Client; uses: number }>();

  /** @returns the client, and what gives it back */
  take(uri: MeshUri): { readonly client: grpc.Client; readonly release: () => void } {
    const address = formatHostPort(uri);
    const entry = this.#known.get(address) ?? {
      client: new grpc.Client(address, grpc.credentials.createInsecure(), options),
      uses: 0,
    };
    this.#known.set(address, entry);
    entry.uses += 1;
    let isReleased = false;
    return {
      client: entry.client,
      release: () => {
        if (isReleased) return;
        isReleased = true;
        entry.uses -= 1;
        if (entry.uses > 0) return;
        // The library keeps the connection itself for some seconds, so that the next client finds it warm.
        this.#known.delete(address);
        entry.client.close();
      },
    };
  }
}
