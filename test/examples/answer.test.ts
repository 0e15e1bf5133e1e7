import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { Answer, intentOf } from "../../examples/voice-assistant/answer.ts";
import { openNode } from "../support/node-harness.ts";

const transcript = (text: string) => ({ text, confidence: 0.9, language: "en" });

describe("the intents of the voice assistant", () => {
  it.each([
    ["go forward ten meters", "Going forward 10 meters."],
    ["Please go forward one meter", "Going forward 1 meter."],
    ["drive backwards 3 metres", "Going back 3 meters."],
    ["go back", "Going back."],
    ["go forward some meters", "Going forward."],
    ["turn left", "Turning left."],
    ["turn to the right", "Turning right."],
    ["stop", "I have stopped."],
    ["what is the weather", "Sorry, I can only go forward, go back, turn and stop."],
    ["", "Sorry, I can only go forward, go back, turn and stop."],
  ])("answer %j", (text, answer) => {
    expect(intentOf(text)).toBe(answer);
  });

  it("are used when there is no endpoint", async () => {
    const node = await openNode(Answer, { endpoint: "", model: "" });
    await node.send(transcript("turn left"));
    expect(node.frames("sentence").map(({ payload }) => payload)).toEqual(["Turning left."]);
  });
});

describe("an endpoint that answers", () => {
  const close: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const one of close.splice(0)) await one();
  });

  /** A server of the chat completions interface; `answer` writes the response. */
  async function endpoint(answer: (body: unknown, request: IncomingMessage, response: ServerResponse) => void) {
    const server = createServer((request, response) => {
      const pieces: Buffer[] = [];
      request.on("data", (piece: Buffer) => pieces.push(piece));
      request.on("end", () => answer(JSON.parse(Buffer.concat(pieces).toString()), request, response));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    close.push(
      () =>
        new Promise((resolve) => {
          server.closeAllConnections();
          server.close(() => resolve());
        }),
    );
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  }
  const open = (url: string, signal?: AbortSignal) =>
    openNode(Answer, { endpoint: url, model: "tiny" }, signal === undefined ? {} : { signal });

  it("is asked with the model and the question, and its answer is passed on", async () => {
    const asked: { url: string | undefined; body: unknown }[] = [];
    const url = await endpoint((body, request, response) => {
      asked.push({ url: request.url, body });
      response.end(JSON.stringify({ choices: [{ message: { role: "assistant", content: " Of course. " } }] }));
    });
    const node = await open(`${url}/`);
    await node.send(transcript("open the hatch"));
    expect(node.frames("sentence").map(({ payload }) => payload)).toEqual(["Of course."]);
    expect(asked).toMatchObject([
      {
        url: "/v1/chat/completions",
        body: { model: "tiny", messages: [{}, { role: "user", content: "open the hatch" }] },
      },
    ]);
  });

  it.each([
    ["refuses", 401, "no", "answered 401: no"],
    ["gives another form", 200, `{"reply": "x"}`, "no answer in the form of a chat completion"],
    ["gives no JSON", 200, "<html>", "no answer in the form of a chat completion"],
  ])("fails with one clear error when it %s", async (_what, status, body, message) => {
    const url = await endpoint((_body, _request, response) => response.writeHead(status).end(body));
    const node = await open(url);
    await expect(node.send(transcript("hello"))).rejects.toMatchObject({
      code: "node-failed",
      message: expect.stringContaining(message),
      hint: expect.any(String),
    });
  });

  it("fails with one clear error when nobody is there", async () => {
    const url = await endpoint(() => undefined);
    await close.pop()?.();
    const node = await open(url);
    await expect(node.send(transcript("hello"))).rejects.toMatchObject({
      code: "node-failed",
      message: expect.stringMatching(/cannot be reached: .*ECONNREFUSED/),
    });
  });

  it("is left when the session ends", async () => {
    const controller = new AbortController();
    const url = await endpoint(() => controller.abort(new Error("the session is over")));
    const node = await open(url, controller.signal);
    await expect(node.send(transcript("hello"))).rejects.toThrow("the session is over");
  });
});
