import { afterEach, describe, expect, it } from "vitest";
import type { MeshEvent } from "../../../runtime/interface/events.ts";
import { defineNode, type NodeDefinition } from "../../../runtime/interface/node.ts";
import type { RequestContext } from "../../../runtime/interface/request-context.ts";
import { launchPlan, type LaunchOptions, type Mesh } from "../../../runtime/mesh/launch.ts";
import { servePeer } from "../../../runtime/mesh/serving.ts";
import * as calls from "../../../runtime/remote/calls.ts";
import { serveService, type RunningService } from "../../../runtime/signaling/service/serve.ts";
import { ServiceClient } from "../../../runtime/signaling/service-client.ts";
import { connectNodejs, listenNodejs } from "../../../runtime/signaling/sockets.nodejs.ts";
import { weriftTransport } from "../../conformance/nodejs-transport.ts";
import { collector, depsOf, feed, planOf } from "../../support/pipeline-run.ts";
import { realClock, seededRandom } from "../../support/real-clock.ts";

const text = { kind: "scalar", name: "text" } as const;
const host = "127.0.0.1";
const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

const tag = (mark: string): NodeDefinition =>
  defineNode({
    sync: true,
    open: (_, { emit }) => ({ process: (frame) => void emit("out", `${String(frame.payload)}${mark}`) }),
  });

/** A caller by name alone, and a peer whose pipeline has ports of other names. */
const program = (more = "", peer = ""): string => `
interface Say { in a: text
 out b: text }
node Tag { in text
 out text
 from "./x.ts" }
pipeline Speaking { in line: text
 out speech: text
 line -> Tag() -> speech }
pipeline Client { in a: text
 out b: text
 remote tts: Say { at service "Speaking" ${more}
  retry 0 times }
 a -> tts -> b }
peer tts { runs Speaking
 provides gpu(memory: 24GiB)
 ${peer} }
peer client { runs Client }
`;
const listening = 'listens "webrtc://127.0.0.1:0"';

async function launch(source: string, mark: string, options: Partial<LaunchOptions>) {
  const events: MeshEvent[] = [];
  const { registry } = depsOf({ Tag: tag(mark) });
  const mesh = await launchPlan(
    planOf(source),
    {
      clock: realClock,
      random: seededRandom([...mark].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7)),
      log: () => undefined,
      env: () => undefined,
      transports: [weriftTransport()],
      calls: async () => calls,
      serve: servePeer,
      signal: connectNodejs,
    },
    { registry, onEvent: (event) => events.push(event), ...options },
  );
  cleanUps.push(() => mesh.close());
  return { mesh, events };
}

async function service(port = 0): Promise<RunningService & { readonly uri: string }> {
  const running = await serveService(
    { clock: realClock, random: seededRandom(9), listen: listenNodejs },
    { host, port },
  );
  cleanUps.push(() => running.close());
  return { ...running, uri: `ws://${host}:${running.port}` };
}

async function open(mesh: Mesh, context?: RequestContext) {
  const b = collector();
  const session = await mesh.open("Client", {
    params: {},
    inputs: { a: text },
    outputs: { b: { type: text, link: b.link } },
    schemas: {},
    signal: new AbortController().signal,
    context,
  });
  return { session, payloads: b.payloads };
}

async function say(mesh: Mesh, line: string, context?: RequestContext): Promise<unknown> {
  const { session, payloads } = await open(mesh, context);
  await feed(session, "a", [line]);
  const { error } = await session.closed;
  return error ?? payloads[0];
}

const registered = (uri: string, id: string): Partial<LaunchOptions> => ({
  peers: ["tts"],
  registers: [uri],
  ids: { tts: id },
});

