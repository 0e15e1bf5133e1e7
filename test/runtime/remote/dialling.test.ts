import { describe, expect, it } from "vitest";
import type { MeshError } from "../../../runtime/interface/errors.ts";
import { withDeadline } from "../../../runtime/interface/deadline.ts";
import type { Connection, Transport } from "../../../runtime/interface/transport.ts";
import { remotePipeline } from "../../../runtime/remote/caller.ts";
import { seededRandom } from "../../support/real-clock.ts";
import { call, failureOf, rawHost, scene, serve, testLink, text, type Scene } from "./support/scene.ts";

/** A transport whose dials take a while and do not heed their signal. */
function slow({ clock, network }: Scene, delayMs: number): { transport: Transport; made: Connection[] } {
  const real = network.transport("caller");
  const made: Connection[] = [];
  const transport: Transport = {
    ...real,
    async dial(uri) {
      await new Promise<void>((resolve) => clock.schedule(delayMs, resolve));
      const connection = await real.dial(uri, { signal: new AbortController().signal });
      made.push(connection);
      return connection;
    },
  };
  return { transport, made };
}

function open(stage: Scene, transport: Transport, signal: AbortSignal, connectTimeoutMs = 1_000) {
  const { clock } = stage;
  const uri = "memory://server/P";
  const endpoint = remotePipeline({ transport, uri, clock, random: seededRandom(1), connectTimeoutMs });
  const request = { params: {}, inputs: { a: text }, outputs: { b: { type: text, link: testLink() } }, schemas: {} };
  const opening = endpoint.open({ ...request, signal });
  opening.catch(() => undefined);
  return opening;
}

describe("a dial that comes too late", () => {
  it("closes its connection when the deadline has passed", async () => {
    const stage = scene();
    await serve(stage);
    const { transport, made } = slow(stage, 1_500);
    const opening = open(stage, transport, new AbortController().signal);
    expect(await failureOf(stage.clock.until(opening))).toMatchObject({ code: "deadline-exceeded" });
    expect(stage.clock.nowMs).toBe(1_000);
    await stage.clock.run(1_000);
    expect(made.map((connection) => connection.describe().state)).toEqual(["closed"]);
    await stage.clock.run(12_000);
    expect(stage.clock.pending).toBe(0);
  });

  it("closes its connection when the caller has given up", async () => {
    const stage = scene();
    await serve(stage);
    const { transport, made } = slow(stage, 500);
    const controller = new AbortController();
    const opening = open(stage, transport, controller.signal);
    await stage.clock.run(100);
    controller.abort(new Error("never mind"));
    await expect(opening).rejects.toThrow("never mind");
    await stage.clock.run(1_000);
    expect(made.map((connection) => connection.describe().state)).toEqual(["closed"]);
  });
});

describe("a caller that gives up", () => {
  it("while it waits for the answer closes the connection, and the host frees what it opened", async () => {
    const stage = scene();
    const { peers } = await rawHost(stage);
    const controller = new AbortController();
    const { opening } = call(stage, { signal: controller.signal });
    await stage.clock.run(10);
    controller.abort(new Error("never mind"));
    await expect(stage.clock.until(opening)).rejects.toThrow("never mind");
    await stage.clock.run(1_000);
    expect(peers[0]?.connection.describe().state).toBe("closed");
    expect(stage.clock.pending).toBe(0);
  });

  it("in the moment of the answer leaves nothing open", async () => {
    // Whatever the order in which the answer and the end come, turn by turn.
    for (let turns = 0; turns < 40; turns += 1) {
      const stage = scene();
      await serve(stage);
      const controller = new AbortController();
      const { opening } = call(stage, { signal: controller.signal });
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      controller.abort(new Error("never mind"));
      const session = await opening.catch(() => undefined);
      await stage.clock.run(12_000);
      if (session !== undefined) expect((await session.closed).error?.message).toBe("never mind");
      expect(stage.clock.pending).toBe(0);
    }
  });

  it("is told when no answer comes in time, and the host that it need not answer any more", async () => {
    const stage = scene();
    const { peers } = await rawHost(stage);
    const { opening } = call(stage, { connectTimeoutMs: 800 });
    expect(await failureOf(stage.clock.until(opening))).toMatchObject({ code: "deadline-exceeded" });
    await stage.clock.settle();
    expect(peers[0]?.of("bye")).toMatchObject([{ code: "deadline-exceeded" }]);
    // An answer after that is for nobody.
    peers[0]?.say({ type: "accept", version: 1, inputs: [], outputs: [], schemas: {} });
    await stage.clock.run(1_000);
    expect(stage.clock.pending).toBe(0);
  });
});

describe("a peer that is slow to open its pipeline", () => {
  it("is waited for longer than for one that does not answer", async () => {
    const stage = scene();
    const { peers } = await rawHost(stage);
    const { opening } = call(stage, { connectTimeoutMs: 800 });
    await stage.clock.run(100);
    peers[0]?.say({ type: "opening" });
    let failure: unknown;
    opening.catch((error: unknown) => (failure = error));
    const wait = async (ms: number): Promise<void> => {
      for (let step = 0; step < ms && failure === undefined; step += 500) {
        peers[0]?.say({ type: "ping", sentUs: 1 });
        await stage.clock.run(500);
      }
    };
    await wait(29_000);
    expect(failure).toBeUndefined();
    await wait(2_000);
    expect(failure).toMatchObject({ code: "deadline-exceeded", message: expect.stringContaining("did not open") });
  });

  it("is given up within 11 s when it falls silent meanwhile, however long it may take to open", async () => {
    const stage = scene();
    const { peers } = await rawHost(stage);
    const { opening } = call(stage, { connectTimeoutMs: 800 });
    await stage.clock.run(100);
    peers[0]?.say({ type: "opening" });
    expect(await failureOf(stage.clock.until(opening, 11_000))).toMatchObject({ code: "peer-lost" });
  });
});

describe("a deadline", () => {
  it("hands what comes too late to whoever can free it, and nothing that comes in time", async () => {
    const { clock } = scene();
    const discarded: number[] = [];
    const error = (): MeshError => new Error("too late") as MeshError;
    const deadline = { clock, afterMs: 10, error, discard: (late: number) => void discarded.push(late) };
    const after = (ms: number, value: number) => () =>
      new Promise<number>((resolve) => void clock.schedule(ms, () => resolve(value)));
    expect(await clock.until(withDeadline(deadline, after(9, 1)))).toBe(1);
    await expect(clock.until(withDeadline(deadline, after(11, 2)))).rejects.toThrow("too late");
    await clock.run(10);
    expect(discarded).toEqual([2]);
  });
});
