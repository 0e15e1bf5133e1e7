import { grpcTransport } from "../../../runtime/transports/grpc/transport.nodejs.ts";
import { openResources } from "../../conformance/nodejs-transport.ts";
import { conformancePipelines } from "../../conformance/pipelines.ts";
import { realClock } from "../../conformance/real-clock.ts";
import { localPeers, transportConformance } from "../../conformance/transport.ts";

transportConformance({
  name: "gRPC",
  peers: () =>
    localPeers(
      grpcTransport({ clock: realClock() }),
      grpcTransport({ clock: realClock(), pipelines: () => conformancePipelines }),
    ),
  scheme: "grpc",
  listenUri: "grpc://127.0.0.1:0",
  nowhere: "grpc://127.0.0.1:9",
  resources: openResources,
});