describe("pipelines that are found by a signaling service", () => {
  it("R12.1 R7.1 R7.2 R3.3 R10.3 give three identical instances their turns", async () => {
    const { uri } = await service();
    for (const mark of ["-1", "-2", "-3"]) await launch(program("", listening), mark, registered(uri, `tts${mark}`));
    const { mesh } = await launch(program("where gpu.memory >= 8GiB"), "", { peers: ["client"], discovers: [uri] });
    const said: unknown[] = [];
    for (let count = 0; count < 6; count += 1) said.push(await say(mesh, "hi"));
    expect(said).toEqual(["hi-1", "hi-2", "hi-3", "hi-1", "hi-2", "hi-3"]);
  });

  it.each(["round_robin", "hash"])("R12.1 serve a session where it was served before, by %s", async (prefer) => {
    const { uri } = await service();
    for (const mark of ["-1", "-2", "-3"]) await launch(program("", listening), mark, registered(uri, `tts${mark}`));
    const { mesh } = await launch(program(`, prefer ${prefer}`), "", { peers: ["client"], discovers: [uri] });
    const said = new Map<string, Set<unknown>>();
    // As a caller does it that asks on behalf of a session of its own, again and again.
    for (const origin of ["origin-1", "origin-2", "origin-3", "origin-2", "origin-1", "origin-3", "origin-1"]) {
      const answers = said.get(origin) ?? new Set();
      said.set(origin, answers.add(await say(mesh, "hi", { origin })));
    }
    expect([...said.values()].map(({ size }) => size)).toEqual([1, 1, 1]);
    if (prefer === "round_robin")
      expect([...said.values()].flatMap((one) => [...one])).toEqual(["hi-1", "hi-2", "hi-3"]);
  });

  it("R12.3 go where the least of the slots is in use, and never to a peer that has none left", async () => {
    const { uri } = await service();
    for (const [mark, slots] of [
      ["-2", 2],
      ["-5", 5],
    ] as const) {
      const peer = program("", listening).replace("gpu(memory: 24GiB)", `slots(${slots})`);
      await launch(peer, mark, registered(uri, `tts${mark}`));
    }
    const { mesh } = await launch(program(", prefer least_loaded"), "", { peers: ["client"], discovers: [uri] });
    const at = { host, port: Number(uri.split(":").at(-1)) };
    const { signal } = new AbortController();
    const client = await ServiceClient.open({ clock: realClock, connect: connectNodejs }, at, signal);
    cleanUps.push(async () => client.close());
    const reported = (...inFlight: number[]): Promise<void> =>
      expect
        .poll(async () => (await client.request("discover", {})).found.map(({ load }) => load))
        .toMatchObject(inFlight.map((count, index) => ({ inFlight: count, slots: [2, 5][index] })));
    const sessions: Awaited<ReturnType<typeof open>>[] = [];
    const used = { "-2": 0, "-5": 0 };
    const order: string[] = [];
    const another = async (): Promise<void> => {
      const opened = await open(mesh);
      sessions.push(opened);
      opened.session.inputs["a"]?.send({ timestampUs: 0, seq: 0, epoch: 0, flags: 0, payload: "" });
      await expect.poll(() => opened.payloads).toHaveLength(1);
      const mark = opened.payloads[0] as keyof typeof used;
      order.push(mark);
      used[mark] += 1;
      await reported(used["-2"], used["-5"]);
    };
    await reported(0, 0);
    for (let count = 0; count < 7; count += 1) await another();
    expect(order.slice(0, 5)).toEqual(["-5", "-5", "-2", "-5", "-5"]);
    expect(used).toEqual({ "-2": 2, "-5": 5 });
    await expect(open(mesh)).rejects.toMatchObject({
      code: "targets-exhausted",
      cause: { code: "resource-exhausted", message: /all 2 peers that have a pipeline "Speaking" are full/ },
    });
    await sessions[2]?.session.close();
    used["-2"] -= 1;
    await reported(1, 5);
    // Until a report that is sure to know of the last one, the service keeps a place for it.
    await expect.poll(() => another().then(() => "open"), { interval: 200 }).toBe("open");
    expect(order.at(-1)).toBe("-2");
    for (const { session } of sessions) await session.close();
  });

  it("R12.3 refuse who comes by their address when all of their slots are in use, until one is free again", async () => {
    const peer = program("", listening).replace("gpu(memory: 24GiB)", "slots(1)");
    const far = await launch(peer, "-1", { peers: ["tts"] });
    const calling = program()
      .replace('service "Speaking"', `"${far.mesh.peers[0]?.addresses[0]}/Speaking"`)
      .replace("in a: text\n out b: text }\nnode", "in line: text\n out speech: text }\nnode")
      .replace("a -> tts -> b", "a -> tts.line\n tts.speech -> b");
    const { mesh } = await launch(calling, "", { peers: ["client"] });
    const { session } = await open(mesh);
    await expect(open(mesh)).rejects.toMatchObject({ cause: { code: "resource-exhausted", message: /`tts` \(1\)/ } });
    await session.close();
    await expect.poll(() => say(mesh, "x")).toBe("x-1");
  });

  it("R7.3 are called through it where they listen nowhere", async () => {
    const { uri, figures } = await service();
    const far = await launch(program(), "-far", registered(uri, "tts-far"));
    expect(far.mesh.peers).toEqual([{ name: "tts", addresses: [] }]);
    expect(far.events).toEqual([{ kind: "peer-registered", peer: "tts", service: uri, id: "tts-far" }]);
    const { mesh } = await launch(program(), "", { peers: ["client"], discovers: [uri] });
    const { session, payloads } = await open(mesh);
    expect(session.describe().remotes[0]?.session?.connection).toMatchObject({
      transport: "webrtc",
      state: "connected",
      remoteCandidates: expect.arrayContaining([expect.stringMatching(/^candidate:/)]),
    });
    await feed(session, "a", ["hello", "again"]);
    expect(await session.closed).toMatchObject({ error: undefined });
    expect(payloads).toEqual(["hello-far", "again-far"]);
    expect(figures().calls).toBe(0);
  });

  it("R10.1 R10.2 are called through it by an address with their id, which has to be theirs", async () => {
    const { uri } = await service();
    await launch(program(), "-far", registered(uri, "tts-far"));
    const calling = (id: string): string =>
      program()
        .replace('service "Speaking"', `"webrtc://${id}@${uri.slice("ws://".length)}/Speaking"`)
        .replace("in a: text\n out b: text }\nnode", "in line: text\n out speech: text }\nnode")
        .replace("a -> tts -> b", "a -> tts.line\n tts.speech -> b");
    const { mesh } = await launch(calling("tts-far"), "", { peers: ["client"] });
    expect(await say(mesh, "hi")).toBe("hi-far");
    const wrong = await launch(calling("tts-fat"), "", { peers: ["client"] });
    await expect(open(wrong.mesh)).rejects.toMatchObject({
      code: "targets-exhausted",
      cause: { code: "peer-unreachable", message: /tts-fat/ },
      hint: /meshc doctor webrtc:\/\/tts-fat@/,
    });
  });

  it("R8.3 leave their place to the next when one has gone without a word", async () => {
    const { uri } = await service();
    await launch(program("", listening), "-1", registered(uri, "tts-1"));
    const { signal } = new AbortController();
    const at = { host, port: Number(uri.split(":").at(-1)) };
    const ghost = await ServiceClient.open({ clock: realClock, connect: connectNodejs }, at, signal);
    cleanUps.push(async () => ghost.close());
    const { found } = await ghost.request("discover", {});
    const pipelines = found.map(({ pipeline, batch, inputs, outputs, schemas }) => ({
      pipeline,
      batch,
      inputs,
      outputs,
      schemas,
    }));
    // Nothing listens at port 1, and calls get no answer through the service.
    const says = { name: "tts", addresses: [`webrtc://${host}:1`], relay: false, provides: [], pipelines };
    await ghost.request("register", { ...says, id: "a-ghost", key: "the key of a ghost" });
    const { mesh } = await launch(program(), "", { peers: ["client"], discovers: [uri] });
    expect([await say(mesh, "x"), await say(mesh, "y")]).toEqual(["x-1", "y-1"]);
  });

  it("R8.3 R12.1 have the next one stand by, which takes over though the service is gone by then", async () => {
    const { uri, close } = await service();
    const peers = new Map<string, Mesh>();
    for (const mark of ["-1", "-2"]) {
      const started = await launch(program("", listening), mark, registered(uri, `tts${mark}`));
      peers.set(mark, started.mesh);
    }
    const calling = program().replace("retry 0 times", "retry 2 times");
    const { mesh } = await launch(calling, "", { peers: ["client"], discovers: [uri] });
    const { session, payloads } = await open(mesh);
    const input = session.inputs["a"];
    input?.send({ timestampUs: 0, seq: 0, epoch: 0, flags: 0, payload: "x" });
    await expect.poll(() => payloads).toHaveLength(1);
    await expect.poll(() => session.describe().remotes[0]?.standby).toBe('service "Speaking"');
    await close();
    const [mark = ""] = [...peers.keys()].filter((one) => payloads[0] === `x${one}`);
    await peers.get(mark)?.close();
    await input?.ready();
    input?.send({ timestampUs: 1, seq: 1, epoch: 0, flags: 0, payload: "y" });
    await expect.poll(() => payloads).toHaveLength(2);
    expect(payloads[1]).toBe(mark === "-1" ? "y-2" : "y-1");
    await session.close();
  });

  it("stay connected when the service goes, and are registered again within 3 s of its return", async () => {
    const first = await service();
    const far = await launch(program("", listening), "-1", registered(first.uri, "tts-1"));
    const { mesh } = await launch(program(), "", { peers: ["client"], discovers: [first.uri] });
    const { session, payloads } = await open(mesh);
    session.inputs["a"]?.send({ timestampUs: 0, seq: 0, epoch: 0, flags: 0, payload: "before" });
    await expect.poll(() => payloads).toEqual(["before-1"]);
    await first.close();
    await expect.poll(() => far.events.some(({ kind }) => kind === "registration-lost")).toBe(true);
    session.inputs["a"]?.send({ timestampUs: 1, seq: 1, epoch: 0, flags: 0, payload: "without" });
    await expect.poll(() => payloads).toEqual(["before-1", "without-1"]);
    const backMs = performance.now();
    const second = await service(first.port);
    await expect.poll(() => second.figures().peers, { interval: 20 }).toBe(1);
    console.info(`registered again ${Math.round(performance.now() - backMs)} ms after the service was back`);
    // The peer hears of it a message later.
    const times = (): number => far.events.filter(({ kind }) => kind === "peer-registered").length;
    await expect.poll(() => times()).toBe(2);
    expect(session.describe().remotes[0]?.state).toBe("connected");
    await session.close();
    expect(await say(mesh, "new")).toBe("new-1");
  });

  it("R10.2 are refused under an id that another has", async () => {
    const { uri } = await service();
    await launch(program(), "-1", registered(uri, "tts-1"));
    await expect(launch(program(), "-2", registered(uri, "tts-1"))).rejects.toMatchObject({
      code: "access-denied",
      message: /tts-1 belongs to another peer/,
      hint: /another id/,
    });
  });

  it("are told of by a peer that listens itself, too", async () => {
    const { mesh } = await launch(program("", listening), "-1", { peers: ["tts"] });
    const [address = ""] = mesh.peers[0]?.addresses ?? [];
    const port = Number(address.split(":").at(-1));
    const { signal } = new AbortController();
    const client = await ServiceClient.open({ clock: realClock, connect: connectNodejs }, { host, port }, signal);
    cleanUps.push(async () => client.close());
    expect(client.methods).toEqual(["discover", "watch", "connect"]);
    const { found } = await client.request("discover", { pipeline: "Speaking" });
    expect(found).toMatchObject([{ name: "tts", addresses: [address], provides: [{ name: "gpu" }], relay: false }]);
    const says = { name: "x", key: "a key of 16 letters", addresses: [], relay: false, provides: [], pipelines: [] };
    await expect(client.request("register", says)).rejects.toMatchObject({ code: "access-denied" });
    const caller = await launch(program(), "", { peers: ["client"], discovers: [`ws://${host}:${port}`] });
    expect(await say(caller.mesh, "hi")).toBe("hi-1");
  });

  it.each([
    ["nobody runs it", {}, "peer-unreachable", /no peer with a pipeline "Speaking" is registered here/],
    ["no service is known", { discovers: [] }, "peer-unreachable", /no signaling service is known here/],
    ["none answers", { discovers: ["ws://127.0.0.1:1"] }, "peer-unreachable", /Nothing listens at 127\.0\.0\.1:1/],
  ])("say so when %s", async (_, options, code, message) => {
    const { uri } = await service();
    const { mesh } = await launch(program(), "", { peers: ["client"], discovers: [uri], ...options });
    await expect(open(mesh)).rejects.toMatchObject({ code: "targets-exhausted", cause: { code, message } });
  });
});
