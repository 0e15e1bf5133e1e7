import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocketServer } from "ws";
import { serviceLimits, signalLimits } from "../../../runtime/signaling/limits.ts";
import { serveService } from "../../../runtime/signaling/service/serve.ts";
import { ServiceClient } from "../../../runtime/signaling/service-client.ts";
import { connectNodejs, listenNodejs } from "../../../runtime/signaling/sockets.nodejs.ts";
import { seededRandom } from "../../../runtime/testing/seeded-random.ts";
import { virtualClock } from "../../../runtime/testing/virtual-clock.ts";
import { peer, pipeline, type Registering } from "./registry/support.ts";
import { stranger, type Stranger } from "./support/stranger.ts";

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

/** A service, somebody who registers what he likes there, and an honest client who asks. */
async function scene() {
  const clock = virtualClock();
  const parts = { clock, random: seededRandom(1), listen: listenNodejs };
  const service = await serveService(parts, { host: "127.0.0.1", port: 0 });
  cleanUps.push(() => service.close());
  const liar = await stranger(service.port);
  cleanUps.push(() => liar.socket.terminate());
  await liar.ask("hello", { versions: [1] });
  const at = { host: "127.0.0.1", port: service.port };
  const client = await ServiceClient.open({ clock, connect: connectNodejs }, at, new AbortController().signal);
  cleanUps.push(() => client.close());
  return { liar, client };
}

async function discovered(client: ServiceClient): Promise<string[]> {
  const ids: string[] = [];
  for await (const { peer: id } of client.discover({})) ids.push(id);
  return ids;
}

describe("what a stranger registers leaves the answers to all others as they can be read", () => {
  it.each<[what: string, more: Partial<Registering>]>([
    ["the highest epoch that a number holds", { epoch: Number.MAX_SAFE_INTEGER }],
    [
      "an address of all addresses of its machine, as long as may be",
      { addresses: [`webrtc://0.0.0.0:7443/${"x".repeat(448 - "webrtc://0.0.0.0:7443/".length)}`] },
    ],
  ])("%s", async (_, more) => {
    const { liar, client } = await scene();
    await liar.ask("register", peer("honest"));
    expect(await liar.ask("register", peer("liar", more))).toHaveProperty("result");
    expect(await discovered(client)).toEqual(["honest", "liar"]);
    const changes: unknown[] = [];
    const told = new Promise<void>((resolve) =>
      client.onChange((change) => {
        changes.push(change.found?.map((one) => one.peer));
        if (change.complete === true) resolve();
      }),
    );
    await client.request("watch", {});
    await told;
    expect(changes.flat()).toEqual(["honest", "liar"]);
    // It can be renewed, too.
    const { epoch } = (await client.request("discover", { peer: "liar" })).found[0] ?? {};
    expect(await liar.ask("renew", { id: "liar", epoch })).toHaveProperty("result");
  });

  it("names in letters of three bytes: a page is a message for all that", async () => {
    const { liar, client } = await scene();
    const ids = Array.from({ length: 60 }, (_, index) => `peer-${index + 10}`);
    for (const id of ids) {
      // As long a name as may be, and another for each, so that nothing is told once for all.
      const name = `${"\u6f22".repeat(120)}${id}`;
      await liar.ask("register", peer(id, { name, pipelines: [pipeline(name)] }));
    }
    expect(await discovered(client)).toEqual(ids);
    const { found, cursor } = await client.request("discover", {});
    expect(cursor).toBeDefined();
    expect(Buffer.byteLength(JSON.stringify(found))).toBeLessThanOrEqual(serviceLimits.pageBytes);
  });

  it("as much as may be told of one pipeline, with everything beside it", async () => {
    const { liar, client } = await scene();
    const field = (name: string) => ({
      name,
      type: { kind: "scalar" as const, name: "text" as const },
      optional: false,
    });
    const id = "i".repeat(128);
    const addresses = Array.from({ length: 16 }, (_, index) => `webrtc://gpu.example.com:${7_000 + index}`);
    const about = (length: number) => {
      const names = Array.from({ length: Math.ceil(length / 500) }, (_, at) => `${at}`.padEnd(500, "f"));
      const last = names.pop()?.slice(0, length - 500 * names.length) ?? "";
      const schemas = { R: { kind: "record" as const, fields: [...names, `${last}.`].map(field) } };
      return peer(id, { key: "k".repeat(128), addresses, pipelines: [pipeline("\u6f22".repeat(128), { schemas })] });
    };
    const bytesOf = ({ name, addresses: all, provides, pipelines }: Registering): number =>
      Buffer.byteLength(JSON.stringify([name, all, provides, pipelines[0]]));
    let most = 50_000;
    while (bytesOf(about(most + 1)) <= serviceLimits.foundBytes) most += 1;
    const over = await liar.ask("register", about(most + 1));
    expect(over.error?.data?.code).toBe("invalid-argument");
    expect(await liar.ask("register", about(most))).toHaveProperty("result");
    const load = { inFlight: 999_999, slots: 999_999, serviceMs: 1.234567890123e200, latencyMs: 1.234567890123e200 };
    await liar.ask("report", { id, epoch: 1, load });
    expect(await discovered(client)).toEqual([id]);
    const answer = await askedBy(liar);
    expect(Buffer.byteLength(answer)).toBeLessThan(signalLimits.messageBytes);
  });

  it.each<[what: string, more: object, why: string]>([
    ["a name that forges lines of a log", { name: "gpu\n2026 all is well" }, "name: expected no control characters"],
    [
      "a pipeline that moves the cursor",
      { pipelines: [pipeline("\u001b[2J")] },
      "pipelines.0.pipeline: expected no control characters",
    ],
    ["an address that is none", { addresses: ["gpu"] }, "addresses.0: expected an address such as"],
    [
      "an address with a line break",
      { addresses: ["webrtc://gpu\n:7443"] },
      "addresses.0: expected an address such as",
    ],
    ["an id that no address could name", { id: "a b" }, "id: expected 1 to 128 letters, digits"],
  ])("%s is refused, and told what is expected", async (_, more, why) => {
    const { liar, client } = await scene();
    const { error } = await liar.ask("register", peer("liar", more));
    expect(error).toMatchObject({ code: -32602, message: expect.stringContaining(why) });
    expect(await discovered(client)).toEqual([]);
  });
});

