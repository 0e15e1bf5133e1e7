import type { PipelineCalls } from "../../interface/calls.ts";
import { MeshError } from "../../interface/errors.ts";
import type { Bond, CallSource, Signaling } from "../../interface/signaling.ts";
import type { Connection, Listener, Transport } from "../../interface/transport.ts";
import { formatMeshUri, parsePeerUri } from "../../interface/uri.ts";
import { pipelineNotFound } from "../../signaling/errors.ts";
import { PerAddress } from "../../signaling/per-address.ts";
import { Carrier } from "../shared/carrier.ts";
import type { SharingDialer } from "../shared/dialer.ts";
import { answer } from "./answer.ts";
import type { WebrtcConnection } from "./connection.ts";
import { bondOf, Inbound, isSame } from "./bonds.ts";
import { defaultConnectMs, loaderOf, sharingDialer, type WebrtcDialerInit } from "./dialer.ts";
import type { WebrtcEngine } from "./engines/engine.ts";

export interface WebrtcTransportInit extends WebrtcDialerInit {
  readonly signaling: Signaling;
  /** The pipelines that may be dialled here, asked at each call; left out, every name is let through to `accept`. */
  readonly pipelines?: () => readonly string[];
}

/** What one listener holds at most; printed in `docs/protocol.md`. */
const listenLimits = {
  /** Connections that are answered and not open yet: each costs sockets and keys before the caller has proved anything. */
  halfOpen: 64,
  /** Those of one address, when it is known. */
  halfOpenPerAddress: 32,
  /** All, those included. */
  connections: 1_024,
} as const;

/** Connections over WebRTC data channels; addresses are `webrtc://host:port/pipeline`. */
export function webrtcTransport(init: WebrtcTransportInit): Transport {
  const load = loaderOf(init.engine);
  const inbound = new Inbound();
  const { transport, dialer } = sharingDialer({ ...init, engine: load }, inbound);
  return {
    ...transport,
    // What answers is loaded before anyone can call.
    listen: async (uri, accept, calls, from) =>
      listen({ connectMs: defaultConnectMs, ...init, engine: await load(), inbound, dialer }, uri, accept, calls, from),
  };
}

async function listen(
  init: WebrtcTransportInit & {
    readonly engine: WebrtcEngine;
    readonly connectMs: number;
    readonly inbound: Inbound;
    /** What the same peer has dialled. */
    readonly dialer: SharingDialer;
  },
  text: string,
  accept: (connection: Connection, pipeline: string) => void,
  calls: PipelineCalls | undefined,
  from: CallSource | undefined,
): Promise<Listener> {
  const uri = parsePeerUri(text, "webrtc");
  const open = new Set<WebrtcConnection>();
  const halfOpenOf = new PerAddress(listenLimits.halfOpenPerAddress);
  const carriers = new Set<Carrier>();
  const addressOf = (pipeline: string): string => formatMeshUri({ ...uri, port: server.port, pipeline });
  const connecting = (): WebrtcConnection[] => [...open].filter(({ isConnecting }) => isConnecting);
  let stopped = false;
  const refusal = (pipeline: string): MeshError | undefined => {
    const names = init.pipelines?.();
    return names === undefined || names.includes(pipeline) ? undefined : pipelineNotFound(pipeline, names);
  };
  const carry = (connection: WebrtcConnection): void => {
    const carrier = new Carrier({
      connection,
      clock: init.clock,
      role: "callee",
      accept,
      refusal,
      addressOf,
      idleMs: () => 0,
    });
    carriers.add(carrier);
    init.inbound.add(carrier);
    void connection.closed.then(() => carriers.delete(carrier));
  };
  const taking = { accept, refusal, addressOf };
  /** Those that this peer has dialled, and whose other side may open connections to it. */
  const returned = new Set<Carrier>();
  const vouch = (bonds: readonly Bond[]): number | undefined => {
    for (const carrier of stopped ? [] : init.dialer.carriers) {
      const here = bondOf(carrier.describe());
      const index = here === undefined ? -1 : bonds.findIndex((there) => isSame(here, there));
      if (index < 0 || !carrier.isOpen || !carrier.take(taking)) continue;
      returned.add(carrier);
      void carrier.closed.then(() => returned.delete(carrier));
      return index;
    }
    return undefined;
  };
  const server = await init.signaling.serve({
    host: uri.host,
    port: uri.port,
    secure: uri.secure === true,
    pipelines: init.pipelines,
    share: init.share ?? true,
    messageBytes: init.engine.messageBytes,
    confirms: true,
    machine: () => init.engine.machine?.here(),
    calls,
    from,
    vouch,
    onCall(call) {
      if (stopped) {
        call.refuse(new MeshError("peer-unreachable", "the peer stops"));
        return;
      }
      const halfOpen = connecting().length;
      if (halfOpen >= listenLimits.halfOpen || open.size >= listenLimits.connections) {
        call.refuse(new MeshError("resource-exhausted", "as many connections as may be are open, or about to be"));
        return;
      }
      const { pipeline, shared, remoteHost } = call;
      if (!halfOpenOf.take(remoteHost)) {
        call.refuse(
          new MeshError("resource-exhausted", "as many connections of one address as may be are about to be open"),
        );
        return;
      }
      const take = (connection: WebrtcConnection): void => {
        if (shared) carry(connection);
        else accept(connection, pipeline);
      };
      answer({ ...init, address: addressOf(pipeline), accept: take }, call, (connection) => {
        open.add(connection);
        void connection.closed.then(() => open.delete(connection));
      })
        .catch((error: unknown) => call.refuse(MeshError.from(error)))
        .finally(() => halfOpenOf.release(remoteHost));
    },
  });
  return {
    address: formatMeshUri({ ...uri, port: server.port, pipeline: undefined }),
    drain() {
      stopped = true;
      server.drain();
    },
    async close() {
      stopped = true;
      const reason = new MeshError("cancelled", "The peer stops listening.");
      // What is open goes on, and the last of those that share a connection closes it.
      for (const carrier of carriers) carrier.retire();
      for (const carrier of returned) carrier.take(undefined);
      await Promise.all([server.close(), ...connecting().map((connection) => connection.close(reason))]);
    },
  };
}
