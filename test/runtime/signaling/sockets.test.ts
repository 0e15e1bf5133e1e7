import { get } from "node:http";
import { connect as connectTcp, createServer } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import type { SignalServerHandle, SignalSocket } from "../../../runtime/signaling/socket.ts";
import { connectNodejs, listenNodejs, nodejsListener } from "../../../runtime/signaling/sockets.nodejs.ts";

const signal = new AbortController().signal;

describe("signaling sockets in Node", () => {
  let server: SignalServerHandle;
  let sockets: SignalSocket[];

  beforeEach(async () => {
    sockets = [];
    server = await listenNodejs({ host: "127.0.0.1", port: 0 }, (socket) => {
      sockets.push(socket);
      socket.onMessage((text) => socket.send(text.toUpperCase()));
      socket.onClose(() => undefined);
    });
  });

  afterEach(() => server.close());

  test("carry text both ways", async () => {
    expect(server.port).toBeGreaterThan(0);
    const socket = await connectNodejs(server, signal);
    const back = new Promise<string>((resolve) => socket.onMessage(resolve));
    socket.send("hello ä");
    expect(await back).toBe("HELLO Ä");
    const closed = new Promise((resolve) => socket.onClose((code, reason) => resolve({ code, reason })));
    sockets[0]?.close(1008, "enough");
    expect(await closed).toEqual({ code: 1008, reason: "enough" });
  });

  test("tell a plain request what this is", async () => {
    const { status, text } = await new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
      get({ host: server.host, port: server.port }, (response) => {
        let body = "";
        response.on("data", (chunk: Buffer) => (body += chunk.toString()));
        response.on("end", () => resolve({ status: response.statusCode, text: body }));
      }).on("error", reject);
    });
    expect(status).toBe(426);
    expect(text).toBe("This is a signaling endpoint of pipeline-mesh (WebSocket, mesh.v1+json).\n");
  });

  test("take the subprotocol of this version only", async () => {
    const status = await new Promise((resolve) => {
      const socket = new WebSocket(`ws://127.0.0.1:${server.port}`, "other");
      socket.on("unexpected-response", (_, response) => resolve(response.statusCode));
      socket.on("error", () => undefined);
    });
    expect(status).toBe(400);
    expect(sockets).toEqual([]);
  });

  test.for([
    ["http://localhost:5173", "open"],
    ["http://evil.example", 403],
    ["null", 403],
    [undefined, "open"],
  ] as const)("answer a page of the origin %s with %s", async ([origin, outcome]) => {
    expect(await dialAs(origin, server.port)).toBe(outcome);
    expect(sockets).toHaveLength(outcome === "open" ? 1 : 0);
  });

  test("let in the origins that are allowed", async () => {
    const listen = nodejsListener({ allowedOrigins: ["https://app.example.com"] });
    const open = await listen({ host: "127.0.0.1", port: 0 }, (socket) => {
      socket.onMessage(() => undefined);
      socket.onClose(() => undefined);
    });
    expect(await dialAs("https://app.example.com", open.port)).toBe("open");
    expect(await dialAs("https://other.example.com", open.port)).toBe(403);
    await open.close();
  });

  test("cut off a client that does not finish its handshake", async () => {
    const hasty = await nodejsListener({ handshakeMs: 100 })({ host: "127.0.0.1", port: 0 }, () => undefined);
    const slow = connectTcp(hasty.port, "127.0.0.1");
    slow.on("error", () => undefined);
    const answer = new Promise<string>((resolve) => {
      let text = "";
      slow.on("data", (chunk: Buffer) => (text += chunk.toString()));
      slow.once("close", () => resolve(text));
    });
    slow.write("GET / HTTP/1.1\r\nHost: x\r\n");
    expect(await answer).toContain("408");
    await hasty.close();
  });

  test("bear a client that goes in the middle of being refused", async () => {
    for (let round = 0; round < 20; round += 1) {
      const socket = connectTcp(server.port, "127.0.0.1");
      socket.on("error", () => undefined);
      await new Promise((resolve) => socket.once("connect", resolve));
      socket.write(
        "GET / HTTP/1.1\r\nHost: x\r\nOrigin: http://evil.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
          "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
      );
      socket.resetAndDestroy();
      await new Promise((resolve) => socket.once("close", resolve));
    }
    expect(await dialAs(undefined, server.port)).toBe("open");
  });

  test.for([
    ["a message above 64 KiB", Buffer.from("x".repeat(64 * 1024 + 1)), { binary: false }, 1009],
    ["a binary message", Buffer.from("x"), { binary: true }, 1003],
  ] as const)("end at %s", async ([, data, options, code]) => {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}`, "mesh.v1+json");
    await new Promise((resolve) => socket.once("open", resolve));
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.send(data, options);
    expect(await closed).toBe(code);
  });

  test("say that an address is taken, and the way out", async () => {
    const again = listenNodejs(server, () => undefined);
    await expect(again).rejects.toMatchObject({
      code: "address-in-use",
      message: expect.stringContaining(`127.0.0.1:${server.port}`),
      hint: expect.stringContaining("port 0"),
    });
  });

  test("say that an address is of another machine", async () => {
    const listening = listenNodejs({ host: "203.0.113.7", port: 0 }, () => undefined);
    await expect(listening).rejects.toMatchObject({
      code: "address-in-use",
      message: /not an address of this machine/,
    });
  });

  test("say that nothing listens, that a host is unknown, that something else answers", async () => {
    const tcp = createServer((socket) =>
      socket
        .on("error", () => undefined)
        .resume()
        .end("220 mail ready\r\n"),
    );
    await new Promise<void>((resolve) => tcp.listen(0, "127.0.0.1", resolve));
    const { port } = tcp.address() as { port: number };
    await expect(connectNodejs({ host: "127.0.0.1", port: 9 }, signal)).rejects.toMatchObject({
      code: "peer-unreachable",
      message: "Nothing listens at 127.0.0.1:9.",
      hint: /Is the peer running\?/,
    });
    await expect(connectNodejs({ host: "no-such-host.invalid", port: 9 }, signal)).rejects.toMatchObject({
      code: "peer-unreachable",
      message: /no-such-host\.invalid:9/,
    });
    await expect(connectNodejs({ host: "127.0.0.1", port }, signal)).rejects.toMatchObject({
      code: "peer-unreachable",
      message: /does not answer as a peer does/,
    });
    await new Promise((resolve) => tcp.close(resolve));
  });

  test("stop connecting by the signal", async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as { port: number };
    const controller = new AbortController();
    const connecting = connectNodejs({ host: "127.0.0.1", port }, controller.signal);
    silent.once("connection", (socket) => {
      socket.on("error", () => undefined);
      controller.abort(new Error("enough"));
    });
    await expect(connecting).rejects.toThrow("enough");
    await new Promise((resolve) => silent.close(resolve));
  });

  test("close even while a client hangs in its handshake", async () => {
    const half = connectTcp(server.port, "127.0.0.1");
    half.on("error", () => undefined);
    await new Promise((resolve) => half.once("connect", resolve));
    half.write("GET / HTTP/1.1\r\n");
    const gone = new Promise((resolve) => half.once("close", resolve));
    await server.close();
    await gone;
    server = await listenNodejs({ host: "127.0.0.1", port: server.port }, () => undefined);
  });

  test("listen on IPv6 loopback", async () => {
    const six = await listenNodejs({ host: "::1", port: 0 }, (socket) => socket.onMessage((text) => socket.send(text)));
    const socket = await connectNodejs(six, signal);
    const back = new Promise<string>((resolve) => socket.onMessage(resolve));
    socket.send("six");
    expect(await back).toBe("six");
    await six.close();
  });
});

/** `open`, or the status with which the handshake was refused. */
function dialAs(origin: string | undefined, port: number): Promise<"open" | number | undefined> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, "mesh.v1+json", origin === undefined ? {} : { origin });
    socket.once("open", () => {
      resolve("open");
      socket.close();
    });
    socket.once("unexpected-response", (_, response) => {
      resolve(response.statusCode);
      response.destroy();
    });
    socket.on("error", reject);
  });
}
