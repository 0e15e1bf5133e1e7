/**
 * How much a caller may send that a server has not read yet (RFC 9113, section 5.2). HTTP/2 begins with 64 KiB, for a stream and for a
 * connection, and grpc-js lets only clients ask for more (`grpc-node.flow_control_window`).
 */
import type { Server } from "@grpc/grpc-js";
import type { Http2Server, ServerOptions } from "node:http2";

/** What grpc-js 1.14 has inside. */
interface Inside {
  readonly commonServerOptions?: { settings?: ServerOptions["settings"] };
  createHttp2Server?: (...args: unknown[]) => Http2Server;
}

/**
 * Widens the windows of all connections to a server that does not listen yet; a version of grpc-js that is made otherwise keeps what
 * HTTP/2 begins with.
 */
export function widenWindows(server: Server, bytes: number): void {
  const inside = server as unknown as Inside;
  const { commonServerOptions, createHttp2Server } = inside;
  if (commonServerOptions === undefined || typeof createHttp2Server !== "function") return;
  commonServerOptions.settings = { ...commonServerOptions.settings, initialWindowSize: bytes };
  inside.createHttp2Server = (...args) => {
    const http2 = createHttp2Server.apply(server, args);
    // The setting is for streams alone.
    http2.on("session", (session) => session.setLocalWindowSize(bytes));
    return http2;
  };
}
