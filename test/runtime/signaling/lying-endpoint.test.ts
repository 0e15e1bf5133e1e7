import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocketServer, type WebSocket } from "ws";
import { callPeer } from "../../../runtime/signaling/client.ts";
import { ServiceClient } from "../../../runtime/signaling/service-client.ts";
import { connectNodejs } from "../../../runtime/signaling/sockets.nodejs.ts";
import { virtualClock } from "../../../runtime/testing/virtual-clock.ts";

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

/** Answers each first message of a caller as it is told to. @returns where */
async function endpoint(answer: (socket: WebSocket, id: unknown) => void): Promise<{ host: string; port: number }> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, handleProtocols: () => "mesh.v1+json" });
  await new Promise((resolve) => server.once("listening", resolve));
  cleanUps.push(() => new Promise((resolve) => server.close(resolve)));
  server.on("connection", (socket) => {
    socket.on("error", () => undefined);
    socket.once("message", (data: Buffer) => answer(socket, (JSON.parse(data.toString()) as { id: unknown }).id));
  });
  return { host: "127.0.0.1", port: (server.address() as AddressInfo).port };
}

const signal = new AbortController().signal;
const init = { clock: virtualClock(), connect: connectNodejs };
const say = (socket: WebSocket, message: object): void => socket.send(JSON.stringify({ jsonrpc: "2.0", ...message }));

const violations: [what: string, answer: (socket: WebSocket, id: unknown) => void][] = [
  ["it sent a binary message", (socket) => socket.send(Uint8Array.of(1, 2, 3))],
  ["it sent a text that is no UTF-8", (socket) => socket.send(Uint8Array.of(0xff, 0xfe), { binary: false })],
  ["it sent a message of more than 65536 bytes", (socket) => socket.send("x".repeat(65_537))],
];

describe("a caller is told what the endpoint did", () => {
  it.each(violations)("%s", async (what, answer) => {
    const at = await endpoint(answer);
    await expect(callPeer({ ...init, connectMs: 3_000 }, { ...at, pipeline: "Any", signal })).rejects.toMatchObject({
      code: "protocol-violation",
      message: `127.0.0.1:${at.port} broke the signaling protocol: ${what}.`,
    });
  });

  it.each(violations)("and so is who asks a service: %s", async (what, answer) => {
    const at = await endpoint(answer);
    await expect(ServiceClient.open(init, at, signal)).rejects.toMatchObject({
      code: "protocol-violation",
      message: `127.0.0.1:${at.port} broke the signaling protocol: ${what}.`,
    });
  });

  it("that it chose a version that was not offered", async () => {
    const at = await endpoint((socket, id) => say(socket, { id, result: { version: 9, pipeline: "Any" } }));
    await expect(callPeer({ ...init, connectMs: 3_000 }, { ...at, pipeline: "Any", signal })).rejects.toMatchObject({
      code: "version-mismatch",
      message: `127.0.0.1:${at.port} speaks version 9 of the signaling, and was offered 1.`,
    });
  });

  it("that it hung up without a word", async () => {
    const at = await endpoint((socket) => socket.close(1001));
    await expect(callPeer({ ...init, connectMs: 3_000 }, { ...at, pipeline: "Any", signal })).rejects.toMatchObject({
      code: "peer-lost",
      message: `127.0.0.1:${at.port} broke off the signaling connection (WebSocket code 1001).`,
      hint: expect.stringContaining("is it a peer"),
    });
  });

  it("why it refuses, as a sentence", async () => {
    const at = await endpoint((socket, id) => say(socket, { id, error: { code: -32_000, message: "Not today." } }));
    await expect(callPeer({ ...init, connectMs: 3_000 }, { ...at, pipeline: "Any", signal })).rejects.toMatchObject({
      message: `127.0.0.1:${at.port} refuses the call: Not today.`,
    });
  });
});
