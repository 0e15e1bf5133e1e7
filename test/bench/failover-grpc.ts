import { Client, credentials, type ClientDuplexStream } from "@grpc/grpc-js";
import { frameMs, type FaultKind } from "./failover-fault.ts";
import { streaming } from "./failover-peer.ts";
import type { FailoverPeer } from "./failover-peers.ts";

export interface GrpcFault {
  readonly id: string;
  readonly kind: Exclude<FaultKind, "dropped path">;
  /** Asks each second whether the other side is there, and waits a second for the answer; by default nobody asks. */
  readonly keepalive: boolean;
  readonly first: FailoverPeer;
  readonly standby: FailoverPeer;
  readonly patienceMs: number;
}

/**
 * The same with a stream of `@grpc/grpc-js`, as one would write it: a channel with the addresses of both, which takes the first that
 * answers, and a stream that is opened again when it fails.
 * @returns milliseconds from the fault to the first answer of the standby, `patienceMs` when there was none; and what was sent
 */
export async function injectGrpc(init: GrpcFault): Promise<{ readonly firstMs: number; readonly sent: number }> {
  const { id, kind, keepalive, first, standby, patienceMs } = init;
  const options = keepalive ? { "grpc.keepalive_time_ms": 1_000, "grpc.keepalive_timeout_ms": 1_000 } : {};
  const address = `ipv4:127.0.0.1:${first.grpcPort},127.0.0.1:${standby.grpcPort}`;
  const client = new Client(address, credentials.createInsecure(), options);
  let stream: ClientDuplexStream<string, string> | undefined;
  let sent = 0;
  let answered = 0;
  let onFirst: () => void = () => undefined;
  let isOver = false;
  let isReady: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => (isReady = resolve));
  const open = (): void => {
    const { path, requestSerialize, responseDeserialize } = streaming;
    const opened = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    stream = opened;
    opened.on("data", (payload: string) => {
      answered += 1;
      if (answered >= 15) isReady();
      if (payload.endsWith(` ${standby.name}`)) onFirst();
    });
    opened.on("error", () => {
      if (!isOver && stream === opened) open();
    });
  };
  open();
  const timer = setInterval(() => {
    stream?.write(`${id} ${sent}`);
    sent += 1;
  }, frameMs);
  try {
    await ready;
    const lostMs = performance.now();
    const come = new Promise<void>((resolve) => (onFirst = resolve));
    let patience: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (patience = setTimeout(resolve, patienceMs)));
    first.child.kill(kind === "kill -9" ? "SIGKILL" : "SIGSTOP");
    await Promise.race([come, late]);
    clearTimeout(patience);
    return { firstMs: performance.now() - lostMs, sent };
  } finally {
    isOver = true;
    clearInterval(timer);
    stream?.cancel();
    client.close();
    if (kind === "SIGSTOP") first.child.kill("SIGCONT");
  }
}
