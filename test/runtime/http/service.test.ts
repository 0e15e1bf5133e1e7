import { describe, expect, it } from "vitest";
import { httpLimits } from "../../../runtime/http/limits.ts";
import { errorCodes, httpStatuses, MeshError, type ErrorCode } from "../../../runtime/interface/errors.ts";
import { problemResponse } from "../../../runtime/http/problem.ts";
import { virtualClock } from "../../../runtime/testing/virtual-clock.ts";
import { planOf } from "../../support/pipeline-run.ts";
import { called, collected, eventsOf, jsonOf, request } from "./support/called.ts";
import { nodes, program } from "./support/program.ts";

const plan = planOf(program);

const ask = (body: unknown, more: object = {}) => request("POST", "/v1/pipelines/Ask:execute", { body, ...more });

describe("a batch pipeline that is asked over HTTP", () => {
  it("answers, with parameters and with their defaults; bytes in records are base64", async () => {
    const { service } = called(plan, nodes());
    const answer = await service.answer(ask({ inputs: { question: "hello there" } }));
    expect(answer).toMatchObject({ status: 200, headers: { "content-type": "application/json" } });
    expect(jsonOf(answer)).toEqual({ outputs: { answer: { text: "HELLO THERE!", words: 2, proof: "AQI=" } } });
    const loud = await service.answer(ask({ inputs: { question: "hello" }, params: { marks: 3 } }));
    expect(jsonOf(loud)).toMatchObject({ outputs: { answer: { text: "HELLO!!!" } } });
  });

  it("answers a list item by item: what fails says why, and the others have their values, in order", async () => {
    const { service } = called(plan, nodes());
    const items = [
      { inputs: { question: "one" } },
      { inputs: { question: 2 } },
      { inputs: { query: "three" } },
      {},
      "five",
      { inputs: { question: "six" } },
    ];
    const answer = await service.answer(ask({ items, params: { marks: 2 } }));
    expect(answer.status).toBe(200);
    const bad = (detail: string) => ({ problem: { status: 400, code: "invalid-argument", detail } });
    expect(jsonOf(answer)).toMatchObject({
      items: [
        { outputs: { answer: { text: "ONE!!" } } },
        bad("`question` takes text: its value is not a text."),
        bad("`Ask` has no input `query`; its inputs are `question`."),
        bad("Input `question` of `Ask` is missing."),
        bad("Item 4 is not a JSON object."),
        { outputs: { answer: { text: "SIX!!" } } },
      ],
    });
    const many = Array.from({ length: 200 }, (_, index) => ({ inputs: { question: `q${index}` } }));
    const all = jsonOf(await service.answer(ask({ items: many }))) as { items: { outputs: { answer: object } }[] };
    expect(all.items.map(({ outputs }) => outputs.answer)).toMatchObject(
      many.map((_, index) => ({ text: `Q${index}!` })),
    );
    expect(jsonOf(await service.answer(ask({ items: [] })))).toEqual({ items: [] });
    for (const body of [{ items: {} }, { items: [], inputs: {} }]) {
      expect(await service.answer(ask(body))).toMatchObject({ status: 400 });
    }
    const tooMany = await service.answer(ask({ items: Array.from({ length: 1_025 }, () => ({})) }));
    expect(jsonOf(tooMany)).toMatchObject({ status: 400, detail: "A request has 1024 items at most, not 1025." });
  });

  it("takes and gives bytes as base64", async () => {
    const { service } = called(plan, nodes());
    const body = { inputs: { data: Buffer.from([0, 255, 7]).toString("base64") } };
    const answer = await service.answer(request("POST", "/v1/pipelines/Mirror:execute", { body }));
    expect(jsonOf(answer)).toEqual({ outputs: { same: "AP8H" } });
  });

  it.each<[string, unknown, RegExp]>([
    ["that is no JSON", "{", /not JSON/],
    ["that is no object", "[]", /not a JSON object/],
    ["that is deeper than may be", `{"inputs":${"[".repeat(100)}${"]".repeat(100)}}`, /deeper than 64/],
    ["with a member that is not known", { input: {} }, /member `input`.*`inputs`, `params`/],
    ["with inputs that are no object", { inputs: ["x"] }, /`inputs` is not a JSON object/],
    ["without an input", { inputs: {} }, /Input `question` of `Ask` is missing/],
    ["with an input that there is not", { inputs: { query: "x" } }, /no input `query`; its inputs are `question`/],
    ["with a value of another type", { inputs: { question: 7 } }, /`question` takes text: its value is not a text/],
    ["with a parameter out of its range", { inputs: { question: "x" }, params: { marks: 9 } }, /marks/],
    ["with a parameter that there is not", { inputs: { question: "x" }, params: { mark: 1 } }, /mark/],
  ])("refuses a body %s", async (_, body, detail) => {
    const { service } = called(plan, nodes());
    const answer = await service.answer(ask(body));
    expect(answer).toMatchObject({ status: 400, headers: { "content-type": "application/problem+json" } });
    expect(jsonOf(answer)).toMatchObject({
      title: "Bad Request",
      status: 400,
      code: "invalid-argument",
      detail: expect.stringMatching(detail),
    });
  });

  it("refuses what is not base64, and samples that are cut short", async () => {
    const { service } = called(plan, nodes());
    const body = { inputs: { data: "not base64" } };
    const answer = await service.answer(request("POST", "/v1/pipelines/Mirror:execute", { body }));
    expect(jsonOf(answer)["detail"]).toBe("`data` takes bytes: its value is not base64.");
    const cut = { inputs: { sound: ["AAAA", "AA=="] } };
    const stream = await service.answer(request("POST", "/v1/pipelines/Quieter:stream", { body: cut }));
    expect((await collected(eventsOf(stream.body))).at(-1)).toMatchObject({
      event: "error",
      id: undefined,
      data: { code: "invalid-argument", detail: expect.stringContaining("cut short") },
    });
  });

  it("says what failed in a node, without its stack", async () => {
    const { service } = called(plan, nodes());
    const answer = await service.answer(ask({ inputs: { question: "break" } }));
    expect(answer.status).toBe(500);
    expect(jsonOf(answer)).toMatchObject({ code: "node-failed", detail: expect.stringContaining("out of memory") });
    expect(answer.body).not.toContain("program.ts");
  });

  it("refuses early what is too much, and says when to come again", async () => {
    let begun: () => void = () => undefined;
    const isBegun = new Promise<void>((resolve) => (begun = resolve));
    const { service } = called(plan, nodes(begun), undefined, { concurrent: 1, queued: 0 });
    const gone = new AbortController();
    const body = { inputs: { question: "for ever" } };
    const wait = () => service.answer(request("POST", "/v1/pipelines/Wait:execute", { body, signal: gone.signal }));
    const first = wait();
    await isBegun;
    const second = await wait();
    expect(second).toMatchObject({ status: 429, headers: { "retry-after": "1" } });
    expect(jsonOf(second)).toMatchObject({ code: "resource-exhausted", retryAfterMs: 10 });
    gone.abort(new MeshError("cancelled", "The client has gone."));
    expect((await first).status).toBe(499);
  });

  it("refuses a body above 4 MiB, declared or not", async () => {
    const { service } = called(plan, nodes());
    const declared = await service.answer(
      ask("{}", { headers: { "content-type": "application/json", "content-length": String(5 * 1024 * 1024) } }),
    );
    expect(declared.status).toBe(413);
    const large = await service.answer(ask({ inputs: { question: "x".repeat(httpLimits.bodyBytes) } }));
    expect(large.status).toBe(413);
    expect(jsonOf(large)).toMatchObject({
      title: "Content Too Large",
      code: "resource-exhausted",
      detail: expect.stringContaining("4194304 bytes"),
    });
  });

  it("gives up a body that does not come", async () => {
    const clock = virtualClock();
    const { service } = called(plan, nodes(), clock);
    const chunks = (async function* () {
      yield "{";
      await new Promise(() => undefined);
    })();
    const answered = service.answer(ask(undefined, { chunks, headers: { "content-type": "application/json" } }));
    await clock.advanceAsync(httpLimits.bodyMs);
    expect(await answered).toMatchObject({ status: 408 });
  });
});

