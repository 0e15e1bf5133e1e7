import { afterEach, describe, expect, it } from "vitest";
import { seededRandom } from "../../../runtime/testing/seeded-random.ts";
import { virtualClock } from "../../../runtime/testing/virtual-clock.ts";
import { MeshError } from "../../../runtime/interface/errors.ts";
import type { IncomingCall, SignalingCandidate } from "../../../runtime/interface/signaling.ts";
import { callPeer } from "../../../runtime/signaling/client.ts";
import { serviceLimits } from "../../../runtime/signaling/limits.ts";
import type { ServiceParams } from "../../../runtime/signaling/methods.ts";
import { Refusals } from "../../../runtime/signaling/refusals.ts";
import { Registrar } from "../../../runtime/signaling/registrar.ts";
import { serveSockets } from "../../../runtime/signaling/server.ts";
import { ServiceClient } from "../../../runtime/signaling/service-client.ts";
import { serveService, type RunningService } from "../../../runtime/signaling/service/serve.ts";
import { pipeNetwork, turn } from "./pipe.ts";
import { opus, peer, pipeline, text } from "./registry/support.ts";

const at = { host: "signal", port: 7440 };
const { signal } = new AbortController();

async function setUp() {
  const clock = virtualClock();
  const network = pipeNetwork();
  const start = (): Promise<RunningService> =>
    serveService({ clock, random: seededRandom(1), listen: network.listen }, at);
  const service = await start();
  const open = (): Promise<ServiceClient> => ServiceClient.open({ clock, connect: network.connect }, at, signal);
  const registered = async (id: string, more: Partial<ServiceParams<"register">> = {}): Promise<ServiceClient> => {
    const client = await open();
    await client.request("register", peer(id, more));
    return client;
  };
  return { clock, network, service, start, open, registered };
}

