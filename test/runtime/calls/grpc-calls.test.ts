import { status } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import { defineNode, type NodeDefinition } from "../../../runtime/interface/node.ts";
import { addressOf, served, statusOfCall, Stub } from "./support/served.ts";
import { program as pipelines } from "../http/support/program.ts";

const program = pipelines.replace("webrtc:", "grpc:");

const loud = (payload: unknown): string => String(payload).toUpperCase();

/** @param asked told of each question to `Wait`, and when its caller has gone */
function nodes(asked: (question: string, gone: AbortSignal) => void = () => undefined): Record<string, NodeDefinition> {
  let opened = 0;
  return {
    Reply: defineNode<{ marks: number }>({
      open: ({ marks }, { emit }) => {
        opened += 1;
        const number = opened;
        return {
          process: ({ payload }) => {
            const text = `${loud(payload)}${"!".repeat(marks)}`;
            if (payload === "which session") return emit("answer", { text: String(number), words: 1 });
            if (payload === "break") throw new Error("out of memory");
            return emit("answer", { text, words: String(payload).split(" ").length });
          },
        };
      },
    }),
    Echo: defineNode({ open: (_, { emit }) => ({ process: ({ payload }) => emit("same", payload) }) }),
    Slow: defineNode({
      open: (_, { emit, signal }) => ({
        process: ({ payload }) => {
          asked(String(payload), signal);
          // Answers what it is told to, and never the rest.
          if (payload === "at once") return emit("answer", "done");
          return new Promise<void>((_resolve, reject) => {
            signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
          });
        },
      }),
    }),
    Upper: defineNode({ open: (_, { emit }) => ({ process: ({ payload }) => emit("out", loud(payload)) }) }),
  };
}

const ask = (question: string, more: object = {}): object => ({
  pipeline: "Ask",
  inputs: { question: { text: question } },
  ...more,
});

