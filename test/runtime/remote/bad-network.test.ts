import { afterEach, describe, expect, it } from "vitest";
import type { MeshEvent } from "../../../runtime/interface/events.ts";
import type { Frame } from "../../../runtime/interface/frame.ts";
import type { Link } from "../../../runtime/interface/link.ts";
import { pipelineEndpoint } from "../../../runtime/pipeline/endpoint.ts";
import { remotePipeline } from "../../../runtime/remote/caller.ts";
import { servePipelines } from "../../../runtime/remote/host.ts";
import { nodejsSignaling, weriftTransport } from "../../conformance/nodejs-transport.ts";
import { BadNetwork } from "../../support/bad-network.ts";
import { envNumber } from "../../support/env-number.ts";
import { realClock as clock, seededRandom } from "../../support/real-clock.ts";
import { remoteOf } from "./support/remote.ts";
import { depsFor, echoPlan, frameOf, marking, servedFrom } from "./support/scene.ts";

/** 0: an outage is over after some attempts to go on. `SESSION_OUTAGE_MS=30000` makes it half a minute. */
const outageMs = envNumber("SESSION_OUTAGE_MS", 0);

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

/** A remote of a pipeline beyond a network of 5 ms each way, and a writer that sends it a number every 10 ms. */
async function across(seed: number, attemptMs: number) {
  const network = new BadNetwork(seed, { delayMs: 5 });
  cleanUps.push(() => network.close());
  const plan = echoPlan();
  const endpoint = pipelineEndpoint(plan, "P", depsFor(clock, { Echo: marking("!") }));
  const host = servePipelines({ find: () => servedFrom(plan, endpoint), names: () => ["P"], clock });
  const listener = await weriftTransport().listen("webrtc://127.0.0.1:0", host.accept);
  cleanUps.push(() => listener.close());
  const transport = weriftTransport({ signaling: network.around(nodejsSignaling()), connectMs: attemptMs });
  const target = remotePipeline({ transport, uri: `${listener.address}/P`, clock, random: seededRandom(9) });
  const policy = { retryTimes: 1_000, backoffMinMs: 50, backoffMaxMs: 500, resumeMs: 60_000 };
  const { node, b, events } = remoteOf({ clock }, { host: target }, { policy });
  await node.open();
  cleanUps.push(() => node.close());
  const looks = new Set<() => void>();
  const look = (): void => looks.forEach((one) => one());
  const { send } = b;
  Object.assign(b, {
    send: (frame: Frame) => {
      send(frame);
      look();
    },
  });
  const push = events.push.bind(events);
  events.push = (...more) => {
    const length = push(...more);
    look();
    return length;
  };
  /** Resolves once it is so; looks whenever a frame comes or something happens. */
  const until = (isSo: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const one = (): void => {
        if (!isSo()) return;
        looks.delete(one);
        resolve();
      };
      looks.add(one);
      one();
    });
  const happened = (kind: MeshEvent["kind"]): number => events.filter((event) => event.kind === kind).length;
  const input = node.inputs["a"] as Link;
  let sent = 0;
  const start = performance.now();
  const write = (): void => {
    const due = (performance.now() - start) / 10;
    for (; input.writable && sent < due; sent += 1) input.send(frameOf(`${sent}`, sent));
  };
  const timer = setInterval(write, 10);
  cleanUps.push(() => clearInterval(timer));
  const come = (more: number): Promise<void> => {
    const count = b.payloads.length + more;
    return until(() => b.payloads.length >= count);
  };
  const end = async (): Promise<void> => {
    clearInterval(timer);
    input.end();
    expect(await node.closed).toEqual({ error: undefined });
    // Nothing is lost, nothing comes twice, and all is in order.
    expect(b.payloads).toEqual(Array.from({ length: sent }, (_, index) => `${index}!`));
  };
  return { network, node, until, come, happened, end };
}

describe("a session over a network that", () => {
  // The time is that of a machine that has some to spare; a busy one gets another try.
  it(
    "R8.2 gives the caller another address goes on over a new connection, within two seconds",
    { retry: 2 },
    async () => {
      const { network, node, until, come, happened, end } = await across(21, 2_000);
      await come(50);
      const before = node.describe().session?.id;
      await network.changeAddresses();
      const changedMs = performance.now();
      await until(() => happened("remote-connected") === 2);
      await come(1);
      const tookMs = performance.now() - changedMs;
      console.info(`another address: goes on after ${Math.round(tookMs)} ms`);
      expect(tookMs).toBeLessThan(2_000);
      expect(node.describe().session?.id).toBe(before);
      await come(20);
      await end();
    },
  );

  it("R8.2 is away for a while goes on soon after, with nothing lost and nothing twice", async () => {
    const { network, node, until, come, happened, end } = await across(22, 2_000);
    await come(50);
    const before = node.describe().session?.id;
    network.conditions = { outage: true };
    const goneMs = performance.now();
    if (outageMs > 0) await new Promise((resolve) => setTimeout(resolve, outageMs));
    else await until(() => happened("remote-connecting") === 3);
    network.conditions = { delayMs: 5 };
    const backMs = performance.now();
    await until(() => happened("remote-connected") === 2);
    await come(1);
    const [awayMs, moreMs] = [backMs - goneMs, performance.now() - backMs].map(Math.round);
    console.info(`an outage of ${awayMs} ms: goes on ${moreMs} ms after its end`);
    expect(node.describe().session?.id).toBe(before);
    await come(20);
    await end();
  });
});
