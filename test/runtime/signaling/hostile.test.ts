import { connect as connectTcp } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import type { PipelineCalls } from "../../../runtime/interface/calls.ts";
import { directSignaling } from "../../../runtime/signaling/direct.ts";
import { signalLimits } from "../../../runtime/signaling/limits.ts";
import { serveService } from "../../../runtime/signaling/service/serve.ts";
import { connectNodejs, listenNodejs, nodejsListener } from "../../../runtime/signaling/sockets.nodejs.ts";
import { seededRandom } from "../../../runtime/testing/seeded-random.ts";
import { virtualClock, type VirtualClock } from "../../../runtime/testing/virtual-clock.ts";
import { peer, pipeline } from "./registry/support.ts";
import { stranger, type Stranger } from "./support/stranger.ts";

interface Endpoint {
  readonly port: number;
  readonly clock: VirtualClock;
  readonly open: () => Promise<Stranger>;
  /** One that has said hello to the endpoint itself. */
  readonly greeted: () => Promise<Stranger>;
  /** How often something was refused, by reason. */
  readonly refusals: () => Promise<Readonly<Record<string, number>>>;
}

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

/** Hasty where a test is about time that is not of the clock. */
const hasty = nodejsListener({ handshakeMs: 200 });

async function service(listen = listenNodejs): Promise<Endpoint> {
  const clock = virtualClock();
  const running = await serveService({ clock, random: seededRandom(1), listen }, { host: "127.0.0.1", port: 0 });
  cleanUps.push(() => running.close());
  return endpoint(running.port, clock);
}

/** The endpoint of a peer that runs one pipeline. */
async function listeningPeer(listen = listenNodejs): Promise<Endpoint> {
  const clock = virtualClock();
  const calls: Partial<PipelineCalls> = {
    names: () => ["Hearing"],
    describe: (name) => {
      const { batch, inputs, outputs, schemas } = pipeline(name);
      return { pipeline: name, batch, inputs, outputs, schemas };
    },
  };
  const signaling = directSignaling({ clock, connect: connectNodejs, listen });
  const server = await signaling.serve({
    host: "127.0.0.1",
    port: 0,
    pipelines: () => ["Hearing"],
    calls: calls as PipelineCalls,
    onCall: () => undefined,
  });
  cleanUps.push(() => server.close());
  return endpoint(server.port, clock);
}

function endpoint(port: number, clock: VirtualClock): Endpoint {
  const open = async (): Promise<Stranger> => {
    const one = await stranger(port);
    cleanUps.push(() => one.socket.terminate());
    return one;
  };
  return {
    port,
    clock,
    open,
    greeted: async () => {
      const one = await open();
      expect(await one.ask("hello", { versions: [1] })).toMatchObject({ result: { version: 1 } });
      return one;
    },
    refusals: async () => {
      const response = await fetch(`http://127.0.0.1:${port}/healthz`);
      return ((await response.json()) as { readonly refusals: Record<string, number> }).refusals;
    },
  };
}

const request = (members: object): object => ({ jsonrpc: "2.0", id: 1, method: "discover", params: {}, ...members });

