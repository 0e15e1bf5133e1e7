import { afterEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import type { SignalingServer } from "../../../runtime/interface/signaling.ts";
import { directSignaling } from "../../../runtime/signaling/direct.ts";
import { signalLimits } from "../../../runtime/signaling/limits.ts";
import { connectNodejs, listenNodejs } from "../../../runtime/signaling/sockets.nodejs.ts";
import { virtualClock, type VirtualClock } from "pipeline-mesh/testing";

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

/** An endpoint over real sockets whose time stands still. */
async function endpoint(): Promise<{ clock: VirtualClock; server: SignalingServer }> {
  const clock = virtualClock();
  const signaling = directSignaling({ clock, connect: connectNodejs, listen: listenNodejs });
  const server = await signaling.serve({ host: "127.0.0.1", port: 0, onCall: () => undefined });
  cleanUps.push(() => server.close());
  return { clock, server };
}

interface Stranger {
  readonly socket: WebSocket;
  /** Close code and reason. */
  readonly closed: Promise<string>;
  next(): Promise<string>;
}

async function stranger({ port }: SignalingServer): Promise<Stranger> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, "mesh.v1+json");
  const messages: string[] = [];
  const waiting: ((text: string) => void)[] = [];
  socket.on("message", (data: Buffer) => {
    const text = data.toString();
    const first = waiting.shift();
    if (first === undefined) messages.push(text);
    else first(text);
  });
  socket.on("error", () => undefined);
  const closed = new Promise<string>((resolve) =>
    socket.once("close", (code, reason) => resolve(`${code} ${reason.toString()}`)),
  );
  cleanUps.push(() => socket.terminate());
  await new Promise((resolve) => socket.once("open", resolve));
  return {
    socket,
    closed,
    next: () => {
      const text = messages.shift();
      return text === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(text);
    },
  };
}

const hello = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "hello", params: { versions: [1], pipeline: "A" } });
const unknown = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "what", params: {} });

describe("a signaling endpoint bounds what a stranger may do:", () => {
  test("10 s to say hello", async () => {
    const { clock, server } = await endpoint();
    const { socket, closed, next } = await stranger(server);
    socket.send(unknown);
    await next();
    clock.advance(signalLimits.helloMs - 1);
    socket.send(unknown);
    await next();
    clock.advance(1);
    expect(await closed).toBe("1008 no hello within 10000 ms");
    expect(clock.pending).toBe(0);
  });

  test("30 s for the whole call", async () => {
    const { clock, server } = await endpoint();
    const { socket, closed, next } = await stranger(server);
    socket.send(hello);
    expect(JSON.parse(await next())).toMatchObject({ result: { version: 1 } });
    clock.advance(signalLimits.callMs);
    expect(await closed).toBe("1008 a call ends within 30000 ms");
    expect(clock.pending).toBe(0);
  });

  test("100 messages in a second, and as many again in the next", async () => {
    const { clock, server } = await endpoint();
    const { socket, closed, next } = await stranger(server);
    for (let second = 0; second < 2; second += 1) {
      for (let count = 0; count < signalLimits.messagesPerSecond; count += 1) {
        socket.send(unknown);
        await next();
      }
      clock.advance(1_000);
    }
    for (let count = 0; count <= signalLimits.messagesPerSecond; count += 1) socket.send(unknown);
    expect(await closed).toBe("1008 more than 100 messages in a second");
  });

  test("64 KiB a message", async () => {
    const { server } = await endpoint();
    const fits = await stranger(server);
    fits.socket.send(unknown.padEnd(signalLimits.messageBytes, " "));
    expect(JSON.parse(await fits.next())).toMatchObject({ error: { code: -32601 } });
    const large = await stranger(server);
    large.socket.send(unknown.padEnd(signalLimits.messageBytes + 1, " "));
    expect(await large.closed).toMatch(/^1009/);
  });

  test("16 levels of nesting", async () => {
    const { server } = await endpoint();
    const { socket, next } = await stranger(server);
    socket.send(`${"[".repeat(17)}${"]".repeat(17)}`);
    expect(JSON.parse(await next())).toMatchObject({ error: { code: -32600, message: /nested deeper than 16/ } });
  });

  test("64 calls at a time; one that ends makes room, and before that one that has said nothing", async () => {
    const { server } = await endpoint();
    const all: Stranger[] = [];
    for (let count = 0; count < signalLimits.pendingCalls; count += 1) all.push(await stranger(server));
    for (const { socket } of all.slice(1)) socket.send(hello);
    for (const { next } of all.slice(1)) await next();
    const late = await stranger(server);
    expect(await all[0]?.closed).toBe("1013 others wait, and it has said no hello");
    late.socket.send(hello);
    expect(JSON.parse(await late.next())).toMatchObject({ result: { version: 1 } });
    const later = await stranger(server);
    expect(await later.closed).toBe("1013 too many calls at once");
    all[1]?.socket.close();
    await all[1]?.closed;
    const next = await stranger(server);
    next.socket.send(hello);
    expect(JSON.parse(await next.next())).toMatchObject({ result: { version: 1 } });
  });
});
