import { describe, expect, it } from "vitest";
import { defineNode, type NodeDefinition } from "../../../runtime/interface/node.ts";
import type { Mesh } from "../../../runtime/mesh/launch.ts";
import { collector, feed } from "../../support/pipeline-run.ts";
import { addressOf, served } from "./support/served.ts";

const text = { kind: "scalar", name: "text" } as const;

const server = `
batch node Work {
  idempotent
  in text
  out text
  from "./x.ts"
}
batch pipeline Ask {
  in question: text
  out answer: text
  question -> Work() -> answer
}
peer server {
  runs Ask
  listens "grpc://127.0.0.1:0"
}
`;

const client = (first: string, second: string): string => `
batch interface Asking {
  idempotent
  in question: text
  out answer: text
}
pipeline Client {
  in question: text
  out answer: text
  remote one: Asking { at "grpc://${first}/Ask" }
  remote other: Asking { at "grpc://${second}/Ask" }
  question -> first(stagger: auto) [one, other] -> answer
}
`;

/** Answers after its name; `slow`, told to wait, does so until nobody wants its answer. */
function answering(name: string, told: (what: string) => void = () => undefined): Record<string, NodeDefinition> {
  return {
    Work: defineNode({
      open: (_, { signal }) => ({
        process: async ({ payload }, _port, work) => {
          told(`asked ${String(payload)}`);
          if (name !== "slow" || payload !== "wait") return `${name}: ${String(payload)}`;
          await new Promise<void>((resolve) => {
            for (const one of [signal, work.signal]) one.addEventListener("abort", () => resolve(), { once: true });
          });
          told("given up");
          return undefined;
        },
      }),
    }),
  };
}

async function ask(mesh: Mesh, questions: readonly string[]) {
  const answer = collector();
  const session = await mesh.open("Client", {
    params: {},
    inputs: { question: text },
    outputs: { answer: { type: text, link: answer.link } },
    schemas: {},
    signal: new AbortController().signal,
  });
  await feed(session, "question", questions).catch(() => undefined);
  const { error } = await session.closed;
  return { answers: answer.payloads, error };
}

describe("`first` of two peers over gRPC", () => {
  it("R11.2 asks the other one when the first takes long, and the first is told that nobody wants its answer", async () => {
    const told: string[] = [];
    let isGivenUp: () => void = () => undefined;
    const givenUp = new Promise<void>((resolve) => (isGivenUp = resolve));
    const slow = await served(
      server,
      answering("slow", (what) => {
        told.push(what);
        if (what === "given up") isGivenUp();
      }),
    );
    const quick = await served(server, answering("quick"));
    const near = await served(client(addressOf(slow), addressOf(quick)), {});
    const { answers, error } = await ask(near, ["a", "wait", "b", "c"]);
    expect(error).toBeUndefined();
    // What comes after the question that was taken back is answered by its own.
    expect(answers).toEqual(["slow: a", "quick: wait", "slow: b", "slow: c"]);
    await givenUp;
    expect(told.filter((what) => what !== "given up")).toEqual(["asked a", "asked wait", "asked b", "asked c"]);
  });

  it("goes on with the other one when one is not there, or goes; and fails when none is left", async () => {
    const gone = await served(server, answering("gone"));
    const nowhere = addressOf(gone);
    await gone.close();
    const there = await served(server, answering("there"));
    const early = await served(client(nowhere, addressOf(there)), {});
    expect(await ask(early, ["a", "b"])).toEqual({ answers: ["there: a", "there: b"], error: undefined });

    const leaving: Mesh = await served(
      server,
      answering("leaving", (what) => what === "asked b" && void leaving.close()),
    );
    const late = await served(client(addressOf(leaving), addressOf(there)), {});
    const { answers, error } = await ask(late, ["a", "b", "c"]);
    expect(error).toBeUndefined();
    expect(answers.map((one) => String(one).split(": ")[1])).toEqual(["a", "b", "c"]);
    expect(answers.at(-1)).toBe("there: c");

    const none = await served(client(nowhere, nowhere), {});
    const last = await ask(none, ["a"]);
    expect(last.answers).toEqual([]);
    expect(last.error).toMatchObject({ code: "targets-exhausted" });
  });
});