/** A message, the code that it is answered with, and under what it is counted. */
const messages: [what: string, message: unknown, code: number | string, reason: string][] = [
  ["what is no JSON", "{", -32700, "parse-error"],
  ["a batch", [request({}), request({ id: 2 })], -32600, "invalid-request"],
  ["an empty batch", [], -32600, "invalid-request"],
  ["nothing but a number", "1", -32600, "invalid-request"],
  ["17 levels of nesting", `${"[".repeat(17)}${"]".repeat(17)}`, -32600, "invalid-request"],
  ["30,000 levels of nesting", "[".repeat(30_000), -32600, "invalid-request"],
  ["17 levels in a parameter", request({ params: nested(17) }), -32600, "invalid-request"],
  ["another JSON-RPC", request({ jsonrpc: "1.0" }), -32600, "invalid-request"],
  ["an id of 65 characters", request({ id: "x".repeat(65) }), -32600, "invalid-request"],
  ["an id that is too large a number", request({ id: 1e300 }), -32600, "invalid-request"],
  ["an id that is an object", request({ id: { toString: 1 } }), -32600, "invalid-request"],
  ["a method that is an object", request({ method: {} }), -32600, "invalid-request"],
  ["a method that there is not", request({ method: "shutdown" }), -32601, "method-not-found"],
  ["the method __proto__", request({ method: "__proto__" }), -32601, "method-not-found"],
  ["the method constructor", request({ method: "constructor" }), -32601, "method-not-found"],
  [
    "a call in the middle of a conversation",
    request({ method: "offer", params: { sdp: "x" } }),
    -32601,
    "method-not-found",
  ],
  ["a second hello", request({ method: "hello", params: { versions: [1] } }), -32601, "method-not-found"],
  ["parameters that are a list", request({ params: [1] }), -32602, "invalid-params"],
  ["a parameter __proto__", request({ params: JSON.parse('{"__proto__":{"limit":1}}') }), -32602, "invalid-params"],
  [
    "a name __proto__ inside one",
    request({ params: { x: [JSON.parse('{"__proto__":1}')] } }),
    -32602,
    "invalid-params",
  ],
  ["a limit out of range", request({ params: { limit: 1e9 } }), -32602, "invalid-params"],
  ["a cursor of 301 characters", request({ params: { cursor: "x".repeat(301) } }), -32602, "invalid-params"],
  ["65 conditions", request({ params: { where: Array.from({ length: 65 }, () => ({})) } }), -32602, "invalid-params"],
  ["a peer id with a line break", request({ params: { peer: "a\nb" } }), -32602, "invalid-params"],
  ["a type that is none", request({ params: { inputs: { a: { kind: "constructor" } } } }), -32602, "invalid-params"],
];

function nested(depth: number): object {
  return depth === 0 ? {} : { a: nested(depth - 1) };
}

/** What ends a connection, with its close code, and under what it is counted. */
const endings: [what: string, act: (one: Stranger, at: Endpoint) => unknown, closed: RegExp, reason: string][] = [
  ["65,537 bytes", ({ socket }) => socket.send("x".repeat(65_537)), /^1009/, "message-bytes"],
  ["65,537 bytes in pieces", inPieces, /^1009/, "message-bytes"],
  ["a binary message", ({ socket }) => socket.send(Buffer.from("{}")), /^1003 text messages only/, "binary"],
  ["what is no UTF-8", ({ socket }) => socket.send(Buffer.of(0xc3, 0x28), { binary: false }), /^1007/, "utf8"],
  ["a frame with reserved bits", rawFrame, /^1002/, "frame"],
  ["101 messages in a second", (one) => times(101, () => one.say("{")), /^1008 more than 100 messages/, "message-rate"],
  [
    "101 pings in a second",
    ({ socket }) => times(101, () => socket.ping()),
    /^1008 more than 100 control/,
    "message-rate",
  ],
  [
    "more than a mebibyte in a second",
    (one) => times(18, () => one.say("{".padEnd(60_000))),
    /^1008 more than 1048576 bytes/,
    "byte-rate",
  ],
];

function times(count: number, act: () => void): void {
  for (let left = count; left > 0; left -= 1) act();
}

function inPieces({ socket }: Stranger): void {
  times(65, () => socket.send("x".repeat(1_024), { fin: false }));
}

/** With all three reserved bits, which mean nothing without an extension (RFC 6455, section 5.2). */
function rawFrame({ socket }: Stranger): void {
  const { _socket } = socket as unknown as { readonly _socket: { write(bytes: Buffer): void } };
  _socket.write(Buffer.of(0xf1, 0x80, 0, 0, 0, 0));
}