describe("who says what is not to be said there", () => {
  it("is told which methods there are, before and after it has said hello", async () => {
    const { liar } = await scene();
    const message = (text: string) => ({ error: { code: -32601, message: expect.stringContaining(text) as string } });
    expect(await liar.ask("hello", { versions: [1] })).toMatchObject(message('no method "hello" here; there are disc'));
    const early = await stranger(Number(new URL(liar.socket.url).port));
    cleanUps.push(() => early.socket.terminate());
    expect(await early.ask("discover")).toMatchObject(message('no method "discover" here; there are hello, offer'));
  });

  it("reads at its address what it is, and how it is asked", async () => {
    const { liar } = await scene();
    const { host } = new URL(liar.socket.url);
    const response = await fetch(`http://${host}/`);
    expect(response.status).toBe(426);
    expect(await response.text()).toMatch(
      new RegExp(`^This is a signaling service .*--register ws://${host}\n.*discover ws://${host}\n`, "s"),
    );
  });

  it("has an answer to a notification that was asked for one", async () => {
    const { liar } = await scene();
    expect(await liar.ask("relay", { call: 7, message: {} }, 70)).toMatchObject({ id: 70, result: {} });
  });
});

describe("a service that lies is found out", () => {
  /** One that answers each request with what is given for its method. */
  async function lying(answers: Readonly<Record<string, object>>): Promise<ServiceClient> {
    const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
    await new Promise((resolve) => server.once("listening", resolve));
    cleanUps.push(() => server.close());
    server.on("connection", (socket) =>
      socket.on("message", (data: Buffer) => {
        const { id, method = "" } = JSON.parse(data.toString("utf8")) as { id?: number; method?: string };
        if (id !== undefined) socket.send(JSON.stringify({ jsonrpc: "2.0", id, result: answers[method] }));
      }),
    );
    const at = { host: "127.0.0.1", port: (server.address() as AddressInfo).port };
    const init = { clock: virtualClock(), connect: connectNodejs };
    const opening = ServiceClient.open(init, at, new AbortController().signal);
    void opening.then(
      (client) => cleanUps.push(() => client.close()),
      () => undefined,
    );
    return opening;
  }

  it("when it chooses a version that it was not offered", async () => {
    const hello = { version: 9, methods: ["discover"] };
    await expect(lying({ hello })).rejects.toMatchObject({ code: "version-mismatch" });
  });

  it("when its pages have no end", async () => {
    const client = await lying({ hello: { version: 1, methods: [] }, discover: { found: [], cursor: "again" } });
    await expect(discovered(client)).rejects.toMatchObject({ code: "protocol-violation", message: /no answer/ });
  });
});

/** The text of an answer, as it comes. */
async function askedBy({ socket }: Stranger): Promise<string> {
  const answered = new Promise<string>((resolve) =>
    socket.once("message", (data: Buffer) => resolve(data.toString("utf8"))),
  );
  socket.send(JSON.stringify({ jsonrpc: "2.0", id: "x".repeat(64), method: "discover", params: { limit: 1 } }));
  return answered;
}