describe("where requests go", () => {
  const { service } = called(plan, nodes());

  it.each<[string, string, number, object]>([
    [
      "GET",
      "/v1/pipelines/Nobody",
      404,
      { code: "pipeline-not-found", detail: expect.stringContaining("Ask, Mirror") },
    ],
    ["GET", "/v1/pipelines/Nobody:execute", 404, { code: "pipeline-not-found" }],
    ["GET", "/v1/pipelines/%ZZ", 404, { detail: "There is nothing at /v1/pipelines/%ZZ." }],
    ["GET", "/v1/other", 404, { hint: expect.stringContaining("/openapi.json") }],
    ["POST", "/v1/pipelines/Ask:cancel", 404, { code: "invalid-argument" }],
    ["POST", "/v1/pipelines/Ask:execute", 415, { title: "Unsupported Media Type" }],
    ["POST", "/v1/pipelines/Shout:execute", 415, {}],
  ])("%s %s gives %i", async (method, path, status, problem) => {
    const answer = await service.answer(request(method, path, { headers: { "content-type": "text/plain" } }));
    expect(answer.status).toBe(status);
    expect(jsonOf(answer)).toMatchObject({ status, ...problem });
  });

  it.each([
    ["GET", "/v1/pipelines/Ask:execute", "POST, OPTIONS"],
    ["PUT", "/v1/pipelines/Ask:stream", "POST, OPTIONS"],
    ["DELETE", "/v1/pipelines", "GET, HEAD, OPTIONS"],
    ["POST", "/openapi.json", "GET, HEAD, OPTIONS"],
  ])("%s %s is not allowed, and what is stands there", async (method, path, allow) => {
    const answer = await service.answer(request(method, path));
    expect(answer).toMatchObject({ status: 405, headers: { allow } });
    expect(jsonOf(answer)).toMatchObject({ title: "Method Not Allowed", code: "invalid-argument" });
    expect(await service.answer(request("OPTIONS", path))).toMatchObject({ status: 204, headers: { allow }, body: "" });
  });

  it("a stream cannot be executed, and says where it is asked", async () => {
    const answer = await service.answer(request("POST", "/v1/pipelines/Shout:execute", { body: {} }));
    expect(jsonOf(answer)).toMatchObject({ status: 400, hint: "POST it to /v1/pipelines/Shout:stream." });
  });

  it("pages of origins that are not allowed get nothing, neither an answer nor leave to read it", async () => {
    const headers = { origin: "https://evil.example" };
    for (const method of ["GET", "POST", "OPTIONS"]) {
      const answer = await service.answer(request(method, "/v1/pipelines", { headers, isOriginAllowed: false }));
      expect(answer.status).toBe(403);
      expect(answer.headers).toMatchObject({ vary: "Origin" });
      expect(Object.keys(answer.headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
      expect(jsonOf(answer)).toMatchObject({ code: "access-denied" });
    }
  });

  it("pages of allowed origins may read the answer, failures too, and ask before", async () => {
    const origin = "http://localhost:5173";
    const answer = await service.answer(request("GET", "/v1/nothing", { headers: { origin } }));
    expect(answer.headers).toMatchObject({ "access-control-allow-origin": origin, vary: "Origin" });
    const preflight = await service.answer(
      request("OPTIONS", "/v1/pipelines/Ask:execute", {
        headers: {
          origin,
          "access-control-request-method": "POST",
          "access-control-request-headers": "content-type",
          "access-control-request-private-network": "true",
        },
      }),
    );
    expect(preflight).toMatchObject({
      status: 204,
      headers: {
        "access-control-allow-origin": origin,
        "access-control-allow-methods": "POST, OPTIONS",
        "access-control-allow-headers": expect.stringContaining("content-type"),
        "access-control-allow-private-network": "true",
      },
    });
  });

  it("no more requests at once than there is room for", async () => {
    const { service: full } = called(plan, nodes());
    const never = request("POST", "/v1/pipelines/Ask:execute", {
      headers: { "content-type": "application/json" },
      chunks: (async function* () {
        await new Promise(() => undefined);
        yield "";
      })(),
    });
    for (let count = 0; count < httpLimits.requests; count += 1)
      void full.answer({ ...never, signal: new AbortController().signal });
    expect(await full.answer(request("GET", "/v1/pipelines"))).toMatchObject({
      status: 429,
      headers: { "retry-after": "1" },
    });
  });
});

describe("statuses of HTTP", () => {
  it("are there for every code, and agree with those of gRPC", () => {
    // The mapping of google.rpc.Code; FAILED_PRECONDITION and INTERNAL stand for what differs in HTTP.
    const byGrpc: Readonly<Record<number, readonly number[]>> = {
      1: [499],
      3: [400],
      4: [504],
      5: [404],
      7: [403],
      8: [429],
      9: [400, 500],
      10: [409],
      12: [501],
      13: [500],
      14: [503],
    };
    expect(Object.keys(httpStatuses).toSorted()).toEqual(Object.keys(errorCodes).toSorted());
    for (const [code, { grpc }] of Object.entries(errorCodes)) {
      expect(byGrpc[grpc], code).toContain(httpStatuses[code as ErrorCode]);
      const { status, body } = problemResponse(new MeshError(code as ErrorCode, "why"));
      expect(JSON.parse(String(body))).toMatchObject({ status, code, title: expect.not.stringMatching(/^Error$/) });
    }
  });
});
