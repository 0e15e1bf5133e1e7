import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { Answer } from "../../examples/voice-assistant/answer.ts";
import { ask } from "../../examples/voice-assistant/chat-completions.ts";
import { intentOf } from "../../examples/voice-assistant/intents.ts";
import { testNode, virtualClock, type VirtualClock } from "pipeline-mesh/testing";

const transcript = (text: string) => ({ text, confidence: 0.9, language: "en" });

const ports = { inputs: { question: "json" }, outputs: { sentence: "text" } } as const;

function open(url: string, options: { readonly clock?: VirtualClock; readonly signal?: AbortSignal } = {}) {
  return testNode(Answer, { params: { endpoint: url, model: "tiny" }, ...ports, ...options });
}

describe("the intents of the voice assistant", () => {
  it.each([
    ["go forward ten meters", "Going forward 10 meters."],
    ["Please go forward one meter", "Going forward 1 meter."],
    ["drive backwards 3 metres", "Going back 3 meters."],
    ["go back", "Going back."],
    ["go forward some meters", "Going forward."],
    ["go forward meters", "Going forward."],
    ["go forward twenty five meters", "Going forward 25 meters."],
    ["move forward about two hundred and ten meters", "Going forward 210 meters."],
    ["go back a hundred meters", "Going back 100 meters."],
    ["go forward and five meters", "Going forward 5 meters."],
    ["go forward 12 meters please", "Going forward 12 meters."],
    ["turn left", "Turning left."],
    ["turn to the right", "Turning right."],
    ["stop", "I have stopped."],
    ["what is the weather", "Sorry, I can only go forward, go back, turn and stop."],
    ["", "Sorry, I can only go forward, go back, turn and stop."],
  ])("answer %j", (text, answer) => {
    expect(intentOf(text)).toBe(answer);
  });

  it("are used when there is no endpoint", async () => {
    const node = await open("");
    await node.send("question", transcript("turn left"));
    expect(node.payloads("sentence")).toEqual(["Turning left."]);
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
  it("is asked with the model and the question, and its answer is passed on", async () => {
    const asked: { url: string | undefined; body: unknown }[] = [];
    const url = await endpoint((body, request, response) => {
      asked.push({ url: request.url, body });
      response.end(JSON.stringify({ choices: [{ message: { role: "assistant", content: " Of course. " } }] }));
    });
    const node = await open(`${url}/`);
    await node.send("question", transcript("open the hatch"));
    expect(node.payloads("sentence")).toEqual(["Of course."]);
    expect(asked).toMatchObject([
      {
        url: "/v1/chat/completions",
        body: { model: "tiny", messages: [{}, { role: "user", content: "open the hatch" }] },
      },
    ]);
  });

  it("is told the key, where there is one", async () => {
    const keys: (string | undefined)[] = [];
    const address = await endpoint((_body, request, response) => {
      keys.push(request.headers.authorization);
      response.end(JSON.stringify({ choices: [{ message: { content: "Yes." } }] }));
    });
    const context = { clock: virtualClock(), signal: new AbortController().signal };
    expect(await ask({ address, model: "tiny", key: "secret" }, "hello", context)).toBe("Yes.");
    expect(await ask({ address, model: "tiny", key: undefined }, "hello", context)).toBe("Yes.");
    expect(keys).toEqual(["Bearer secret", undefined]);
  });

  it.each([
    ["wants a key", 401, "no", "access-denied", "answered 401: no"],
    ["has had enough", 429, "", "node-failed", "answered 429"],
    ["has no such model", 404, `{"error": "tiny"}`, "node-failed", `answered 404: {"error": "tiny"}`],
    ["gives another form", 200, `{"reply": "x"}`, "node-failed", "no answer in the form of a chat completion"],
    ["gives no JSON", 200, "<html>", "node-failed", "no answer in the form of a chat completion"],
    ["does not stop", 200, "x".repeat(2 << 20), "node-failed", "answers without end"],
  ])("fails with one clear error when it %s", async (_what, status, body, code, message) => {
    const url = await endpoint((_body, _request, response) => response.writeHead(status).end(body));
    const node = await open(url);
    await expect(node.send("question", transcript("hello"))).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
  });

  it("fails with one clear error when nobody is there", async () => {
    const url = await endpoint(() => undefined);
    await close.pop()?.();
    const node = await open(url);
    await expect(node.send("question", transcript("hello"))).rejects.toMatchObject({
      code: "node-failed",
      message: expect.stringMatching(/cannot be reached: .*ECONNREFUSED/),
      hint: expect.stringContaining("OPENAI_BASE_URL"),
    });
  });

  it("fails with one clear error when it hangs up in the middle", async () => {
    const url = await endpoint((_body, _request, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("{", () => response.destroy());
    });
    const node = await open(url);
    await expect(node.send("question", transcript("hello"))).rejects.toMatchObject({ code: "node-failed" });
  });

  it.each(["before its answer", "within its answer"])("is not waited for without end %s", async (when) => {
    const clock = virtualClock();
    const url = await endpoint((_body, _request, response) => {
      if (when === "before its answer") clock.advance(15_000);
      else response.writeHead(200).write("{", () => clock.advance(15_000));
    });
    const node = await open(url, { clock });
    await expect(node.send("question", transcript("hello"))).rejects.toMatchObject({
      code: "node-failed",
      message: expect.stringContaining("within 15 seconds"),
    });
  });

  it("is left when the session ends", async () => {
    const controller = new AbortController();
    const url = await endpoint(() => controller.abort(new Error("the session is over")));
    const node = await open(url, { signal: controller.signal });
    await expect(node.send("question", transcript("hello"))).rejects.toThrow("the session is over");
  });
});