describe("a batch pipeline that is called by gRPC", () => {
  it("answers a list item by item: what fails says why, and the others have their values, in order", async () => {
    const stub = new Stub(addressOf(await served(program, nodes())));
    const item = (question: string): object => ({ inputs: { question: { text: question } } });
    const items = [item("one"), item("break"), { inputs: {} }, item("four")];
    const response = (await stub.call("Execute", { pipeline: "Ask", items })) as unknown as {
      readonly items: readonly {
        readonly outputs: { readonly answer?: { readonly json: string } };
        readonly failure: null | { readonly status: number; readonly code: string; readonly message: string };
      }[];
    };
    const texts = response.items.map(({ outputs }) => outputs.answer && JSON.parse(outputs.answer.json));
    expect(texts).toMatchObject([{ text: "ONE!" }, undefined, undefined, { text: "FOUR!" }]);
    expect(response.items.map(({ failure }) => failure)).toMatchObject([
      null,
      { status: status.INTERNAL, code: "node-failed", message: expect.stringContaining("out of memory") },
      { status: status.INVALID_ARGUMENT, code: "invalid-argument", message: "Input `question` of `Ask` is missing." },
      null,
    ]);
    // What holds for all of them is how the call ends.
    expect(await statusOfCall(stub.call("Execute", { pipeline: "Nobody", items }))).toMatchObject({
      code: status.NOT_FOUND,
    });
    expect(await statusOfCall(stub.call("Execute", { ...ask("x"), items }))).toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: "A request has `inputs` or `items`, not both.",
    });
  });

  it("answers, with parameters and with their defaults", async () => {
    const stub = new Stub(addressOf(await served(program, nodes())));
    const answer = async (request: object): Promise<unknown> => {
      const { outputs } = (await stub.call("Execute", request)) as { outputs: { answer: { json: string } } };
      return JSON.parse(outputs.answer.json);
    };
    expect(await answer(ask("hello there"))).toEqual({ text: "HELLO THERE!", words: 2 });
    expect(await answer(ask("hello", { params_json: { marks: "3" } }))).toEqual({ text: "HELLO!!!", words: 1 });
  });

  it("says what it takes and gives", async () => {
    const stub = new Stub(addressOf(await served(program, nodes())));
    const { schemas_json, ...described } = await stub.call("Describe", { pipeline: "Ask" });
    expect(described).toEqual({
      pipeline: "Ask",
      batch: true,
      encodings: ["cbor"],
      idempotent: true,
      max_request_bytes: 4_194_304,
      inputs: [{ name: "question", type: "text", type_json: '{"kind":"scalar","name":"text"}', optional: false }],
      outputs: [{ name: "answer", type: "Answer", type_json: '{"kind":"named","name":"Answer"}', optional: false }],
      params: [
        {
          name: "marks",
          type: "int in 0..3",
          type_json: '{"kind":"scalar","name":"int","min":0,"max":3}',
          required: false,
          default_json: "1",
        },
      ],
    });
    expect(JSON.parse(String(schemas_json))).toMatchObject({ Answer: { kind: "record" } });
    expect(await stub.call("Describe", { pipeline: "Mirror" })).toMatchObject({ batch: true, idempotent: false });
  });

  it("keeps a session for the next call with the same parameters", async () => {
    const stub = new Stub(addressOf(await served(program, nodes())));
    const which = async (marks: string): Promise<string> => {
      const request = ask("which session", { params_json: { marks } });
      const { outputs } = (await stub.call("Execute", request)) as { outputs: { answer: { json: string } } };
      return (JSON.parse(outputs.answer.json) as { text: string }).text;
    };
    const first = await which("1");
    expect(await which("1")).toBe(first);
    expect(await which("2")).not.toBe(first);
  });

  it("R11.2 names what is wrong with a call, by the status that gRPC has for it", async () => {
    const stub = new Stub(addressOf(await served(program, nodes())));
    const failing: readonly (readonly [object, number, RegExp, string])[] = [
      [{ pipeline: "Nobody" }, status.NOT_FOUND, /no pipeline `Nobody`.*Ask, Mirror/, "pipeline-not-found"],
      [
        { pipeline: "Shout", inputs: { line: { text: "a" } } },
        status.INVALID_ARGUMENT,
        /is a stream/,
        "invalid-argument",
      ],
      [{ pipeline: "Ask" }, status.INVALID_ARGUMENT, /`question` of `Ask` is missing/, "invalid-argument"],
      [
        ask("a", { inputs: { qestion: { text: "a" } } }),
        status.INVALID_ARGUMENT,
        /no input `qestion`/,
        "invalid-argument",
      ],
      [
        ask("a", { inputs: { question: { json: "{" } } }),
        status.INVALID_ARGUMENT,
        /`question` cannot be read/,
        "invalid-argument",
      ],
      [
        ask("a", { inputs: { question: { json: "7" } } }),
        status.INVALID_ARGUMENT,
        /`question` takes/,
        "invalid-argument",
      ],
      [
        ask("a", { params_json: { marks: "9" } }),
        status.INVALID_ARGUMENT,
        /`marks`.*int in 0\.\.3/,
        "invalid-argument",
      ],
      [ask("a", { params_json: { marks: "x" } }), status.INVALID_ARGUMENT, /`marks` is not JSON/, "invalid-argument"],
      [ask("break"), status.INTERNAL, /Reply.*out of memory/, "node-failed"],
    ];
    for (const [request, code, details, meshCode] of failing) {
      const failed = await statusOfCall(stub.call("Execute", request));
      expect(failed).toMatchObject({
        code,
        details: expect.stringMatching(details),
        metadata: { "mesh-code": meshCode },
      });
    }
    // None of that has harmed the peer.
    expect(await stub.call("Execute", ask("still there"))).toMatchObject({ outputs: {} });
  });

  it("takes payloads up to the limit of a message, and refuses larger ones by its status", async () => {
    const stub = new Stub(addressOf(await served(program, nodes())));
    const data = Buffer.alloc(3_000_000, 7);
    const { outputs } = (await stub.call("Execute", { pipeline: "Mirror", inputs: { data: { bytes: data } } })) as {
      outputs: { same: { bytes: Buffer } };
    };
    expect(outputs.same.bytes.equals(data)).toBe(true);
    const tooLarge = { pipeline: "Mirror", inputs: { data: { bytes: Buffer.alloc(4_200_000) } } };
    expect(await statusOfCall(stub.call("Execute", tooLarge))).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: expect.stringContaining("4194304"),
    });
  });

  it("ends the work of a caller that goes, and of one whose deadline has passed", async () => {
    const gone: AbortSignal[] = [];
    let begun: () => void = () => undefined;
    const stub = new Stub(
      addressOf(
        await served(
          program,
          nodes((_, signal) => {
            gone.push(signal);
            begun();
          }),
        ),
      ),
    );
    const leave = new AbortController();
    begun = () => leave.abort();
    const wait = { pipeline: "Wait", inputs: { question: { text: "never" } } };
    expect(await statusOfCall(stub.call("Execute", wait, { signal: leave.signal }))).toMatchObject({
      code: status.CANCELLED,
    });
    begun = () => undefined;
    expect(await statusOfCall(stub.call("Execute", wait, { deadlineMs: 200 }))).toMatchObject({
      code: status.DEADLINE_EXCEEDED,
    });
    await expect.poll(() => gone.map(({ aborted }) => aborted)).toEqual([true, true]);
  });

  it("refuses early, with when to come again, rather than let calls pile up", async () => {
    const stub = new Stub(addressOf(await served(program, nodes())));
    const leave = new AbortController();
    const wait = { pipeline: "Wait", inputs: { question: { text: "never" } } };
    // 16 are worked on, 64 wait.
    const calls = Array.from({ length: 80 }, () => statusOfCall(stub.call("Execute", wait, { signal: leave.signal })));
    const refused = await statusOfCall(stub.call("Execute", wait));
    expect(refused).toMatchObject({ code: status.RESOURCE_EXHAUSTED, metadata: { "mesh-code": "resource-exhausted" } });
    expect(Number(refused.metadata["grpc-retry-pushback-ms"])).toBeGreaterThan(0);
    // Another pipeline of the peer has places of its own.
    expect(await stub.call("Execute", ask("hello"))).toMatchObject({ outputs: {} });
    leave.abort();
    expect(new Set((await Promise.all(calls)).map(({ code }) => code))).toEqual(new Set([status.CANCELLED]));
  });
});
