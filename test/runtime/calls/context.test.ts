import * as grpc from "@grpc/grpc-js";
import { fileURLToPath } from "node:url";
import { workerNode } from "pipeline-mesh";
import { describe, expect, it } from "vitest";
import { readContext, traceParentFromBytes, traceParentToBytes } from "../../../runtime/interface/request-context.ts";
import { defineNode, type NodeDefinition } from "../../../runtime/interface/node.ts";
import type { Mesh } from "../../../runtime/mesh/launch.ts";
import { moduleOf } from "../../../runtime/platform/typescript.nodejs.ts";
import { collector, feed } from "../../support/pipeline-run.ts";
import { served, Stub } from "./support/served.ts";

const trace = (number: number): string => `00-${"0af7651916cd43dd8448eb211c8031"}${10 + number}-b7ad6b7169203331-01`;

/** A peer behind another one; each adds to what passes for whom it works. */
const far = `
batch node Tell {
  in text
  out text
  from "./x.ts"
}
node Say {
  in text
  out text
  from "./x.ts"
}
batch pipeline Ask {
  in question: text
  out answer: text
  question -> Tell() -> answer
}
pipeline Flow {
  in line: text
  out told: text
  line -> Say() -> told
}
peer far {
  runs Ask
  runs Flow
  listens "webrtc://127.0.0.1:0"
  listens "grpc://127.0.0.1:0"
}
`;

const near = (scheme: string, address: string): string => `
batch node Tell {
  in text
  out text
  from "./x.ts"
}
node Say {
  in text
  out text
  from "./x.ts"
}
batch interface Asking {
  in question: text
  out answer: text
}
interface Flowing {
  in line: text
  out told: text
}
batch pipeline Ask {
  in question: text
  out answer: text
  remote other: Asking { at "${scheme}://${address}/Ask" }
  question -> Tell() -> other -> answer
}
pipeline Flow {
  in line: text
  out told: text
  remote other: Flowing { at "${scheme}://${address}/Flow" }
  line -> Say() -> other -> told
}
peer near {
  runs Ask
  runs Flow
  listens "webrtc://127.0.0.1:0"
  listens "grpc://127.0.0.1:0"
}
`;

/** Puts behind what passes for whom it works: the session in which it began, and the trace. */
const telling = (peer: string): NodeDefinition =>
  defineNode({
    open: (_, { emit, session }) => ({
      process: ({ payload }) => {
        const { origin, traceParent, traceState } = session;
        const told = [origin, traceParent, traceState].filter((one) => one !== undefined);
        return emit("out", `${String(payload)} | ${peer}: ${told.join(" ")}`);
      },
    }),
  });

const nodesOf = (peer: string): Record<string, NodeDefinition> => ({ Tell: telling(peer), Say: telling(peer) });

