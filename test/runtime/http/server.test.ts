import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { connect as connectTcp } from "node:net";
import { writeFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Mesh } from "../../../runtime/mesh/launch.ts";
import { launchPlan } from "../../../runtime/mesh/launch.ts";
import { servePeer } from "../../../runtime/mesh/serving.ts";
import * as remoteCalls from "../../../runtime/remote/calls.ts";
import { connectNodejs } from "../../../runtime/signaling/sockets.nodejs.ts";
import { weriftTransport } from "../../conformance/nodejs-transport.ts";
import { depsOf, planOf } from "../../support/pipeline-run.ts";
import { realClock, seededRandom } from "../../support/real-clock.ts";
import { collected, eventsOf } from "./support/called.ts";
import { answered, curl, noCurl, started } from "./support/curl.ts";
import { nodes, program } from "./support/program.ts";

let asked: (question: string, gone: AbortSignal) => void = () => undefined;
let mesh: Mesh;
let at: string;
let port: number;
const folder = mkdtempSync(join(tmpdir(), "http-"));

/** A peer at a real port. */
async function running(): Promise<Mesh> {
  return launchPlan(
    planOf(program),
    {
      clock: realClock,
      random: seededRandom(5),
      log: () => undefined,
      env: () => undefined,
      transports: [weriftTransport({ clock: realClock })],
      calls: () => Promise.resolve(remoteCalls),
      serve: servePeer,
    },
    { registry: depsOf(nodes((question, gone) => asked(question, gone))).registry },
  );
}

const urlOf = ({ peers }: Mesh): string => (peers[0]?.addresses[0] ?? "").replace("webrtc:", "http:");

beforeAll(async () => {
  mesh = await running();
  at = urlOf(mesh);
  port = Number(new URL(at).port);
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await mesh.close();
});

const json = ["-H", "content-type: application/json"];
const ndjson = ["-H", "content-type: application/x-ndjson"];

const line = (value: string): string => `${JSON.stringify({ port: "line", value })}\n`;

/** What a server says to bytes that are given as they are. */
async function raw(bytes: string | readonly string[]): Promise<string> {
  const socket = connectTcp(port, "127.0.0.1");
  let text = "";
  socket.setEncoding("utf8").on("data", (part: string) => (text += part));
  socket.on("error", () => undefined);
  for (const part of [bytes].flat()) socket.write(part);
  await once(socket, "close");
  return text;
}

describe.skipIf(noCurl !== undefined)("curl, at the port where a peer listens", () => {
  it("executes, streams, lists and describes", async () => {
    const question = '{"inputs": {"question": "hello there"}}';
    const answer = await curl(...json, "-d", question, `${at}/v1/pipelines/Ask:execute`);
    expect(answer).toMatchObject({ code: 0, status: 200, headers: { "content-type": "application/json" } });
    expect(JSON.parse(answer.body)).toMatchObject({ outputs: { answer: { text: "HELLO THERE!", words: 2 } } });
    const stream = await curl(...json, "-d", '{"inputs":{"line":["a"]}}', `${at}/v1/pipelines/Shout:stream`);
    expect(stream).toMatchObject({ status: 200, headers: { "content-type": "text/event-stream" } });
    expect(stream.body).toMatch(/^: here\n\nevent: loud\nid: 0\ndata: \{"value":"A","timestampUs":0\}\n/);
    const list = await curl(`${at}/v1/pipelines`);
    expect(JSON.parse(list.body).pipelines).toHaveLength(6);
    expect(JSON.parse((await curl(`${at}/v1/pipelines/Ask`)).body)).toMatchObject({ name: "Ask", idempotent: true });
    expect(JSON.parse((await curl(`${at}/openapi.json`)).body)).toMatchObject({ openapi: "3.1.0" });
  });

  it("is told at the root what this is, and elsewhere what is wrong, in JSON", async () => {
    expect(await curl(at)).toMatchObject({ status: 426, body: expect.stringContaining(`${at}/openapi.json`) });
    const nothing = await curl(`${at}/favicon.ico`);
    expect(nothing).toMatchObject({ status: 404, headers: { "content-type": "application/problem+json" } });
    expect(JSON.parse(nothing.body)).toMatchObject({ detail: "There is nothing at /favicon.ico." });
    const head = await curl("--head", `${at}/openapi.json`);
    expect(head).toMatchObject({ status: 200, body: "" });
    expect(Number(head.headers["content-length"])).toBeGreaterThan(1_000);
    expect(await curl("-X", "DELETE", `${at}/openapi.json`)).toMatchObject({ status: 405 });
    expect(await curl("-X", "OPTIONS", `${at}/openapi.json`)).toMatchObject({
      status: 204,
      headers: { allow: "GET, HEAD, OPTIONS" },
    });
  });

  it("goes, and the work for it stops; at its own deadline too", async () => {
    const wait = async (...more: string[]): Promise<number | null> => {
      const begun = new Promise<AbortSignal>((resolve) => (asked = (_, gone) => resolve(gone)));
      const body = '{"inputs":{"question":"for ever"}}';
      const child = started(...json, ...more, "-d", body, `${at}/v1/pipelines/Wait:execute`);
      const ended = answered(child);
      const gone = await begun;
      if (more.length === 0) child.kill();
      if (!gone.aborted) await once(gone, "abort");
      return (await ended).code;
    };
    expect(await wait()).toBe(null);
    // 28: as long as it was told to wait.
    expect(await wait("--max-time", "0.5")).toBe(28);
  });

  it("breaks off a stream, and the session ends", async () => {
    const begun = new Promise<AbortSignal>((resolve) => (asked = (_, gone) => resolve(gone)));
    const body = '{"port":"question","value":"for ever"}';
    const child = started(...ndjson, "-X", "POST", "-T", ".", `${at}/v1/pipelines/Wait:stream`);
    child.stdin.write(`${body}\n`);
    const gone = await begun;
    child.kill();
    if (!gone.aborted) await once(gone, "abort");
    expect(gone.aborted).toBe(true);
  });

  it("sends a body that is too large, and sees why that is not taken", async () => {
    const file = join(folder, "large.json");
    writeFileSync(file, JSON.stringify({ inputs: { question: "x".repeat(6 * 1024 * 1024) } }));
    for (const more of [[], ["-H", "transfer-encoding: chunked"], ["-H", "expect:"]]) {
      const answer = await curl(...json, ...more, "--data-binary", `@${file}`, `${at}/v1/pipelines/Ask:execute`);
      expect(answer).toMatchObject({ status: 413, headers: { "content-type": "application/problem+json" } });
      expect(JSON.parse(answer.body)).toMatchObject({ code: "resource-exhausted" });
    }
  });

  it("comes from a page: of this machine it is answered, of elsewhere it is not", async () => {
    const from = (origin: string) => curl("-H", `origin: ${origin}`, `${at}/v1/pipelines`);
    expect(await from("http://localhost:5173")).toMatchObject({
      status: 200,
      headers: { "access-control-allow-origin": "http://localhost:5173" },
    });
    const foreign = await from("https://evil.example");
    expect(foreign.status).toBe(403);
    expect(JSON.parse(foreign.body)).toMatchObject({ code: "access-denied" });
  });

  it("sees the last event when the peer stops", async () => {
    const other = await running();
    const begun = new Promise<void>((resolve) => (asked = () => resolve()));
    const body = '{"inputs":{"question":["for ever"]}}';
    const all = curl(...json, "-d", body, `${urlOf(other)}/v1/pipelines/Wait:stream`);
    await begun;
    await other.close();
    const { code, body: events } = await all;
    expect(code).toBe(0);
    expect(events).toMatch(/event: error\ndata: \{.*"status":503,.*"code":"peer-lost".*\}\n\n$/);
  });
});

