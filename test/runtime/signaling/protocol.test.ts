import { fc } from "./property.ts";
import { describe, expect, test } from "vitest";
import { jsonDepth, parseSignal, rpcCodes } from "../../../runtime/signaling/protocol.ts";

const call = (method: string, params?: unknown, id?: unknown) => JSON.stringify({ jsonrpc: "2.0", id, method, params });
const failure = (data: unknown) =>
  parseSignal(JSON.stringify({ jsonrpc: "2.0", id: null, error: { code: -32000, message: "m", data } }));

describe("reading signaling messages", () => {
  test("reads each method, as a request and as a notification", () => {
    expect(parseSignal(call("hello", { versions: [1], pipeline: "P" }, 1))).toEqual({
      kind: "call",
      method: "hello",
      id: 1,
      params: { versions: [1], pipeline: "P" },
    });
    expect(parseSignal(call("offer", { sdp: "v=0" }, "a"))).toMatchObject({ kind: "call", method: "offer", id: "a" });
    expect(parseSignal(call("bye"))).toEqual({ kind: "call", method: "bye", id: undefined, params: {} });
    const candidate = { candidate: "candidate:1", sdpMid: "0", sdpMLineIndex: null };
    expect(parseSignal(call("candidate", { candidate }))).toMatchObject({ id: undefined, params: { candidate } });
    expect(parseSignal(call("candidate", { candidate: null }))).toMatchObject({ params: { candidate: null } });
  });

  test("ignores members it does not know", () => {
    const params = { versions: [1], pipeline: "P", future: { deep: [1] } };
    const text = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "hello", params, extra: true });
    expect(parseSignal(text)).toMatchObject({ kind: "call", params: { versions: [1], pipeline: "P" } });
  });

  test("reads results and errors, with data of ours or of somebody else", () => {
    expect(parseSignal('{"jsonrpc":"2.0","id":2,"result":{"sdp":"x"}}')).toEqual({
      kind: "result",
      id: 2,
      result: { sdp: "x" },
    });
    expect(failure({ code: "pipeline-not-found", pipelines: ["A"] })).toMatchObject({
      kind: "error",
      id: null,
      error: { data: { code: "pipeline-not-found", pipelines: ["A"] } },
    });
    expect(failure("text")).toMatchObject({ kind: "error", error: { data: undefined } });
  });

  test.for([
    ["{", rpcCodes.parseError, null],
    ["[]", rpcCodes.invalidRequest, null],
    ["1", rpcCodes.invalidRequest, null],
    ["null", rpcCodes.invalidRequest, null],
    ['{"id":1,"method":"hello"}', rpcCodes.invalidRequest, null],
    ['{"jsonrpc":"2.0","id":{},"method":"hello"}', rpcCodes.invalidRequest, null],
    [call("no-such", {}, 4), rpcCodes.methodNotFound, 4],
    [call("toString", {}, 4), rpcCodes.methodNotFound, 4],
    [call("hello", {}, 5), rpcCodes.invalidParams, 5],
    [call("hello", { versions: [1], pipeline: "" }, 5), rpcCodes.invalidParams, 5],
    [call("offer", { sdp: "x".repeat(49 * 1024) }, 6), rpcCodes.invalidParams, 6],
    [call("hello", "x".repeat(65 * 1024), 7), rpcCodes.invalidRequest, null],
    [`${"[".repeat(17)}${"]".repeat(17)}`, rpcCodes.invalidRequest, null],
  ] as const)("answers %s with its code", ([text, code, id]) => {
    expect(parseSignal(text)).toMatchObject({ kind: "unacceptable", reply: { id, error: { code } } });
  });

  test("answers no notification", () => {
    expect(parseSignal(call("no-such", {}))).toMatchObject({ kind: "unacceptable", reply: undefined });
  });

  test("measures depth outside strings", () => {
    expect(jsonDepth('{"a":[{"b":"[[[[\\"]]"}]}')).toBe(3);
    expect(jsonDepth("1")).toBe(0);
    expect(parseSignal(`${"[".repeat(16)}${"]".repeat(16)}`)).toMatchObject({
      why: expect.stringContaining("batches"),
    });
  });

  test("never throws, whatever comes", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.jsonValue().map((value) => call("hello", value, 1)),
        ),
        (text) => {
          expect(["call", "result", "error", "unacceptable"]).toContain(parseSignal(text).kind);
        },
      ),
    );
  });
});
