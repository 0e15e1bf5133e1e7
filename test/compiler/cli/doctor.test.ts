import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer as createHttp } from "node:http";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTls } from "node:tls";
import { RTCDtlsTransport } from "werift";
import { WebSocket, WebSocketServer } from "ws";
import { afterEach, describe, expect, it } from "vitest";
import type { MeshError } from "../../../runtime/interface/errors.ts";
import { launchPlan } from "../../../runtime/mesh/launch.ts";
import { connect as openSession, nodejsPlatform } from "../../../runtime/platform/nodejs.ts";
import { nodejsClock } from "../../../runtime/platform/clock.nodejs.ts";
import { grpcTransport } from "../../../runtime/transports/grpc/transport.nodejs.ts";
import { RawPeer } from "../../runtime/remote/support/raw-peer.ts";
import { marking, peerOf, planOfPeers, stepOf } from "../../runtime/mesh/fixtures/plans.ts";
import { text } from "../../support/pipeline-plan-builder.ts";
import { commandLine } from "../support/command-line.ts";

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

/** A peer that runs `Far`. @returns its address */
async function peer(scheme = "webrtc"): Promise<string> {
  const plan = planOfPeers([stepOf("Far")], [peerOf("far", "Far", `${scheme}://127.0.0.1:0`)]);
  const mesh = await launchPlan(plan, nodejsPlatform(), { registry: () => marking("!") });
  cleanUps.push(() => mesh.close());
  return mesh.peers[0]?.addresses[0] ?? "";
}