const addressOf = (mesh: Mesh, scheme: string): string =>
  (mesh.peers[0]?.addresses.find((one) => one.startsWith(`${scheme}:`)) ?? "").replace(/^\w+:\/\//, "");

async function chain(scheme: string): Promise<Mesh> {
  const behind = await served(far, nodesOf("far"));
  return served(near(scheme, addressOf(behind, scheme)), nodesOf("near"));
}

describe.each(["grpc", "webrtc"] as const)("for whom a chain of peers works, the last reached by %s", (scheme) => {
  it("is what the metadata of a gRPC call says, of each call in turn", async () => {
    const stub = new Stub(addressOf(await chain(scheme), "grpc"));
    const ask = async (question: string, fields: Readonly<Record<string, string>>): Promise<string> => {
      const metadata = new grpc.Metadata();
      for (const [key, value] of Object.entries(fields)) metadata.set(key, value);
      const request = { pipeline: "Ask", inputs: { question: { text: question } } };
      const { outputs } = (await stub.call("Execute", request, { metadata })) as {
        outputs: { answer: { text: string } };
      };
      return outputs.answer.text;
    };
    const state = scheme === "grpc" ? " rojo=1" : "";
    // The first has opened the session that the others are asked in as well.
    const first = await ask("q1", { traceparent: trace(1), tracestate: "rojo=1", "mesh-session": "session-one" });
    expect(first).toBe(`q1 | near: session-one ${trace(1)} rojo=1 | far: session-one ${trace(1)} rojo=1`);
    const second = await ask("q2", { traceparent: trace(2), tracestate: "rojo=1", "mesh-session": "session-two" });
    expect(second).toBe(`q2 | near: session-two ${trace(2)} rojo=1 | far: session-two ${trace(2)}${state}`);
    // The same on behalf of nobody: what it began in is the session of the peer that was asked.
    const third = await ask("q3", {});
    expect(third).toMatch(/^q3 \| near: ([\w-]{22}) \| far: \1$/);
    const bad = await ask("q4", { traceparent: "00-0-0-00", "mesh-session": "short" });
    expect(bad).toMatch(/^q4 \| near: ([\w-]{22}) \| far: \1$/);
    const again = await ask("q5", { traceparent: trace(1), tracestate: "rojo=1", "mesh-session": "session-one" });
    expect(again).toBe(`q5 | near: session-one ${trace(1)} rojo=1 | far: session-one ${trace(1)} rojo=1`);
  });

  it("is what the headers of HTTP say, of a call, of a list and of a stream", async () => {
    const at = `http://${addressOf(await chain(scheme), "webrtc")}/v1/pipelines`;
    const post = async (path: string, body: object): Promise<string> => {
      const headers = { "content-type": "application/json", traceparent: trace(1), "mesh-session": "session-one" };
      const response = await fetch(`${at}/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
      return response.text();
    };
    const told = (what: string): string => `${what} | near: session-one ${trace(1)} | far: session-one ${trace(1)}`;
    expect(await post("Ask:execute", { inputs: { question: "q" } })).toContain(told("q"));
    expect(await post("Ask:execute", { items: [{ inputs: { question: "item" } }] })).toContain(told("item"));
    expect(await post("Flow:stream", { inputs: { line: ["l"] } })).toContain(told("l"));
  });

  it("is what opens a session says, and otherwise the session itself", async () => {
    const mesh = await chain(scheme);
    const lines = async (context?: object): Promise<readonly unknown[]> => {
      const told = collector();
      const type = { kind: "scalar", name: "text" } as const;
      const session = await mesh.open("Flow", {
        params: {},
        inputs: { line: type },
        outputs: { told: { type, link: told.link } },
        schemas: {},
        signal: new AbortController().signal,
        ...(context !== undefined && { context }),
      });
      await feed(session, "line", ["a", "b"]);
      await session.closed;
      return told.payloads;
    };
    expect(await lines({ origin: "session-one", traceParent: trace(1), traceState: "rojo=1" })).toEqual(
      ["a", "b"].map((line) => `${line} | near: session-one ${trace(1)} rojo=1 | far: session-one ${trace(1)} rojo=1`),
    );
    const [first] = await lines();
    expect(first).toMatch(/^a \| near: ([\w-]{22}) \| far: \1$/);
  });
});

describe("a node on a thread of its own", () => {
  it("knows for whom it works, of each call in turn", async () => {
    const file = fileURLToPath(new URL("../threads/fixtures/nodes.ts", import.meta.url));
    const Tell = workerNode(await moduleOf(file), "Telling");
    const stub = new Stub(addressOf(await served(far, { ...nodesOf("far"), Tell }), "grpc"));
    for (const number of [1, 2]) {
      const metadata = new grpc.Metadata();
      metadata.set("mesh-session", `session-${number}`);
      metadata.set("traceparent", trace(number));
      metadata.set("tracestate", "rojo=1");
      const response = await stub.call(
        "Execute",
        { pipeline: "Ask", inputs: { question: { text: "q" } } },
        { metadata },
      );
      expect(response).toMatchObject({ outputs: { answer: { text: `session-${number} ${trace(number)} rojo=1` } } });
    }
  });
});

describe("what a caller says of whom it asks for", () => {
  it("is taken where it is as the recommendation has it, and left out otherwise", () => {
    const parents: readonly [string, string | undefined][] = [
      [trace(1), trace(1)],
      // Of a later version the part that is known.
      [`cc${trace(1).slice(2)}-what-the-future-will-be-like`, trace(1)],
      [`cc${trace(1).slice(2)}.what`, undefined],
      [`${trace(1)}-more`, undefined],
      [trace(1).toUpperCase(), undefined],
      [`ff${trace(1).slice(2)}`, undefined],
      [`00-${"0".repeat(32)}-b7ad6b7169203331-01`, undefined],
      [`00-${"1".repeat(32)}-${"0".repeat(16)}-01`, undefined],
      ["", undefined],
      ["0".repeat(100_000), undefined],
    ];
    for (const [given, taken] of parents) expect(readContext({ traceParent: given }).traceParent, given).toBe(taken);
    expect(readContext({ traceState: "rojo=1" })).toEqual({});
    expect(readContext({ traceParent: trace(1), traceState: "x".repeat(513) })).toEqual({ traceParent: trace(1) });
    expect(readContext({ origin: "x".repeat(65) })).toEqual({});
    expect(readContext({ origin: "späße-und-anderes" })).toEqual({});
  });

  it("goes through the 26 bytes of a frame unchanged, and so does that there is none", () => {
    expect(traceParentFromBytes(traceParentToBytes(trace(3)))).toBe(trace(3));
    expect(traceParentFromBytes(traceParentToBytes(undefined))).toBeUndefined();
    expect(traceParentToBytes(trace(3))).toHaveLength(26);
  });
});