describe.each([
  ["a signaling service", service],
  ["a listening peer", listeningPeer],
])("%s", (_, serve) => {
  test.each(messages)(
    "refuses %s, counts it, and goes on with the conversation",
    async (_what, message, code, reason) => {
      const at = await serve();
      const one = await at.greeted();
      one.say(message);
      expect(await one.next()).toMatchObject({ jsonrpc: "2.0", error: { code } });
      expect(await at.refusals()).toEqual({ [reason]: 1 });
      expect(await one.ask("discover", {}, 7)).toMatchObject({ id: 7, result: { found: expect.any(Array) } });
    },
  );

  test.each(endings)("ends a conversation at %s, and counts it", async (_what, act, closed, reason) => {
    const at = await serve();
    const one = await at.greeted();
    act(one, at);
    expect(await one.closed).toMatch(closed);
    expect((await at.refusals())[reason]).toBe(1);
    await at.greeted();
  });

  test("gives 10 s to say hello, and room to others when too many have not", async () => {
    const at = await serve();
    const one = await at.open();
    at.clock.advance(signalLimits.helloMs);
    expect(await one.closed).toBe("1008 no hello within 10000 ms");
    expect(await at.refusals()).toEqual({ "hello-timeout": 1 });
  });

  test("says which versions it speaks", async () => {
    const at = await serve();
    const one = await at.open();
    expect(await one.ask("hello", { versions: [2, 99] })).toMatchObject({
      error: { code: -32000, message: /2, 99 asked for, 1 spoken/, data: { code: "version-mismatch" } },
    });
    expect(await one.closed).toMatch(/^1000/);
    expect(await at.refusals()).toEqual({ "version-mismatch": 1 });
  });

  test("cuts off what is no handshake, or none that ends", async () => {
    const at = await serve(hasty);
    const said = (bytes: string): Promise<string> =>
      new Promise((resolve) => {
        const socket = connectTcp(at.port, "127.0.0.1");
        let text = "";
        socket.on("error", () => undefined);
        socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
        socket.once("close", () => resolve(text));
        if (bytes !== "") socket.write(bytes);
      });
    expect(await said("GARBAGE\r\n\r\n")).toMatch(/^HTTP\/1\.1 400/);
    expect(await said("GET / HTTP/1.1\r\nHost: x\r\n")).toMatch(/^HTTP\/1\.1 408/);
    expect(await said("")).toMatch(/^(HTTP\/1\.1 408|$)/);
    expect(await said(`GET / HTTP/1.1\r\nX: ${"x".repeat(20_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431/);
    expect((await at.refusals())["handshake"]).toBe(4);
  });

  test("takes 16 watches of a connection", async () => {
    const at = await serve();
    const one = await at.greeted();
    const answers = [];
    for (let count = 0; count < 17; count += 1) one.say(request({ id: count, method: "watch" }));
    for (let left = 17; left > 0;) {
      const answer = await one.next();
      if (answer.method === "changed") continue;
      answers.push(answer);
      left -= 1;
    }
    expect(answers.slice(0, 16).every(({ result }) => result !== undefined)).toBe(true);
    expect(answers[16]).toMatchObject({ error: { code: -32000, data: { code: "resource-exhausted" } } });
    expect(await at.refusals()).toEqual({ "resource-exhausted": 1 });
  });

  test.each(["", "/", "~", "self/", "a/\uffff", "__proto__/constructor", "\u0000", "x".repeat(300)])(
    "takes the forged cursor %j for a place in the list",
    async (cursor) => {
      const at = await serve();
      const one = await at.greeted();
      const { result } = await one.ask("discover", { cursor });
      expect((result?.["found"] as unknown[] | undefined)?.length).toBeLessThanOrEqual(1);
    },
  );

  test("is not changed by names such as __proto__", async () => {
    const at = await serve();
    const one = await at.greeted();
    const poison = '{"polluted":true,"kind":"scalar","name":"text"}';
    one.say(
      `{"jsonrpc":"2.0","id":1,"method":"discover","__proto__":${poison},"constructor":{"prototype":${poison}},` +
        `"params":{"__proto__":${poison},"inputs":{"__proto__":${poison},"constructor":{"kind":"scalar","name":"text"}}}}`,
    );
    expect(await one.next()).toMatchObject({
      id: 1,
      error: { code: -32602, message: expect.stringContaining("__proto__") },
    });
    // Beside the parameters it is a member like any other that nobody knows.
    one.say(`{"jsonrpc":"2.0","id":2,"method":"discover","__proto__":${poison},"params":{}}`);
    expect(await one.next()).toMatchObject({ id: 2, result: { found: expect.any(Array) } });
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});

describe("a signaling service", () => {
  test("R10.2 gives an id to nobody else, and hears nobody who is no longer, or never was, its owner", async () => {
    const at = await service();
    const owner = await at.greeted();
    expect(await owner.ask("register", peer("a"))).toMatchObject({ result: { id: "a", epoch: 1 } });
    const thief = await at.greeted();
    const denied = { error: { data: { code: "access-denied" } } };
    expect(await thief.ask("register", peer("a", { key: "a guess of the key, long enough" }))).toMatchObject(denied);
    for (const method of ["renew", "unregister", "report"]) {
      const params = { id: "a", epoch: 1, load: { inFlight: 0 } };
      expect(await thief.ask(method, params)).toMatchObject(denied);
    }
    // The owner comes back over another connection: what the first one says is of an epoch that has passed.
    const again = await at.greeted();
    expect(await again.ask("register", peer("a", { epoch: 1 }))).toMatchObject({ result: { id: "a", epoch: 2 } });
    expect(await owner.ask("renew", { id: "a", epoch: 1 })).toMatchObject(denied);
    expect(await owner.ask("unregister", { id: "a", epoch: 1 })).toMatchObject(denied);
    // Nor is it heard with the epoch of the other, which is easily guessed.
    expect(await owner.ask("renew", { id: "a", epoch: 2 })).toMatchObject(denied);
    expect(await owner.ask("unregister", { id: "a", epoch: 2 })).toMatchObject(denied);
    expect(await at.refusals()).toEqual({ "access-denied": 8 });
    expect((await thief.ask("discover", {})).result?.["found"]).toMatchObject([{ peer: "a", epoch: 2 }]);
  });

  test("R10.2 hears nobody for an id that another has got since, whichever epoch it names", async () => {
    const at = await service();
    const first = await at.greeted();
    await first.ask("register", { ...peer("a"), leaseMs: 5_000 });
    // Its connection stays up, and its lease ends.
    at.clock.advance(6_000);
    const second = await at.greeted();
    const other = peer("a", { key: "the key of another, long enough" });
    expect(await second.ask("register", other)).toMatchObject({ result: { epoch: 2 } });
    for (const epoch of [1, 2])
      for (const method of ["renew", "report", "unregister"]) {
        const answer = await first.ask(method, { id: "a", epoch, load: { inFlight: 9, slots: 9 } });
        expect(answer).toMatchObject({ error: { data: { code: "access-denied" } } });
      }
    first.socket.close();
    await first.closed;
    at.clock.advance(6_000);
    const { result } = await second.ask("discover");
    expect(result?.["found"]).toMatchObject([{ peer: "a", epoch: 2, relay: true }]);
  });

  test("passes nothing on for a call that is of another", async () => {
    const at = await service();
    const callee = await at.greeted();
    await callee.ask("register", peer("a"));
    const other = await at.greeted();
    await other.ask("register", peer("b"));
    const caller = await at.open();
    caller.say(request({ method: "hello", params: { versions: [1], pipeline: "Hearing", peer: "a" } }));
    const { params } = await callee.next();
    const answer = { jsonrpc: "2.0", id: 1, result: { version: 1, pipeline: "Hearing" } };
    other.say({
      jsonrpc: "2.0",
      method: "relay",
      params: { call: params?.["call"], message: { ...answer, id: "forged" } },
    });
    // What comes after it was heard after it.
    await other.ask("renew", { id: "b", epoch: 1 });
    callee.say({ jsonrpc: "2.0", method: "relay", params: { call: params?.["call"], message: answer } });
    expect(await caller.next()).toEqual(answer);
    expect(await at.refusals()).toEqual({ "unknown-call": 1 });
  });

  test("keeps the names of a stranger as names", async () => {
    const at = await service();
    const one = await at.greeted();
    const text = { kind: "scalar", name: "text" };
    const odd = pipeline("constructor", { inputs: { toString: { type: text as never, optional: true } }, outputs: {} });
    await one.ask("register", peer("hasOwnProperty", { name: "__proto__", pipelines: [odd] }));
    const { result } = await one.ask("discover", { pipeline: "constructor", peer: "hasOwnProperty" });
    expect(result?.["found"]).toMatchObject([{ name: "__proto__", inputs: { toString: { optional: true } } }]);
    expect((await one.ask("discover", { pipeline: "valueOf" })).result).toEqual({ found: [] });
    expect((await one.ask("connect", { pipeline: "toString" })).error?.data?.code).toBe("peer-unreachable");
  });

  test("does not keep a connection for a registration that has ended", async () => {
    const at = await service();
    const one = await at.greeted();
    await one.ask("register", { ...peer("a"), leaseMs: 5_000 });
    at.clock.advance(30_000);
    expect((await (await at.greeted()).ask("discover")).result).toEqual({ found: [] });
    at.clock.advance(120_000);
    expect(await one.closed).toBe("1001 nothing was said for 60000 ms");
    expect(await at.refusals()).toMatchObject({ idle: 2 });
  });
});
