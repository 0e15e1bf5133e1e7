import { describe, expect, it } from "vitest";
import { httpLimits } from "../../../runtime/http/limits.ts";
import { MeshError } from "../../../runtime/interface/errors.ts";
import { turn } from "../../../runtime/testing/turn.ts";
import { virtualClock } from "../../../runtime/testing/virtual-clock.ts";
import { planOf } from "../../support/pipeline-run.ts";
import { called, collected, eventsOf, jsonOf, request } from "./support/called.ts";
import { nodes, program } from "./support/program.ts";

const plan = planOf(program);
const lines = (...values: readonly unknown[]): string[] => values.map((value) => `${JSON.stringify(value)}\n`);
const ndjson = { headers: { "content-type": "application/x-ndjson" } };
const shout = (chunks: AsyncIterable<string> | Iterable<string>, more: object = {}) =>
  request("POST", "/v1/pipelines/Shout:stream", { ...ndjson, chunks, ...more });

/** What is written to it is read when somebody wants it. */
class Pipe {
  taken = 0;
  readonly #waiting: string[] = [];
  #isOver = false;
  #wake: () => void = () => undefined;

  write(text: string): void {
    this.#waiting.push(text);
    this.#wake();
  }

  end(): void {
    this.#isOver = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    for (;;) {
      const next = this.#waiting.shift();
      if (next !== undefined) {
        this.taken += 1;
        yield next;
      } else if (this.#isOver) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

describe("a stream over HTTP", () => {
  it("takes values all at once, and sends what comes of them as events", async () => {
    const { service } = called(plan, nodes());
    const body = { inputs: { line: ["one", "two"] } };
    const answer = await service.answer(request("POST", "/v1/pipelines/Shout:stream", { body }));
    expect(answer).toMatchObject({ status: 200, headers: { "content-type": "text/event-stream" } });
    expect(await collected(eventsOf(answer.body))).toEqual([
      { event: "loud", id: "0", data: { value: "ONE", timestampUs: expect.any(Number) } },
      { event: "loud", id: "1", data: { value: "TWO", timestampUs: expect.any(Number) } },
    ]);
  });

  it("takes lines while they come, and answers each before the next", async () => {
    const { service } = called(plan, nodes());
    const input = new Pipe();
    input.write(lines({ port: "line", value: "one", timestampUs: 40_000 }).join(""));
    const answer = await service.answer(shout(input));
    const events = eventsOf(answer.body);
    const next = async () => (await events.next()).value as unknown;
    expect(await next()).toEqual({ event: "loud", id: "0", data: { value: "ONE", timestampUs: 40_000 } });
    // In pieces, as a network may bring it; and an empty line is none.
    for (const part of ["\r\n", '{"port":"line",', '"value":"zwö', 'lf"}', "\n"]) input.write(part);
    expect(await next()).toMatchObject({ id: "1", data: { value: "ZWÖLF" } });
    input.write('{"port":"line","value":"last, without a newline"}');
    input.end();
    expect(await next()).toMatchObject({ data: { value: "LAST, WITHOUT A NEWLINE" } });
    expect(await events.next()).toEqual({ done: true, value: undefined });
  });

  it("takes media as base64, with times that follow from the samples", async () => {
    const { service } = called(plan, nodes());
    const sound = (...samples: number[]) => Buffer.from(new Int16Array(samples).buffer).toString("base64");
    const body = { inputs: { sound: [sound(...Array.from({ length: 160 }, () => 8)), sound(2, -4)] } };
    const answer = await service.answer(request("POST", "/v1/pipelines/Quieter:stream", { body }));
    const events = await collected(eventsOf(answer.body));
    expect(events[1]).toEqual({ event: "soft", id: "1", data: { value: sound(1, -2), timestampUs: 10_000 } });
  });

  it("takes parameters in the first line, and an end of one input in any", async () => {
    const { service } = called(plan, nodes());
    const counting = await service.answer(
      request("POST", "/v1/pipelines/Counting:stream", { ...ndjson, chunks: lines({ params: { to: 2 } }) }),
    );
    expect((await collected(eventsOf(counting.body))).map(({ data }) => data)).toMatchObject([
      { value: "1" },
      { value: "2" },
    ]);
    const input = new Pipe();
    for (const line of lines({ params: {} }, { port: "line", value: "x" }, { port: "line", end: true }))
      input.write(line);
    const ended = await service.answer(shout(input));
    // The body goes on, the stream does not.
    expect(await collected(eventsOf(ended.body))).toHaveLength(1);
  });

  it("without a body has its defaults, where it needs no input", async () => {
    const { service } = called(plan, nodes());
    const answer = await service.answer(request("POST", "/v1/pipelines/Counting:stream"));
    expect(await collected(eventsOf(answer.body))).toHaveLength(3);
  });

  it.each<[string, readonly string[], RegExp]>([
    ["that is no JSON", ["hello\n"], /Line 1 of the body is not JSON/],
    ["without a port", lines({ value: "x" }), /Line 1 of the body has no `port`/],
    ["without a value", lines({ port: "line" }), /Line 1 of the body has no `value`/],
    ["with a port that there is not", lines({ port: "loud", value: "x" }), /no input `loud`/],
    ["with a member that is not known", lines({ port: "line", value: "x", seq: 1 }), /member `seq`/],
    ["with a time that is none", lines({ port: "line", value: "x", timestampUs: "now" }), /`timestampUs`/],
    ["with parameters and more", lines({ params: {}, port: "line" }), /member `port`/],
  ])("refuses a first line %s before it begins", async (_, chunks, detail) => {
    const { service } = called(plan, nodes());
    const answer = await service.answer(shout(chunks));
    expect(answer.status).toBe(400);
    expect(jsonOf(answer)).toMatchObject({ code: "invalid-argument", detail: expect.stringMatching(detail) });
  });

  it.each<[string, string, object]>([
    [
      "a line that is no JSON",
      "{\n",
      { status: 400, detail: expect.stringContaining("Line 2 of the body is not JSON") },
    ],
    [
      "a value of another type",
      lines({ port: "line", value: 7 }).join(""),
      { detail: expect.stringContaining("text") },
    ],
    ["a line that is too long", "x".repeat(httpLimits.bodyBytes + 1), { code: "resource-exhausted" }],
    ["what its node does not bear", lines({ port: "line", value: "break" }).join(""), { code: "node-failed" }],
  ])("ends with the problem at %s", async (_, second, problem) => {
    const { service } = called(plan, nodes());
    const answer = await service.answer(shout([...lines({ port: "line", value: "fine" }), second]));
    const last = (await collected(eventsOf(answer.body))).at(-1);
    expect(last).toMatchObject({ event: "error", id: undefined, data: problem });
  });

  it("a list of values for each input is asked for, and a type that is known", async () => {
    const { service } = called(plan, nodes());
    const stream = (body: unknown, more: object = {}) =>
      service.answer(request("POST", "/v1/pipelines/Shout:stream", { body, ...more }));
    expect(jsonOf(await stream({ inputs: { line: "one" } }))["detail"]).toContain("a list of values for each input");
    expect(jsonOf(await stream({ inputs: {} }))["detail"]).toBe("Input `line` of `Shout` is missing.");
    expect(jsonOf(await stream({ inputs: { other: [] } }))["detail"]).toContain("no input `other`");
    expect(await stream("a=b", { headers: { "content-type": "application/x-www-form-urlencoded" } })).toMatchObject({
      status: 415,
      headers: { "accept-post": "application/json, application/x-ndjson" },
    });
  });

  it("nothing is worked on that nobody takes: the pipeline waits, and the body is not read on", async () => {
    const { service } = called(plan, nodes());
    const many = 5_000;
    const input = new Pipe();
    for (let count = 0; count < many; count += 1) input.write(lines({ port: "line", value: `line ${count}` }).join(""));
    input.end();
    const answer = await service.answer(shout(input));
    // As much as there is room for, in the session and for the client; nobody reads the answer.
    let before = -1;
    while (before !== input.taken) {
      before = input.taken;
      for (let turns = 0; turns < 20; turns += 1) await turn();
    }
    expect(input.taken).toBeGreaterThanOrEqual(httpLimits.waitingFrames);
    expect(input.taken).toBeLessThan(1_000);
    const events = await collected(eventsOf(answer.body));
    expect(events.map(({ id }) => Number(id))).toEqual(Array.from({ length: many }, (_, index) => index));
  });

  it("shows that it is there while there is nothing to say", async () => {
    const clock = virtualClock();
    const { service } = called(plan, nodes(), clock);
    const input = new Pipe();
    input.write(lines({ params: {} }).join(""));
    const answer = await service.answer(shout(input));
    const texts = (answer.body as AsyncIterable<string>)[Symbol.asyncIterator]();
    expect(await texts.next()).toMatchObject({ value: ": here\n\n" });
    const second = texts.next();
    await clock.advanceAsync(httpLimits.keepAliveMs);
    expect(await second).toEqual({ done: false, value: ": here\n\n" });
    input.end();
    expect(await texts.next()).toEqual({ done: true, value: undefined });
    expect(clock.pending).toBe(0);
  });

  it("ends with its client, and with its peer", async () => {
    const { service, calls } = called(plan, nodes());
    const gone = new AbortController();
    const mine = await service.answer(shout(begun(), { signal: gone.signal }));
    const others = await service.answer(shout(begun()));
    gone.abort(new MeshError("cancelled", "The client has gone."));
    expect(await collected(eventsOf(mine.body))).toMatchObject([{ event: "error", data: { code: "cancelled" } }]);
    await calls.close(new MeshError("peer-lost", "The peer stops."));
    expect(await collected(eventsOf(others.body))).toMatchObject([
      { event: "error", data: { status: 503, code: "peer-lost", detail: "The peer stops." } },
    ]);
    expect(await service.answer(shout(lines({ params: {} })))).toMatchObject({ status: 503 });
  });
});

/** A body that has said nothing yet but that it begins. */
function begun(): Pipe {
  const input = new Pipe();
  input.write(lines({ params: {} }).join(""));
  return input;
}
