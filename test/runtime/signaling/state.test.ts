import { describe, expect, test } from "vitest";
import { MeshError } from "../../../runtime/interface/errors.ts";
import { parseSignal } from "../../../runtime/signaling/protocol.ts";
import {
  calleeStart,
  calleeStep,
  type CalleeContext,
  type CalleeEffect,
  type CalleeState,
} from "../../../runtime/signaling/state.ts";
import { fc } from "./property.ts";

const message = (value: object) => ({
  on: "message" as const,
  message: parseSignal(JSON.stringify({ jsonrpc: "2.0", ...value })),
});
const hello = (params: object = {}) =>
  message({ id: 1, method: "hello", params: { versions: [1], pipeline: "A", ...params } });
const offer = (sdp = "v=0") => message({ id: 2, method: "offer", params: { sdp } });
const candidate = (text = "candidate:1") =>
  message({ method: "candidate", params: { candidate: { candidate: text } } });
const bye = message({ method: "bye" });
const answer = { on: "answer", sdp: "answer" } as const;
const connected = { on: "connected" } as const;

function run(
  events: readonly Parameters<typeof calleeStep>[1][],
  context: CalleeContext = { pipelines: ["A", "B"], share: false },
): { state: CalleeState; effects: CalleeEffect[] } {
  let state = calleeStart;
  const effects: CalleeEffect[] = [];
  for (const event of events) {
    const step = calleeStep(state, event, context);
    state = step.next;
    effects.push(...step.effects);
  }
  return { state, effects };
}

const kinds = (effects: readonly CalleeEffect[]) => effects.map((effect) => effect.do);
const sent = (effects: readonly CalleeEffect[]) =>
  effects.flatMap((effect) => (effect.do === "send" ? [effect.message] : []));

