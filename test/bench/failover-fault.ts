import type { MeshEvent } from "../../runtime/interface/events.ts";
import { MeshError } from "../../runtime/interface/errors.ts";
import type { Link } from "../../runtime/interface/link.ts";
import type { Signaling } from "../../runtime/interface/signaling.ts";
import { parseMeshUri } from "../../runtime/interface/uri.ts";
import { launchPlan } from "../../runtime/mesh/launch.ts";
import { nodejsPlatform } from "../../runtime/platform/nodejs.ts";
import type { WebrtcEngine } from "../../runtime/transports/webrtc/engines/engine.ts";
import { nodejsSignaling, weriftTransport } from "../conformance/nodejs-transport.ts";
import { clientOf, planOfPeers, uriTarget } from "../runtime/mesh/fixtures/plans.ts";
import { BadNetwork } from "../support/bad-network.ts";
import { text } from "../support/pipeline-plan-builder.ts";
import type { FailoverPeer } from "./failover-peers.ts";

export type FaultKind = "kill -9" | "SIGSTOP" | "dropped path";

export interface FaultInit {
  readonly id: string;
  readonly kind: FaultKind;
  /** A connection to the standby is open before the fault. */
  readonly warm: boolean;
  readonly engine: WebrtcEngine;
  readonly first: FailoverPeer;
  readonly standby: FailoverPeer;
  /** 0 to 1: at what time between two heartbeats it happens. */
  readonly phase: number;
}

export interface FaultResult {
  /** From the fault to the first frame that the standby has answered, in milliseconds; undefined when there was none in `patienceMs`. */
  readonly firstMs: number | undefined;
  readonly noticedMs: number;
  /** The code of the error that the producer was told. */
  readonly code: string | undefined;
  /** Numbers of frames that were sent. */
  readonly sent: number;
  /** What came back, in order. */
  readonly answers: readonly number[];
  /** For how long this process did nothing at a time: what it measured meanwhile is the machine. */
  readonly heldUpMs: number;
}

/** Between two frames. */
export const frameMs = 20;
const heartbeatMs = 125;
export const patienceMs = 15_000;
const before = 15;
const after = 15;

/** A stream of numbered frames to one peer, which then fails, and on to the other one. */
export async function inject(init: FaultInit): Promise<FaultResult> {
  const { id, kind, warm, engine, first, standby, phase } = init;
  const network = kind === "dropped path" ? new BadNetwork(7) : undefined;
  const signaling = network === undefined ? nodejsSignaling() : behind(network, first.uri);
  const transports = [weriftTransport({ engine, signaling })];
  const events: { readonly event: MeshEvent; readonly atMs: number }[] = [];
  const targets = [uriTarget(first.uri), uriTarget(standby.uri)];
  const plan = planOfPeers([clientOf(targets, { standby: warm })], []);
  const mesh = await launchPlan(plan, nodejsPlatform({ transports, log: () => undefined }), {
    registry: () => {
      throw new Error("This program has no nodes.");
    },
    onEvent: (event) => events.push({ event, atMs: performance.now() }),
  });
  const answers: { readonly number: number; readonly by: string; readonly atMs: number }[] = [];
  const looks = new Set<() => void>();
  const b: Link = {
    writable: true,
    ready: () => Promise.resolve(),
    send({ payload }) {
      const [, number, by = ""] = String(payload).split(" ");
      answers.push({ number: Number(number), by, atMs: performance.now() });
      for (const look of looks) look();
    },
    end: () => undefined,
    abort: () => undefined,
  };
  const { signal } = new AbortController();
  const request = { params: {}, inputs: { a: text }, outputs: { b: { type: text, link: b } }, schemas: {}, signal };
  const session = await mesh.open("Client", request);
  const input = session.inputs["a"] as Link;
  let sent = 0;
  const startMs = performance.now();
  let tickMs = startMs;
  let heldUpMs = 0;
  const timer = setInterval(() => {
    heldUpMs = Math.max(heldUpMs, performance.now() - tickMs);
    tickMs = performance.now();
    const due = (performance.now() - startMs) / frameMs;
    for (; input.writable && sent < due; sent += 1)
      input.send({ timestampUs: sent * frameMs * 1_000, seq: sent, epoch: 0, flags: 0, payload: `${id} ${sent}` });
  }, frameMs / 2);
  const from = (by: string): number => answers.filter((answer) => answer.by === by).length;
  const until = (isSo: () => boolean): Promise<boolean> => {
    let look: () => void = () => undefined;
    const come = new Promise<boolean>((resolve) => looks.add((look = () => void (isSo() && resolve(true)))));
    look();
    return within(come, patienceMs).finally(() => looks.delete(look));
  };
  try {
    const isReady = (): boolean =>
      from(first.name) >= before && (!warm || session.describe().remotes[0]?.standby !== undefined);
    if (!(await until(isReady))) throw new Error(`${first.uri} or what stands by for it did not come up.`);
    await new Promise((resolve) => setTimeout(resolve, phase * heartbeatMs));
    const lostMs = performance.now();
    if (network !== undefined) network.conditions = { outage: true };
    else first.child.kill(kind === "kill -9" ? "SIGKILL" : "SIGSTOP");
    const isThere = await until(() => from(standby.name) > 0);
    const firstAt = answers.find(({ by }) => by === standby.name)?.atMs;
    if (isThere) await until(() => from(standby.name) >= after);
    clearInterval(timer);
    input.end();
    await within(session.closed, patienceMs);
    const later = events.filter(({ atMs }) => atMs > lostMs);
    const told = later.flatMap(({ event }) => (event.kind === "remote-failed" ? [event.error.code] : []));
    return {
      firstMs: firstAt === undefined ? undefined : firstAt - lostMs,
      noticedMs: (later.find(({ event }) => event.kind.startsWith("remote-"))?.atMs ?? Number.NaN) - lostMs,
      code: told[0],
      sent,
      answers: answers.map(({ number }) => number),
      heldUpMs,
    };
  } finally {
    clearInterval(timer);
    if (kind === "SIGSTOP") first.child.kill("SIGCONT");
    if (network !== undefined) network.conditions = {};
    await mesh.close();
    await network?.close();
  }
}

/** Calls to one address lead over a network, which signaling does not pass either while nothing passes it. */
function behind(network: BadNetwork, uri: string): Signaling {
  const { port } = parseMeshUri(uri);
  const direct = nodejsSignaling();
  const around = network.around(direct);
  return {
    serve: (options) => direct.serve(options),
    call(options) {
      if (options.port !== port) return direct.call(options);
      if (network.conditions.outage !== true) return around.call(options);
      const { signal } = options;
      return new Promise((_, reject) => {
        const onAbort = (): void => reject(MeshError.from(signal.reason, "cancelled"));
        signal.addEventListener("abort", onAbort, { once: true });
        if (signal.aborted) onAbort();
      });
    },
  };
}

/** @returns false when it has not come in time */
export async function within(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), ms)));
  return Promise.race([promise.then(() => true as const), late]).finally(() => clearTimeout(timer));
}
