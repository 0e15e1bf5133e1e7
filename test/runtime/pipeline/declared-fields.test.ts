import { describe, expect, it } from "vitest";
import type { FieldType, FlowType, Schemas } from "../../../runtime/interface/caps.ts";
import type { Frame, JsonValue } from "../../../runtime/interface/frame.ts";
import { cutAlong, cutBetween, knowsMore } from "../../../runtime/pipeline/declared-fields.ts";
import { feed, collector, depsOf, planOf } from "../../support/pipeline-run.ts";
import { pipelineEndpoint } from "../../../runtime/pipeline/endpoint.ts";
import { defineNode } from "../../../runtime/interface/node.ts";

const text: FlowType = { kind: "scalar", name: "text" };
const named = (name: string): FlowType => ({ kind: "named", name });
const field = (name: string, type: FlowType, optional = false): FieldType => ({ name, type, optional });
const record = (...fields: readonly FieldType[]) => ({ kind: "record", fields }) as const;

const schemas: Schemas = {
  Less: record(field("a", text)),
  Asks: record(field("a", text), field("x", { kind: "optional", element: text }, true)),
  Outer: record(field("inner", named("Less"))),
  OuterAsks: record(field("inner", named("Asks"))),
  Loop: record(field("next", { kind: "optional", element: named("Loop") }, true)),
  Kind: { kind: "enum", values: ["en"] },
};
const scopes = { producer: schemas, consumer: schemas };
const frame = (payload: JsonValue): Frame => ({ timestampUs: 1, seq: 2, epoch: 3, flags: 4, payload });

describe("a consumer that may read what its producer does not declare", () => {
  it.each<[boolean, FlowType, FlowType]>([
    [true, named("Less"), named("Asks")],
    [false, named("Asks"), named("Less")],
    [false, named("Less"), named("Less")],
    [true, named("Outer"), named("OuterAsks")],
    [true, { kind: "list", element: named("Less") }, { kind: "list", element: named("Asks") }],
    [true, named("Less"), { kind: "scalar", name: "json" }],
    [false, { kind: "list", element: text }, { kind: "scalar", name: "json" }],
    [false, named("Kind"), text],
    [false, named("Loop"), named("Loop")],
  ])("%s: %j to %j", (more, producer, consumer) => {
    expect(knowsMore(producer, consumer, scopes)).toBe(more);
  });

  it("gets records with what is declared and nothing else, the frame being the same otherwise", () => {
    const cut = cutBetween(named("Outer"), named("OuterAsks"), scopes);
    const given = { inner: { a: "1", x: 5 }, more: true };
    expect(cut?.(frame(given))).toEqual(frame({ inner: { a: "1" } }));
    expect(given).toEqual({ inner: { a: "1", x: 5 }, more: true });
  });

  it("is found at every port on the way", () => {
    expect(cutAlong([named("Less"), named("Less")], schemas)).toBeUndefined();
    const cut = cutAlong([named("Asks"), named("Less"), named("Asks")], schemas);
    expect(cut?.(frame({ a: "1", x: "2" })).payload).toEqual({ a: "1" });
  });
});

describe("a session", () => {
  it("takes from a record what the ports on its way do not declare, inside and at both ends", async () => {
    const plan = planOf(`
record Full { a: text, x: int }
record Less { a: text }
record Asks { a: text, x: text? }
node Pass { in Less
 out Less }
node Check { in Asks
 out Asks }
pipeline Inner { in a: Less
 out b: Less
 a -> Pass() -> b }
pipeline P { in a: Full
 out b: Asks
 let inner = Inner()
 a -> inner -> Check() -> b }`);
    const seen: unknown[] = [];
    const pass = (note: (payload: unknown) => void) =>
      defineNode({
        sync: true,
        open: () => ({
          map(payload) {
            note(payload);
            return payload;
          },
        }),
      });
    const deps = depsOf({ Pass: pass(() => undefined), Check: pass((payload) => seen.push(payload)) });
    const out = collector();
    const session = await pipelineEndpoint(plan, "P", deps).open({
      params: {},
      inputs: { a: named("Full") },
      outputs: { b: { type: named("Asks"), link: out.link } },
      schemas: plan.schemas,
      signal: new AbortController().signal,
    });
    await feed(session, "a", [{ a: "1", x: 5 }]);
    expect((await session.closed).error).toBeUndefined();
    expect(seen).toEqual([{ a: "1" }]);
    expect(out.payloads).toEqual([{ a: "1" }]);
  });

  it("is gone before a session looks at what its caller sends", async () => {
    const plan = planOf(`
record Given { a: text }
record Asked { a: text, x: size in 1KiB.. = 1KiB }
pipeline P { in a: Asked
 out b: Asked
 a -> b }`);
    const out = collector();
    const session = await pipelineEndpoint(plan, "P", depsOf({})).open({
      params: {},
      inputs: { a: named("Given") },
      outputs: { b: { type: named("Asked"), link: out.link } },
      schemas: {
        ...plan.schemas,
        Given: { kind: "record", fields: [{ name: "a", type: { kind: "scalar", name: "text" }, optional: false }] },
      },
      signal: new AbortController().signal,
    });
    await feed(session, "a", [{ a: "1", x: ["none of theirs"] }]);
    expect((await session.closed).error).toBeUndefined();
    expect(out.payloads).toEqual([{ a: "1" }]);
  });
});