describe("a call, seen from the callee", () => {
  test("goes from hello over offer and answer to bye", () => {
    const { state, effects } = run([hello(), candidate(), offer(), candidate(), answer, candidate(), connected, bye]);
    expect(state.phase).toBe("ended");
    expect(kinds(effects)).toEqual(["greeted", "send", "candidate", "offer", "candidate", "send", "candidate", "end"]);
    expect(sent(effects)).toEqual([
      { jsonrpc: "2.0", id: 1, result: { version: 1, pipeline: "A" } },
      { jsonrpc: "2.0", id: 2, result: { sdp: "answer" } },
    ]);
    expect(effects.at(-1)).toEqual({ do: "end", error: undefined });
  });

  test("keeps the call of a caller that has left until it has the connection too, or can say why not", () => {
    const left = [hello(), offer(), answer, bye];
    expect(run(left)).toMatchObject({ state: { phase: "leaving" }, effects: [{}, {}, {}, {}, { do: "left" }] });
    expect(run([...left, candidate(), offer(), bye]).effects).toHaveLength(5);
    expect(run([...left, connected]).effects.at(-1)).toEqual({ do: "end", error: undefined });
    const error = new MeshError("deadline-exceeded", "No channel was open.");
    expect(run([...left, { on: "refuse", error }]).effects.at(-1)).toEqual({ do: "end", error });
  });

  test("agrees on a version among those offered", () => {
    expect(sent(run([hello({ versions: [7, 1] })]).effects)).toMatchObject([{ result: { version: 1 } }]);
    const { state, effects } = run([hello({ versions: [7, 8] })]);
    expect(state.phase).toBe("ended");
    expect(sent(effects)).toMatchObject([{ id: 1, error: { data: { code: "version-mismatch" } } }]);
  });

  test("says which of the connections that a caller names it has dialled, where both share", () => {
    const bonds = [
      { own: "sha-256 aa", other: "sha-256 bb" },
      { own: "sha-256 aa", other: "sha-256 cc" },
    ];
    const vouch = (named: readonly { readonly other: string }[]): number =>
      named.findIndex(({ other }) => other === "sha-256 cc");
    const context = { pipelines: ["A"], share: true, vouch };
    expect(sent(run([hello({ share: true, bonds })], context).effects)).toMatchObject([{ result: { over: 1 } }]);
    for (const params of [{ share: true }, { bonds }, { share: true, bonds: [] }]) {
      const [message] = sent(run([hello(params)], context).effects);
      expect(message).not.toHaveProperty("result.over");
    }
    const many = Array.from({ length: 17 }, () => bonds[0]);
    expect(sent(run([hello({ share: true, bonds: many })], context).effects)).toMatchObject([
      { error: { code: -32602 } },
    ]);
  });

  test("tells who tells its own how large messages may be (R4.3)", () => {
    const context = { pipelines: ["A"], share: false, messageBytes: 65_536 };
    expect(sent(run([hello({ messageBytes: 20_000 })], context).effects)).toMatchObject([
      { result: { messageBytes: 65_536 } },
    ]);
    expect(run([hello({ messageBytes: 20_000 }), offer()], context).effects.at(-1)).toMatchObject({
      do: "offer",
      messageBytes: 20_000,
    });
    expect(sent(run([hello()], context).effects)).toEqual([
      { jsonrpc: "2.0", id: 1, result: { version: 1, pipeline: "A" } },
    ]);
    expect(sent(run([hello({ messageBytes: 0 })], context).effects)).toMatchObject([{ error: { code: -32602 } }]);
  });

  test("tells who confirms what comes that it does so too (R4.3)", () => {
    const context = { pipelines: ["A"], share: false, confirms: true };
    expect(sent(run([hello({ confirms: true })], context).effects)).toMatchObject([{ result: { confirms: true } }]);
    expect(run([hello({ confirms: true }), offer()], context).effects.at(-1)).toMatchObject({ confirms: true });
    expect(run([hello(), offer()], context).effects.at(-1)).toMatchObject({ confirms: false });
    expect(sent(run([hello()], context).effects)).toEqual([
      { jsonrpc: "2.0", id: 1, result: { version: 1, pipeline: "A" } },
    ]);
    const other = { ...context, confirms: false };
    expect(sent(run([hello({ confirms: true })], other).effects)).toEqual([
      { jsonrpc: "2.0", id: 1, result: { version: 1, pipeline: "A" } },
    ]);
    expect(sent(run([hello({ confirms: "yes" })], context).effects)).toMatchObject([{ error: { code: -32602 } }]);
  });

  test("tells who names the machine that it is on what is sent there, and nobody else (R4.3)", () => {
    const context = { pipelines: ["A"], share: false, machine: () => ({ name: "m1", packetBytes: 4_096 }) };
    const same = { machine: { name: "m1", packetBytes: 9_000 } };
    expect(sent(run([hello(same)], context).effects)).toMatchObject([{ result: { machine: { packetBytes: 4_096 } } }]);
    expect(run([hello(same), offer()], context).effects.at(-1)).toMatchObject({ sameMachine: { packetBytes: 9_000 } });
    const quiet = { ...context, machine: () => ({ name: "m1" }) };
    expect(sent(run([hello({ machine: { name: "m1" } })], quiet).effects)).toEqual([
      { jsonrpc: "2.0", id: 1, result: { version: 1, pipeline: "A", machine: {} } },
    ]);
    const silent = [
      run([hello({ machine: { name: "m2" } })], context),
      run([hello()], context),
      run([hello(same)], { ...context, machine: () => undefined }),
      run([hello()], { ...context, machine: () => undefined }),
    ];
    for (const { effects } of silent) {
      expect(sent(effects)).toEqual([{ jsonrpc: "2.0", id: 1, result: { version: 1, pipeline: "A" } }]);
    }
    expect(run([hello(), offer()], context).effects.at(-1)).toMatchObject({ sameMachine: undefined });
    for (const machine of ["m1", {}, { name: "" }, { name: "m".repeat(129) }, { name: "m1", packetBytes: 16_385 }]) {
      expect(sent(run([hello({ machine })], context).effects)).toMatchObject([{ error: { code: -32602 } }]);
    }
  });

  test("names up to 20 pipelines when there is none of the name", () => {
    const names = Array.from({ length: 25 }, (_, index) => `P${index}`);
    const { effects } = run([hello({ pipeline: "C" })], { pipelines: names, share: false });
    expect(sent(effects)).toMatchObject([
      { error: { code: -32000, data: { code: "pipeline-not-found", pipelines: names.slice(0, 20) } } },
    ]);
    expect(effects.at(-1)).toMatchObject({ do: "end", error: { code: "pipeline-not-found" } });
  });

  test("lets every name through where the names are not known", () => {
    expect(run([hello({ pipeline: "C" })], { pipelines: undefined, share: false }).state.phase).toBe("greeted");
  });

  test("answers what it does not know and goes on", () => {
    const { state, effects } = run([message({ id: 9, method: "sing" }), hello()]);
    expect(sent(effects)[0]).toMatchObject({ id: 9, error: { code: -32601 } });
    expect(state.phase).toBe("greeted");
  });

  test.for([
    ["an offer before hello", [offer()]],
    ["a candidate before hello", [candidate()]],
    ["hello twice", [hello(), hello()]],
    ["an offer twice", [hello(), offer(), offer()]],
    ["hello without an id", [message({ method: "hello", params: { versions: [1], pipeline: "A" } })]],
    ["65 candidates", [hello(), ...Array.from({ length: 65 }, () => candidate())]],
    ["an offer with 65 candidates", [hello(), offer("a=candidate:1\n".repeat(65))]],
  ] as const)("ends at %s", ([, events]) => {
    const { state, effects } = run(events);
    expect(state.phase).toBe("ended");
    expect(effects.at(-1)).toMatchObject({ do: "end", error: { code: "protocol-violation" } });
  });

  test("tells a refusal of the offer with its code", () => {
    const refuse = { on: "refuse", error: new MeshError("resource-exhausted", "Full.") } as const;
    const { effects } = run([hello(), offer(), refuse]);
    expect(sent(effects).at(-1)).toMatchObject({
      id: 2,
      error: { message: "Full", data: { code: "resource-exhausted" } },
    });
    expect(kinds(effects).at(-1)).toBe("end");
  });

  test("does nothing more once it has ended, and offers at most once, whatever comes", () => {
    const event = fc.constantFrom(
      hello(),
      offer(),
      candidate(),
      bye,
      answer,
      connected,
      message({ id: 3, method: "x" }),
      hello({ pipeline: "?" }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 12 }), (events) => {
        const { effects } = run(events);
        const end = kinds(effects).indexOf("end");
        expect(end === -1 || end === effects.length - 1).toBe(true);
        expect(kinds(effects).filter((kind) => kind === "offer").length).toBeLessThanOrEqual(1);
      }),
    );
  });
});