/** @returns the port */
async function listening(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanUps.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

/** A port at which nothing listens. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

interface Step {
  readonly step: string;
  readonly state: string;
  readonly found: string;
  readonly more?: readonly string[];
  readonly code?: string;
  readonly hint?: string;
}

async function doctor(
  ...args: string[]
): Promise<{ code: number; fine: boolean; steps: Step[]; out: string; err: string }> {
  using cli = commandLine();
  const { code, out, err } = await cli.run("doctor", ...args, "--format", "json");
  const said = out === "" ? { fine: false, steps: [] } : (JSON.parse(out) as { fine: boolean; steps: Step[] });
  return { ...said, code, out, err };
}

const call = async (uri: string, type: object = text): Promise<MeshError> => {
  const { signal } = new AbortController();
  const inputs = { in: type as typeof text };
  const opening = openSession(uri, { params: {}, inputs, outputs: {}, schemas: {}, signal });
  return opening.then(
    () => {
      throw new Error("it did not fail");
    },
    (error: MeshError) => error,
  );
};

const problem = ({ steps }: { readonly steps: readonly Step[] }): Step | undefined =>
  steps.find(({ state }) => state === "failed");

describe("meshc doctor, of what can be called", () => {
  it("R10.1 R2.3 goes all the way to a pipeline, and shows paths and formats", async () => {
    const address = await peer();
    using cli = commandLine();
    const { code, out, err } = await cli.run("doctor", `${address}/Far`, "--engine", "werift");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const lines = out.trimEnd().split("\n");
    expect(lines[0]).toBe("· name        127.0.0.1 is an address");
    expect(out).toMatch(/^✓ port +127\.0\.0\.1:\d+ takes connections, after \d+ ms$/m);
    expect(out).toMatch(/^✓ endpoint +speaks signaling, version 1, and has answered after \d+ ms$/m);
    expect(out).toMatch(/^✓ pipeline +`Far` is there$/m);
    expect(out).toMatch(/^✓ connection +by ICE and DTLS after \d+ ms \(werift\)$/m);
    expect(out).toMatch(/^ +found there: host \S+:\d+\/udp/m);
    expect(out).toMatch(/^ +taken: host \S+:\d+\/udp to host \S+:\d+\/udp$/m);
    expect(out).toMatch(/^ +in +in: text$/m);
    expect(out).toMatch(/^✓ formats +interface [0-9a-f]{32}$/m);
    expect(lines.at(-1)).toBe(`${address}/Far can be called`);
  });

  it("by gRPC and by HTTP as well, and a peer without a pipeline", async () => {
    const grpc = await doctor(`${await peer("grpc")}/Far`);
    expect(grpc).toMatchObject({ code: 0, fine: true });
    expect(grpc.steps.map(({ step }) => step)).toEqual([
      "name",
      "port",
      "encryption",
      "connection",
      "protocol",
      "formats",
    ]);
    const address = await peer();
    const http = await doctor(`${address.replace("webrtc:", "http:")}/Far`);
    expect(http).toMatchObject({ code: 0, steps: [{}, {}, {}, { step: "endpoint" }, { found: "`Far` is there" }] });
    const whole = await doctor(address);
    expect(whole.steps.slice(3)).toMatchObject([
      { step: "endpoint", state: "fine" },
      { step: "pipeline", found: "there are: Far" },
      { step: "connection", state: "skipped" },
    ]);
  });

  it("holds the interface against a hash and against a file", async () => {
    const uri = `${await peer("grpc")}/Far`;
    const { steps } = await doctor(uri);
    const hash = /[0-9a-f]{32}/.exec(steps.find(({ step }) => step === "formats")?.found ?? "")?.[0] ?? "";
    expect(await doctor(uri, "--interface", hash)).toMatchObject({ code: 0, fine: true });
    const other = await doctor(uri, "--interface", hash.replace(/./g, "0"));
    expect(other).toMatchObject({ code: 1, fine: false });
    expect(problem(other)).toMatchObject({
      step: "interface",
      code: "format-mismatch",
      hint: expect.stringContaining("meshc pull"),
    });
    using cli = commandLine();
    cli.write("far.mesh", "interface Far {\n  in  in: text\n  out out: text\n}\n");
    expect(await cli.run("doctor", uri, "--against", "far.mesh")).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^✓ interface +is that of far\.mesh$/m),
    });
    cli.write("far.mesh", "interface Far {\n  in  in: text\n  in  more: text\n  out out: int\n}\n");
    const differs = await cli.run("doctor", uri, "--against", "far.mesh");
    expect(differs.code).toBe(1);
    expect(differs.out).toContain("`Far.more` is no longer there");
    expect(differs.out).toContain("`Far.out` is `out out: text` there, `out out: int` here");
  });
});

describe("meshc doctor, of a peer that is no service", () => {
  /** In front of a peer, and refuses who asks for no pipeline. @returns the port */
  async function callsAlone(address: string, refusal: object): Promise<number> {
    const http = createHttp();
    const sockets = new WebSocketServer({ server: http, handleProtocols: ([first]) => first ?? false });
    sockets.on("connection", (socket) => {
      const behind = new WebSocket(address.replace("webrtc:", "ws:"), "mesh.v1+json");
      const opened = once(behind, "open");
      behind.on("message", (said: Buffer) => socket.send(said.toString()));
      behind.on("close", () => socket.close());
      socket.on("close", () => behind.close());
      socket.on("message", async (said: Buffer) => {
        const { id, method, params } = JSON.parse(said.toString()) as { id: number; method: string; params: object };
        await opened;
        if (method !== "hello" || "pipeline" in params) behind.send(said.toString());
        else socket.send(JSON.stringify({ jsonrpc: "2.0", id, error: refusal }));
      });
    });
    return listening(http);
  }

  it.each([
    { code: -32602, message: "no pipeline" },
    { code: -32000, message: "no pipeline", data: { code: "pipeline-not-found" } },
  ])("calls it all the same, where it refuses with %j", async (refusal) => {
    const port = await callsAlone(await peer(), refusal);
    const { code, steps } = await doctor(`webrtc://127.0.0.1:${port}/Far`, "--engine", "werift");
    expect(code).toBe(0);
    expect(steps.slice(3).map(({ step, state }) => `${step} ${state}`)).toEqual([
      "endpoint fine",
      "pipeline skipped",
      "connection fine",
      "protocol fine",
      "formats fine",
    ]);
    expect(problem(await doctor(`ws://127.0.0.1:${port}`))).toMatchObject({
      step: "endpoint",
      code: "version-mismatch",
    });
  });
});