describe("a signaling service", () => {
  it("R7.1 R7.2 R10.3 R3.3 takes registrations and lists what fits, with all that its peers say", async () => {
    const { open, registered } = await setUp();
    const provides = [{ name: "gpu", values: [], properties: {} }];
    await registered("a", { provides });
    await registered("b");
    const client = await open();
    const { found } = await client.request("discover", { pipeline: "Hearing", inputs: { speech: opus } });
    expect(found.map((one) => one.peer)).toEqual(["a", "b"]);
    expect(found[0]).toMatchObject({
      ...pipeline(),
      addresses: ["webrtc://a.example.com:7443"],
      provides,
      relay: true,
    });
    const gpu = { anyOf: [{ kind: "has" as const, ...(provides[0] as (typeof provides)[0]) }], text: "gpu" };
    const some = await client.request("discover", { where: [gpu] });
    expect(some.found.map((one) => one.peer)).toEqual(["a"]);
  });

  it("R12.1 connects callers to three of a kind in turn, and goes on so when one leaves", async () => {
    const { open, registered } = await setUp();
    for (const id of ["tts-1", "tts-2", "tts-3"]) await registered(id, { pipelines: [pipeline("Speaking")] });
    const client = await open();
    const pick = async (): Promise<string> => (await client.request("connect", { pipeline: "Speaking" })).found.peer;
    const picked: string[] = [];
    for (let count = 0; count < 9; count += 1) picked.push(await pick());
    expect(picked).toEqual(["tts-1", "tts-2", "tts-3", "tts-1", "tts-2", "tts-3", "tts-1", "tts-2", "tts-3"]);
    const { found } = await client.request("connect", { pipeline: "Speaking", exclude: ["tts-1"] });
    expect(found.peer).toBe("tts-2");
  });

  it("R12.3 connects to who has room by what peers report, counts whom it has sent there since, and says when all are full", async () => {
    const { open, registered } = await setUp();
    const pipelines = [pipeline("Speaking")];
    const small = await registered("small", { pipelines, load: { inFlight: 1, slots: 2 } });
    await registered("large", { pipelines, load: { inFlight: 2, slots: 8 } });
    const client = await open();
    const pick = (): Promise<string> =>
      client.request("connect", { pipeline: "Speaking", prefer: "least_loaded" }).then(({ found }) => found.peer);
    // One more would fill the small one, so it comes last.
    const picked: string[] = [];
    for (let count = 0; count < 7; count += 1) picked.push(await pick());
    expect(picked).toEqual([...Array.from({ length: 6 }, () => "large"), "small"]);
    await expect(pick()).rejects.toMatchObject({ code: "resource-exhausted", retryAfterMs: 500 });
    const found = await client.request("discover", { pipeline: "Speaking" });
    const { epoch = 0 } = found.found.find(({ peer: id }) => id === "small") ?? {};
    await small.request("report", { id: "small", epoch, load: { inFlight: 0, slots: 2 } });
    expect(await pick()).toBe("small");
  });

  it("R12.3 counts whom it has sent to a peer also for those who ask in another way", async () => {
    const { open, registered } = await setUp();
    const [load, pipelines] = [{ inFlight: 0, slots: 2 }, [pipeline("Speaking")]];
    await registered("a", { pipelines, load });
    const client = await open();
    const speaking = { pipeline: "Speaking", prefer: "least_loaded" as const };
    await client.request("connect", speaking);
    await client.request("connect", { ...speaking, inputs: { speech: opus } });
    for (const prefer of ["least_loaded", "adaptive", "hash"] as const) {
      await expect(client.request("connect", { ...speaking, batch: false, prefer })).rejects.toMatchObject({
        code: "resource-exhausted",
        message: expect.stringContaining("full"),
      });
    }
  });

  it("R12.2 connects to the peer that answers the fastest", async () => {
    const { open, registered } = await setUp();
    const pipelines = [pipeline("Speaking")];
    await registered("far", { pipelines, load: { inFlight: 0, latencyMs: 80 } });
    await registered("near", { pipelines, load: { inFlight: 0, latencyMs: 8 } });
    await registered("middle", { pipelines, load: { inFlight: 0, latencyMs: 30 } });
    const client = await open();
    for (let count = 0; count < 8; count += 1) {
      const { found } = await client.request("connect", { pipeline: "Speaking", prefer: "fastest" });
      expect(found.peer).toBe("near");
    }
  });

  it.each(["round_robin", "fastest", "least_loaded", "adaptive", "hash"] as const)(
    "R12.1 sends a session to the peer that it had, as long as that can be had, and others by %s",
    async (prefer) => {
      const { open, registered } = await setUp();
      const [pipelines, load] = [[pipeline("Speaking")], { inFlight: 0, slots: 8 }];
      const peers = new Map<string, ServiceClient>();
      for (const id of ["a", "b", "c"]) peers.set(id, await registered(id, { pipelines, load }));
      const client = await open();
      const pick = (session?: string, exclude: string[] = []): Promise<string> =>
        client
          .request("connect", { pipeline: "Speaking", prefer, exclude, ...(session !== undefined && { session }) })
          .then(({ found }) => found.peer);
      const first = await pick("one");
      for (let count = 0; count < 3; count += 1) {
        // Others have their turns between.
        await pick();
        expect(await pick("one")).toBe(first);
      }
      const second = await pick("one", [first]);
      expect(second).not.toBe(first);
      expect(await pick("one")).toBe(second);
      await peers.get(second)?.request("report", { id: second, epoch: 1, load: { inFlight: 8, slots: 8 } });
      const third = await pick("one");
      expect(third).not.toBe(second);
      await peers.get(third)?.request("unregister", { id: third, epoch: 1 });
      expect(await pick("one")).not.toBe(third);
    },
  );

  it("R12.1 gives a session no turn of others when it comes again", async () => {
    const { open, registered } = await setUp();
    for (const id of ["a", "b", "c"]) await registered(id, { pipelines: [pipeline("Speaking")] });
    const client = await open();
    const pick = (session: string): Promise<string> =>
      client.request("connect", { pipeline: "Speaking", session }).then(({ found }) => found.peer);
    const picked: string[] = [];
    for (const session of ["one", "one", "two", "one", "three", "two"]) picked.push(await pick(session));
    expect(picked).toEqual(["a", "a", "b", "a", "c", "b"]);
  });

  it("sends a key to the same peer, and elsewhere only when that has left", async () => {
    const { open, registered } = await setUp();
    for (const id of ["a", "b", "c", "d"]) await registered(id, { pipelines: [pipeline("Speaking")] });
    const client = await open();
    const pick = (key: string, exclude: string[] = []): Promise<string> =>
      client.request("connect", { pipeline: "Speaking", prefer: "hash", key, exclude }).then(({ found }) => found.peer);
    const first = await pick("user 1");
    expect([await pick("user 1"), await pick("user 1")]).toEqual([first, first]);
    expect(new Set(await Promise.all(Array.from({ length: 20 }, (_, user) => pick(`user ${user}`)))).size).toBe(4);
    expect(await pick("user 1", [first])).not.toBe(first);
  });

  it("says why nobody can be connected to", async () => {
    const { open, registered } = await setUp();
    await registered("a", { load: { inFlight: 4, slots: 4 }, relay: false });
    const client = await open();
    const refused = (params: ServiceParams<"connect">) =>
      client.request("connect", params).then(
        () => undefined,
        ({ code, message, hint }: MeshError) => `${code}: ${message} ${hint ?? ""}`,
      );
    expect(await refused({ pipeline: "X" })).toMatch(
      /^peer-unreachable: signal:7440 refuses the request: no peer with a pipeline "X" is registered here\. .*--register/,
    );
    expect(await refused({ pipeline: "Hearing", batch: true })).toMatch(
      /1 peers have a pipeline "Hearing", but none that fits/,
    );
    expect(await refused({ pipeline: "Hearing" })).toMatch(/^resource-exhausted: .*all 1 peers .* are full/);
    expect(await refused({ pipeline: "Hearing", schemes: ["grpc"] })).toMatch(/none of them can be reached/);
  });

  it("tells who watches what is there, and what becomes of it", async () => {
    const { open, registered, clock } = await setUp();
    const first = await registered("a");
    const watcher = await open();
    const seen: string[] = [];
    watcher.onChange(({ watch, found = [], gone = [], complete }) => {
      seen.push(...found.map((one) => `${watch}+${one.peer}`), ...gone.map((one) => `${watch}-${one.peer}`));
      if (complete === true) seen.push("complete");
    });
    expect(await watcher.request("watch", { pipeline: "Hearing", outputs: { words: text } })).toEqual({ watch: 1 });
    await registered("b");
    await first.request("unregister", { id: "a", epoch: 1 });
    await clock.advanceAsync(0);
    await turn();
    expect(seen).toEqual(["1+a", "complete", "1+b", "1-a"]);
  });

  it("R10.2 lets only the connection that registered an id speak for it", async () => {
    const { open, registered } = await setUp();
    await registered("a");
    const other = await open();
    for (const method of ["renew", "unregister"] as const) {
      await expect(other.request(method, { id: "a", epoch: 1 })).rejects.toMatchObject({ code: "access-denied" });
    }
    await expect(other.request("register", peer("a", { key: "stolen, but not the key" }))).rejects.toMatchObject({
      code: "access-denied",
      hint: expect.stringContaining("another id"),
    });
  });

  it("R10.2 believes an owner no more whose lease has run out, and whose id another has now", async () => {
    const { clock, open, registered } = await setUp();
    // It was held up for longer than its lease, and its connection still stands.
    const before = await registered("a");
    await clock.advanceAsync(serviceLimits.leaseMs + 1_000);
    const after = await open();
    const { epoch } = await after.request("register", peer("a", { key: "the key of another owner" }));
    expect(epoch).toBe(2);
    for (const said of [1, epoch]) {
      const load = { inFlight: 9 };
      await expect(before.request("renew", { id: "a", epoch: said })).rejects.toMatchObject({ code: "access-denied" });
      await expect(before.request("report", { id: "a", epoch: said, load })).rejects.toMatchObject({
        code: "access-denied",
      });
      await expect(before.request("unregister", { id: "a", epoch: said })).rejects.toMatchObject({
        code: "access-denied",
      });
    }
    before.close();
    await turn();
    // Calls are passed on to it still, which they would not be to one whose connection is gone.
    const { found } = await after.request("discover", { peer: "a" });
    expect(found).toMatchObject([{ peer: "a", epoch, relay: true }]);
    expect(found[0]?.load).toBeUndefined();
  });

  it("R7.3 passes offer, answer and candidates on to a peer that is reached by nothing else", async () => {
    const { clock, network } = await setUp();
    const calls: IncomingCall[] = [];
    const registrar = new Registrar({
      clock,
      random: seededRandom(3),
      connect: network.connect,
      at,
      id: "behind-nat",
      registration: () => ({ ...peer("x", { addresses: [] }), leaseMs: 30_000 }),
      onRegistered: () => undefined,
      onLost: () => undefined,
    });
    await serveSockets(
      { clock, listen: registrar.calls.listen },
      {
        ...at,
        http: undefined,
        reception: undefined,
        halfOpen: 64,
        halfOpenPerAddress: 64,
        refusals: new Refusals(),
        pipelines: () => ["Hearing"],
        share: true,
        onCall: (call) => calls.push(call),
      },
    );
    await registrar.started();
    const call = await callPeer(
      { clock, connect: network.connect, connectMs: 3_000 },
      { ...at, pipeline: "Hearing", peer: "behind-nat", share: true, signal },
    );
    expect(call.shared).toBe(true);
    const answered = call.offer("the offer");
    call.candidate({ candidate: "candidate:1", sdpMid: "0" });
    call.candidate(null);
    await turn();
    await turn();
    expect(calls[0]).toMatchObject({ pipeline: "Hearing", offer: "the offer", shared: true });
    const fromCaller: (SignalingCandidate | null)[] = [];
    calls[0]?.onCandidate((candidate) => fromCaller.push(candidate));
    expect(fromCaller).toEqual([{ candidate: "candidate:1", sdpMid: "0" }, null]);
    calls[0]?.answer("the answer");
    expect(await answered).toBe("the answer");
    const fromCallee: (SignalingCandidate | null)[] = [];
    call.onCandidate((candidate) => fromCallee.push(candidate));
    calls[0]?.candidate({ candidate: "candidate:2" });
    await turn();
    await turn();
    expect(fromCallee).toEqual([{ candidate: "candidate:2" }]);
    call.bye();
    expect(await calls[0]?.ended).toBeUndefined();
    calls[0]?.refuse(new MeshError("deadline-exceeded", "No channel was open."));
    expect(await call.hungUp).toMatchObject({ message: /has given the connection up: No channel was open\.$/ });
    const refused = await callPeer(
      { clock, connect: network.connect, connectMs: 3_000 },
      { ...at, pipeline: "Hearing", signal },
    );
    void refused.offer("again").catch(() => undefined);
    await turn();
    await turn();
    refused.abandon();
    expect(await calls[1]?.ended).toMatchObject({ code: "peer-lost" });
    const closing = registrar.close();
    await turn();
    await closing;
  });

  it.each([
    ["Speaking", undefined, "pipeline-not-found", /no pipeline "Speaking" is registered here; there are Hearing/],
    ["Hearing", "nobody", "peer-unreachable", /no peer nobody is registered/],
    ["Hearing", "direct", "pipeline-not-found", /takes no calls through this service/],
    ["Speaking", "direct", "pipeline-not-found", /runs no "Speaking"/],
  ])("refuses to pass a call to %s of %s on", async (name, id, code, message) => {
    const { clock, network, registered } = await setUp();
    await registered("direct", { relay: false });
    const call = callPeer(
      { clock, connect: network.connect, connectMs: 3_000 },
      { ...at, pipeline: name, peer: id, signal },
    );
    await expect(call).rejects.toMatchObject({ code, message });
  });
});

