import type { Clock } from "../../interface/clock.ts";
import type { Transport } from "../../interface/transport.ts";
import { Clients, type GrpcCompression } from "./clients.nodejs.ts";
import { correctClients } from "./corrections.nodejs.ts";
import { dial } from "./dial.nodejs.ts";
import { listen } from "./server.nodejs.ts";
import { unaryCalls } from "./unary.nodejs.ts";

export interface GrpcTransportInit {
  readonly clock: Clock;
  /** The pipelines that may be called here, asked at each call; left out, those that are served by calls. */
  readonly pipelines?: () => readonly string[];
  /** Of the requests of calls; left out, none. What comes in may be compressed in any case. */
  readonly compression?: GrpcCompression | undefined;
}

/** Connections over gRPC, by `@grpc/grpc-js`; addresses are `grpc://host:port/pipeline`. */
export function grpcTransport({ clock, pipelines, compression }: GrpcTransportInit): Transport {
  correctClients();
  const clients = new Clients(compression);
  return {
    scheme: "grpc",
    unary: unaryCalls(clients),
    keepIdle: async () => clients.keepIdle(),
    dial: (uri, options) => dial({ clock, clients }, uri, options),
    listen: (uri, accept, calls) => listen({ clock, pipelines, accept, calls }, uri),
  };
}
