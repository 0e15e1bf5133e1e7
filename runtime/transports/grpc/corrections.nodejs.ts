/**
 * What is wrong in grpc-js and put right here, each by what a later version need not have.
 *
 * Keepalive and GOAWAY: Node sends no ping on an HTTP/2 session that is being closed gracefully, and says so by an undefined.
 * Both sides of grpc-js take that for a dead connection, and end the calls that the session was to wait for. So there are
 * no more pings once a session is being closed.
 */
import type { Server } from "@grpc/grpc-js";
import * as transports from "@grpc/grpc-js/build/src/transport.js";

/** To be called before the server says GOAWAY. */
export function pingNoMore(server: Server): void {
  const known = server as unknown as { keepaliveTimeMs?: number };
  if (known.keepaliveTimeMs !== undefined) known.keepaliveTimeMs = -1;
}

/** What a client has for each of its connections. */
interface Connected {
  readonly session?: { once?(event: "goaway", listener: () => void): void };
  keepaliveTimeMs?: number;
}

const corrected: unique symbol = Symbol.for("pipeline-mesh.grpc-js.goaway");

/** Of all clients of this process; calling it again does nothing. */
export function correctClients(): void {
  const { Http2SubchannelConnector: connector } = transports as unknown as {
    readonly Http2SubchannelConnector?: {
      readonly prototype: { connect(...given: unknown[]): Promise<Connected>; [corrected]?: true };
    };
  };
  if (connector === undefined || connector.prototype[corrected] === true) return;
  const { prototype } = connector;
  prototype[corrected] = true;
  const { connect } = prototype;
  prototype.connect = async function connectWithoutLatePings(this: unknown, ...given) {
    const connected = await connect.apply(this, given);
    connected.session?.once?.("goaway", () => {
      connected.keepaliveTimeMs = -1;
    });
    return connected;
  };
}