it.each([undefined, "a"])(
  "R7.3 a call to a peer (%s) that has just lost its connection may be tried again",
  async (id) => {
    const { clock, network, registered } = await setUp();
    const lost = await registered("a");
    lost.close();
    await turn();
    const dial = (): ReturnType<typeof callPeer> =>
      callPeer({ clock, connect: network.connect, connectMs: 3_000 }, { ...at, pipeline: "Hearing", peer: id, signal });
    await expect(dial()).rejects.toMatchObject({
      code: "peer-unreachable",
      retryable: true,
      message: /a has lost its/,
    });
    // Nobody waits for it any more then.
    await clock.advanceAsync(serviceLimits.graceMs);
    await expect(dial()).rejects.toMatchObject({ code: id === undefined ? "pipeline-not-found" : "peer-unreachable" });
  },
);

describe("a peer keeps itself registered", () => {
  const cleanUps: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0)) await cleanUp();
  });

  async function kept() {
    const setup = await setUp();
    const events: string[] = [];
    const registrar = new Registrar({
      clock: setup.clock,
      random: seededRandom(5),
      connect: setup.network.connect,
      at,
      id: "a",
      registration: () => peer("a"),
      onRegistered: (id) => events.push(`registered ${id}`),
      onLost: ({ code }) => events.push(`lost ${code}`),
    });
    cleanUps.push(async () => {
      const closing = registrar.close();
      await setup.clock.advanceAsync(1_000);
      await closing;
    });
    await registrar.started();
    const ids = async (): Promise<string[]> => {
      const client = await setup.open();
      const { found } = await client.request("discover", {});
      client.close();
      return found.map((one) => `${one.peer} ${one.epoch}`);
    };
    return { ...setup, registrar, events, ids };
  }

  it("R7.1 by renewing, for as long as it runs, and takes leave when it ends", async () => {
    const { clock, registrar, ids, events } = await kept();
    for (let leftMs = 5 * serviceLimits.leaseMs; leftMs > 0; leftMs -= 1_000) {
      await clock.advanceAsync(1_000);
      await turn();
    }
    expect(await ids()).toEqual(["a 1"]);
    expect(events).toEqual(["registered a"]);
    const closing = registrar.close();
    await turn();
    await closing;
    expect(await ids()).toEqual([]);
  });

  it("within 3 s of a restart of the service, with an epoch that has grown", async () => {
    const { clock, service, start, ids, events } = await kept();
    await service.close();
    // However long it is away.
    for (let count = 0; count < 40; count += 1) {
      await clock.advanceAsync(1_000);
      await turn();
    }
    await start();
    for (let count = 0; count < 6; count += 1) {
      await clock.advanceAsync(500);
      await turn();
    }
    expect(await ids()).toEqual(["a 2"]);
    expect(events[0]).toBe("registered a");
    expect(events.at(-1)).toBe("registered a");
    expect(new Set(events.slice(1, -1))).toEqual(new Set(["lost peer-lost", "lost peer-unreachable"]));
  });

  it("R10.2 but not by an id of another, which it is told of at once", async () => {
    const { clock, network } = await kept();
    const thief = new Registrar({
      clock,
      random: seededRandom(6),
      connect: network.connect,
      at,
      id: "a",
      registration: () => peer("a"),
      onRegistered: () => undefined,
      onLost: () => undefined,
    });
    await expect(thief.started()).rejects.toMatchObject({ code: "access-denied", message: /belongs to another peer/ });
    const closing = thief.close();
    await turn();
    await closing;
  });
});