describe("the HTTP server of a peer", () => {
  it.each<[string, string, number]>([
    ["a header that is too large", `GET / HTTP/1.1\r\nHost: x\r\nX: ${"y".repeat(20_000)}\r\n\r\n`, 431],
    ["what is no HTTP", "hello\r\n\r\n", 400],
    ["a header with a broken name", "GET / HTTP/1.1\r\nHost: x\r\nbad header: y\r\n\r\n", 400],
  ])("answers %s with a problem", async (_, bytes, status) => {
    const text = await raw(bytes);
    const [head = "", body = ""] = text.split("\r\n\r\n");
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(head).toContain("application/problem+json");
    expect(JSON.parse(body)).toMatchObject({ status, code: "invalid-argument" });
  });

  it("answers each line of a stream before the next is written", async () => {
    const path = "/v1/pipelines/Shout:stream";
    const headers = { "content-type": "application/x-ndjson" };
    const call = httpRequest({ host: "127.0.0.1", port, path, headers, method: "POST" });
    call.write(line("one"));
    const [response] = (await once(call, "response")) as [IncomingMessage];
    const events = eventsOf(response);
    for (const word of ["two", "three", "four"]) {
      expect((await events.next()).value).toMatchObject({ event: "loud" });
      call.write(line(word));
    }
    call.end();
    expect((await collected(events)).map(({ data }) => data)).toMatchObject([{ value: "FOUR" }]);
  });

  it("takes a target in absolute form, and answers twice on one connection", async () => {
    const host = `Host: 127.0.0.1:${port}\r\n`;
    const text = await raw([
      `GET ${at}/v1/pipelines?x=1 HTTP/1.1\r\n${host}\r\n`,
      `GET /v1/pipelines/Ask#part HTTP/1.1\r\n${host}Connection: close\r\n\r\n`,
    ]);
    expect(text.match(/HTTP\/1.1 200 OK/g)).toHaveLength(2);
  });

  it("takes signaling at the same port, while a stream is open", async () => {
    const open = connectTcp(port, "127.0.0.1");
    open.on("error", () => undefined);
    const head = "POST /v1/pipelines/Shout:stream HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n";
    open.write(`${head}Content-Type: application/x-ndjson\r\n\r\nd\r\n{"params":{}}\r\n1\r\n\n\r\n`);
    const [first] = (await once(open, "data")) as [Buffer];
    expect(first.toString()).toContain("200 OK");
    const socket = await connectNodejs({ host: "127.0.0.1", port }, new AbortController().signal);
    const answer = new Promise<string>((resolve) => socket.onMessage(resolve));
    const closed = new Promise<void>((resolve) => socket.onClose(() => resolve()));
    const params = { versions: [1], pipeline: "Shout" };
    socket.send(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "hello", params }));
    expect(JSON.parse(await answer)).toMatchObject({ result: { version: 1, pipeline: "Shout" } });
    socket.close(1000, "");
    await closed;
    open.destroy();
  });
});
