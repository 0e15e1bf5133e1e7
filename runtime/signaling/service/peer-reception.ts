import type { PipelineCalls } from "../../interface/calls.ts";
import type { Clock } from "../../interface/clock.ts";
import type { MethodParams, RpcId } from "../protocol.ts";
import type { Guest, Reception } from "../reception.ts";
import type { Refusals } from "../refusals.ts";
import { Directory } from "../registry/directory.ts";
import type { SocketOutlet } from "../socket.ts";
import { roundRobinChooser } from "./chooser.ts";
import { SignalingService } from "./service.ts";

/** Conversations with a peer at the same time. */
const maxConversations = 64;

/** The service that is built into a listening peer: it knows the pipelines of the peer, and registers no others. */
export function peerReception(clock: Clock, calls: PipelineCalls, refusals: Refusals): Reception {
  let service: SignalingService | undefined;
  return {
    // What the peer runs is described when somebody asks for more than a call.
    enter(hello: MethodParams<"hello">, id: RpcId, socket: SocketOutlet, text: string): Guest | undefined {
      if (hello.pipeline !== undefined) return undefined;
      service ??= new SignalingService({
        clock,
        directory: ownDirectory(calls),
        chooser: roundRobinChooser(),
        self: calls.about?.id ?? "self",
        maxConversations,
        refusals,
      });
      return service.enter(hello, id, socket, text);
    },
  };
}

function ownDirectory(calls: PipelineCalls): Directory {
  const directory = new Directory();
  const { id = "self", name = "peer", provides = [], addresses } = calls.about ?? {};
  const pipelines = calls.names().map((pipeline) => {
    const { batch, idempotent, inputs, outputs, schemas } = calls.describe(pipeline);
    return { pipeline, batch, idempotent, inputs: { ...inputs }, outputs: { ...outputs }, schemas: { ...schemas } };
  });
  directory.apply({
    kind: "put",
    record: {
      id,
      key: "",
      epoch: 1,
      node: id,
      connected: false,
      name,
      addresses: [...(addresses?.() ?? [])],
      relay: false,
      provides: [...provides],
      pipelines,
    },
  });
  return directory;
}