describe("meshc doctor, of what cannot", () => {
  it("R10.1 a wrong pipeline, with those that there are", async () => {
    const wrong = await doctor(`${await peer()}/Fat`);
    expect(wrong.code).toBe(3);
    expect(problem(wrong)).toEqual({
      step: "pipeline",
      state: "failed",
      found: "No pipeline `Fat` is there; there are: Far.",
      code: "pipeline-not-found",
      hint: "Did you mean Far?",
    });
    expect(problem(await doctor(`${await peer("grpc")}/Fat`))).toMatchObject({
      step: "pipeline",
      code: "pipeline-not-found",
    });
  });

  it("R10.2 an id that nobody has", async () => {
    const address = await peer();
    const wrong = await doctor(`${address.replace("//", "//nobody@")}/Far`);
    expect(problem(wrong)).toMatchObject({
      step: "pipeline",
      code: "peer-unreachable",
      found: expect.stringContaining("No peer nobody is registered"),
    });
  });

  it("a port at which nothing listens, and a name that nobody has", async () => {
    const port = await freePort();
    for (const scheme of ["webrtc", "grpc", "ws", "http"]) {
      const nothing = await doctor(`${scheme}://127.0.0.1:${port}/Far`.replace(/^(ws.*)\/Far/, "$1"));
      expect(nothing.code).toBe(3);
      expect(problem(nothing)).toMatchObject({
        step: "port",
        code: "peer-unreachable",
        found: `Nothing listens at 127.0.0.1:${port}.`,
      });
    }
    const unknown = await doctor("webrtc://no-such-host.invalid/Far");
    expect(problem(unknown)).toMatchObject({
      step: "name",
      code: expect.stringMatching(/^(peer-unreachable|deadline-exceeded)$/),
    });
  });

  // The time is that of a machine that has some to spare; a busy one gets another try.
  it("something else that listens: HTTP, what says nothing, what hangs up", { retry: 2 }, async () => {
    const http = await listening(createHttp((_, response) => response.writeHead(404).end("no")));
    const closing = await listening(createServer((socket) => socket.destroy()));
    const closed = await doctor(`webrtc://127.0.0.1:${closing}/Far`);
    expect(problem(closed)).toMatchObject({
      step: "endpoint",
      code: "peer-unreachable",
      hint: `Another program listens at 127.0.0.1:${closing}: check the port.`,
    });
    expect(problem(await doctor(`webrtc://127.0.0.1:${http}/Far`))).toMatchObject({
      step: "endpoint",
      code: "peer-unreachable",
      hint: `Another program listens at 127.0.0.1:${http}: check the port, and that a proxy in front of it passes WebSockets on.`,
    });
    expect(problem(await doctor(`http://127.0.0.1:${http}/Far`))).toMatchObject({
      step: "endpoint",
      code: "protocol-violation",
    });
    const silent = await listening(createServer());
    const startMs = performance.now();
    expect(problem(await doctor(`webrtc://127.0.0.1:${silent}/Far`))).toMatchObject({
      step: "endpoint",
      code: "deadline-exceeded",
      found: expect.stringContaining("3000 ms"),
      hint: expect.stringContaining("it stands still or is overloaded"),
    });
    expect(performance.now() - startMs).toBeLessThan(5_000);
  });

  it("TLS where there is none, none where there is, and a certificate that nobody knows", async () => {
    const address = await peer();
    const plain = await doctor(`${address.replace("webrtc:", "webrtc+wss:")}/Far`);
    expect(problem(plain)).toMatchObject({
      step: "encryption",
      code: "peer-unreachable",
      hint: expect.stringContaining("does not speak TLS"),
    });
    const { certPem, privateKey } = await RTCDtlsTransport.SetupCertificate();
    const port = await listening(createTls({ cert: certPem, key: privateKey }));
    const encrypted = await doctor(`webrtc://127.0.0.1:${port}/Far`);
    expect(problem(encrypted)).toMatchObject({
      step: "endpoint",
      hint: `The port speaks TLS: write webrtc+wss://127.0.0.1:${port}/Far`,
    });
    const untrusted = await doctor(`wss://127.0.0.1:${port}`);
    expect(problem(untrusted)).toMatchObject({
      step: "encryption",
      code: "access-denied",
      hint: expect.stringContaining("NODE_EXTRA_CA_CERTS"),
    });
    expect(problem(await doctor(`http://127.0.0.1:${port}/Far`))).toMatchObject({
      step: "endpoint",
      hint: `The port speaks TLS: write https://127.0.0.1:${port}/Far`,
    });
    expect(problem(await doctor(`grpc://127.0.0.1:${port}`))).toMatchObject({
      step: "endpoint",
      hint: expect.stringContaining("TLS, which `grpc://` does not"),
    });
  });

  it("R10.1 the scheme of another transport, with the address that is meant", async () => {
    const webrtc = `${await peer()}/Far`;
    const grpc = `${await peer("grpc")}/Far`;
    const by = (uri: string, scheme: string): string => uri.replace(/^\w+/, scheme);
    for (const uri of [by(grpc, "webrtc"), by(grpc, "http")]) {
      expect(problem(await doctor(uri))).toMatchObject({
        step: "endpoint",
        code: "peer-unreachable",
        hint: `The port speaks HTTP/2, as a peer by gRPC does: write ${grpc}`,
      });
    }
    expect(problem(await doctor(by(webrtc, "grpc")))).toMatchObject({
      step: "connection",
      code: "peer-unreachable",
      found: expect.not.stringContaining("Resolution note"),
      hint: `The port speaks HTTP/1.1, as a peer by WebRTC does: write ${webrtc}`,
    });
    expect(problem(await doctor(by(webrtc, "grpc").replace("/Far", "")))).toMatchObject({ step: "endpoint" });
    expect(await doctor(grpc.replace("/Far", ""))).toMatchObject({
      code: 0,
      steps: [{}, {}, {}, { step: "endpoint", state: "fine" }, { step: "connection", state: "skipped" }],
    });
  });

  it("one that is full, and not that another program listens", async () => {
    const full = createHttp((_, response) => response.writeHead(503).end());
    full.on("upgrade", (_, socket) => socket.end("HTTP/1.1 503 Service Unavailable\r\n\r\n"));
    const port = await listening(full);
    for (const scheme of ["webrtc", "http"]) {
      expect(problem(await doctor(`${scheme}://127.0.0.1:${port}/Far`))).toMatchObject({
        step: "endpoint",
        code: "resource-exhausted",
        hint: expect.stringMatching(/[Tt]ry again later/),
      });
    }
  });

  it("R10.2 a registered peer that stands still, and not the service that answers for it", async () => {
    const http = createHttp();
    const sockets = new WebSocketServer({ server: http, handleProtocols: ([first]) => first ?? false });
    const empty = { batch: false, inputs: {}, outputs: {}, schemas: {}, provides: [], addresses: [], relay: true };
    const found = [{ ...empty, peer: "gone", name: "far", pipeline: "Far", epoch: 1, interface: "0".repeat(32) }];
    const results: Readonly<Record<string, object>> = {
      hello: { version: 1, methods: ["discover"] },
      discover: { found },
    };
    sockets.on("connection", (socket) => {
      socket.on("message", (message: Buffer) => {
        const { id, method, params } = JSON.parse(message.toString()) as {
          readonly id: number;
          readonly method: string;
          readonly params: object;
        };
        // What is for the peer gets no answer.
        const result = "peer" in params || "pipeline" in params ? undefined : results[method];
        if (result !== undefined) socket.send(JSON.stringify({ jsonrpc: "2.0", id, result }));
      });
    });
    const still = await doctor(`webrtc://gone@127.0.0.1:${await listening(http)}/Far`);
    expect(problem(still)).toMatchObject({
      step: "connection",
      code: "deadline-exceeded",
      hint: expect.stringContaining("The service knows the peer gone, which does not answer"),
    });
  });

  it("R5.3 a peer that speaks another version of the protocol", async () => {
    const http = createHttp();
    const sockets = new WebSocketServer({ server: http, handleProtocols: ([first]) => first ?? false });
    sockets.on("connection", (socket) => {
      socket.on("message", (message: Buffer) => {
        const { id } = JSON.parse(message.toString()) as { id: number };
        const error = { code: -32000, message: "versions 7 are spoken here", data: { code: "version-mismatch" } };
        socket.send(JSON.stringify({ jsonrpc: "2.0", id, error }));
      });
    });
    const uri = `webrtc://127.0.0.1:${await listening(http)}/Far`;
    expect(problem(await doctor(uri))).toMatchObject({
      step: "endpoint",
      code: "version-mismatch",
      hint: "Update the older of the two.",
    });
    expect(await call(uri)).toMatchObject({
      code: "version-mismatch",
      hint: expect.stringContaining(`meshc doctor ${uri}`),
    });
  });

  it("R5.3 a peer by gRPC whose sessions are of another version", async () => {
    const transport = grpcTransport({ clock: nodejsClock, pipelines: () => ["Far"] });
    const listener = await transport.listen("grpc://127.0.0.1:0", (connection) => {
      const peer = new RawPeer(connection);
      const message = "This peer speaks version 7 of the protocol, the caller 1.";
      peer.say({ type: "refuse", code: "version-mismatch", message });
    });
    cleanUps.push(() => listener.close());
    const uri = `${listener.address}/Far`;
    const examined = await doctor(uri);
    expect(examined.steps.map(({ step, state }) => `${step} ${state}`).slice(-2)).toEqual([
      "connection fine",
      "protocol failed",
    ]);
    expect(problem(examined)).toMatchObject({
      code: "version-mismatch",
      found: expect.stringContaining("version 7"),
      hint: "Update the older of the two.",
    });
    expect(await call(uri)).toMatchObject({
      code: "version-mismatch",
      hint: expect.stringContaining(`meshc doctor ${uri}`),
    });
  });

  // The time is that of a machine that has some to spare; a busy one gets another try.
  it("a network that drops what is sent, in less than five seconds", { retry: 2 }, async () => {
    // A process that stands still takes as many connections as wait for it; the next gets no answer, as behind a firewall.
    const script = `const s = require("net").createServer().listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => console.log(s.address().port))`;
    const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    cleanUps.push(() => child.kill("SIGKILL"));
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    const port = Number(line.toString());
    child.kill("SIGSTOP");
    for (let count = 0; count < 4; count += 1) {
      const waiting = connect(port, "127.0.0.1").on("error", () => undefined);
      cleanUps.push(() => waiting.destroy());
    }
    const startMs = performance.now();
    const hole = await doctor(`webrtc://127.0.0.1:${port}/Far`);
    expect(performance.now() - startMs).toBeLessThan(5_000);
    expect(hole.code).toBe(3);
    expect(problem(hole)).toMatchObject({
      step: "port",
      code: "deadline-exceeded",
      found: expect.stringContaining("within 3000 ms"),
      hint: expect.stringContaining("firewalls"),
    });
  });

  it("what is no address at all, with exit code 2", async () => {
    for (const wrong of [
      "gpu.example.com",
      "ftp://gpu.example.com/Far",
      "webrtc://gpu.example.com:99999/Far",
      "webrtc://127.0.0.1:0/Far",
      "http://127.0.0.1/%ZZ",
    ]) {
      const { code, out, err } = await doctor(wrong);
      expect({ code, out }).toEqual({ code: 2, out: "" });
      expect(err).toMatch(/^error: .*\n {2}help: /);
    }
    const address = "webrtc://127.0.0.1:1/Far";
    expect(await doctor(address, "--interface", "abc")).toMatchObject({ code: 2 });
    expect(await doctor(address, "--against", "nowhere.mesh")).toMatchObject({ code: 3 });
    expect(await doctor(address, "--ice-server", "nowhere")).toMatchObject({ code: 2 });
    // Told, for else it would look as if it had been compared.
    expect(await doctor("ws://127.0.0.1:1", "--interface", "0".repeat(32))).toMatchObject({ code: 2 });
  });
});

describe("a call that fails", () => {
  it("R10.1 names the command that looks into it, with the address", async () => {
    const address = await peer();
    const nothing = `webrtc://127.0.0.1:${await freePort()}/Far`;
    for (const [uri, code, type] of [
      [nothing, "peer-unreachable", text],
      [`${address}/Fat`, "pipeline-not-found", text],
      [`${address}/Far`, "format-mismatch", { kind: "scalar", name: "int" }],
      [`${nothing.replace("webrtc", "grpc")}`, "peer-unreachable", text],
    ] as const) {
      const error = await call(uri, type);
      expect(error.code).toBe(code);
      expect(error.hint).toContain(`\`meshc doctor ${uri}\``);
    }
  });
});
