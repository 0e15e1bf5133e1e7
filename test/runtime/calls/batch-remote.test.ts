import { describe, expect, it } from "vitest";
import type { MeshError } from "../../../runtime/interface/errors.ts";
import type { MeshEvent } from "../../../runtime/interface/events.ts";
import { defineNode, type NodeDefinition } from "../../../runtime/interface/node.ts";
import type { Mesh } from "../../../runtime/mesh/launch.ts";
import type { Payload } from "../../../runtime/interface/frame.ts";
import { defaultPolicy } from "../../../runtime/interface/plan-defaults.ts";
import { chooseAddress } from "../../../runtime/mesh/choose-address.ts";
import { collector, feed } from "../../support/pipeline-run.ts";
import { addressOf, served } from "./support/served.ts";

const text = { kind: "scalar", name: "text" } as const;

const program = (marker = "idempotent"): string => `
batch node Work {
  ${marker}
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

const caller = (targets: readonly string[], more = ""): string => `
batch interface Asking {
  in question: text
  out answer: text
}
pipeline Client {
  in question: text
  out answer: text
  remote far: Asking {
    at ${targets.map((target) => `"grpc://${target}/Ask"`).join("\n    else ")}
    ${more}
  }
  question -> far -> answer
}
`;

/** Answers after its name, in the order in which `work` lets it. */
function working(
  name: string,
  work: (question: string) => Promise<void> | void = () => undefined,
): Record<string, NodeDefinition> {
  return {
    Work: defineNode({
      open: (_, { emit }) => ({
        process: async ({ payload }) => {
          await work(String(payload));
          await emit("out", `${name}: ${String(payload)}`);
        },
      }),
    }),
  };
}

async function ask(
  mesh: Mesh,
  questions: readonly string[],
): Promise<{ answers: readonly Payload[]; error: MeshError | undefined }> {
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

const questions = Array.from({ length: 40 }, (_, index) => `q${index}`);

describe.each(["grpc", "webrtc"] as const)("a batch remote over %s", (scheme) => {
  const server = (marker?: string): string => program(marker).replace("grpc:", `${scheme}:`);
  const client = (targets: readonly string[], more?: string): string =>
    caller(targets, more).replaceAll("grpc:", `${scheme}:`);

  it("R11.2 asks call by call, several at once, and answers in the order of the questions", async () => {
    let [atOnce, most] = [0, 0];
    const far = await served(
      server(),
      working("a", async (question) => {
        atOnce += 1;
        most = Math.max(most, atOnce);
        // Those with even numbers let others by.
        if (Number(question.slice(1)) % 2 === 0) await new Promise((resolve) => setImmediate(resolve));
        atOnce -= 1;
      }),
    );
    const near = await served(client([addressOf(far)]), {});
    const { answers, error } = await ask(near, questions);
    expect(error).toBeUndefined();
    expect(answers).toEqual(questions.map((question) => `a: ${question}`));
    // Over a session the pipeline has one question after the other.
    expect(most > 1).toBe(scheme === "grpc");
    // What has answered keeps its sessions for the next calls.
    expect(far.sessions().length).toBeLessThanOrEqual(16);
  });

  it("asks again at the next target what was not answered, where the program says that this does no harm", async () => {
    const broken = await served(
      server(),
      working("broken", (question) => {
        if (question === "q5") throw new Error("out of memory");
      }),
    );
    const sound = await served(server(), working("sound"));
    const events: MeshEvent[] = [];
    const near = await served(
      client([addressOf(broken), addressOf(sound)]),
      {},
      { onEvent: (event) => events.push(event) },
    );
    const { answers, error } = await ask(near, questions);
    expect(error).toBeUndefined();
    expect(answers.map((one) => String(one).split(": ")[1])).toEqual(questions);
    expect(answers[5]).toBe("sound: q5");

    const gone = await served(
      server(),
      working("gone", (question) => {
        if (question !== "q5") return;
        void gone.close();
        throw new Error("going");
      }),
    );
    const other = await served(client([addressOf(gone), addressOf(sound)]), {});
    const second = await ask(other, questions);
    expect(second.error).toBeUndefined();
    expect(second.answers.map((one) => String(one).split(": ")[1])).toEqual(questions);
    expect(second.answers.at(-1)).toBe("sound: q39");
  });

  it("never asks twice what must not be, and says which answer is lost", async () => {
    const seen: string[] = [];
    const gone = await served(
      server(""),
      working("gone", (question) => {
        seen.push(question);
        if (question === "q5") void gone.close();
      }),
    );
    const sound = await served(
      server(""),
      working("sound", (question) => void seen.push(question)),
    );
    const { answers, error } = await ask(await served(client([addressOf(gone), addressOf(sound)]), {}), questions);
    // What was answered with the last breath of the peer may not have left it.
    expect(answers).toEqual(questions.slice(0, answers.length).map((question) => expect.stringContaining(question)));
    expect(new Set(seen).size).toBe(seen.length);
    if (error === undefined) expect(answers).toHaveLength(40);
    else expect(error.code).toMatch(/peer-lost|cancelled|channel-closed/);
  });

  it("streams a question that is larger than a message may be", async () => {
    const sizes = {
      Work: defineNode({
        open: (_, { emit }) => ({ process: ({ payload }) => emit("out", String(String(payload).length)) }),
      }),
    };
    const far = await served(server(), sizes);
    const { answers, error } = await ask(await served(client([addressOf(far)]), {}), [
      "a",
      "b".repeat(5_000_000),
      "ccc",
    ]);
    expect(error).toBeUndefined();
    expect(answers).toEqual(["1", "5000000", "3"]);
  });

  it("gives up a call after its time", async () => {
    const far = await served(server(), {
      Work: defineNode({
        open: (_, { signal }) => ({
          process: () =>
            new Promise<void>((_resolve, reject) => {
              signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
            }),
        }),
      }),
    });
    const near = await served(client([addressOf(far)], "timeout call 300ms\n    retry 0 times"), {});
    const { answers, error } = await ask(near, ["never"]);
    expect(answers).toEqual([]);
    expect(error?.message).toContain("has not answered within 300 ms");
  });

  it("finds the sole input of a pipeline under another name, and says when there are two", async () => {
    const renamed = server().replace("in question: text\n  out answer", "in other: text\n  out answer");
    const far = await served(renamed.replace("question -> Work", "other -> Work"), working("a"));
    const { answers } = await ask(await served(client([addressOf(far)]), {}), ["hello"]);
    expect(answers).toEqual(["a: hello"]);
    const two = server().replace("in question: text\n  out answer", "in other: text\n  in more: text\n  out answer");
    const crowded = await served(two.replace("question -> Work", "[other, more] -> Work"), working("a"));
    const near = await served(client([addressOf(crowded)], "retry 0 times"), {});
    await expect(ask(near, ["a"])).rejects.toMatchObject({ message: expect.stringContaining("question") });
  });
});

describe("one pipeline with streams and calls", () => {
  it("R11.1 R11.2 R11.3 takes WebRTC for the stream and gRPC for the calls, at once, of the same peer", async () => {
    const mesh = await served(
      `
batch interface Asking {
  in question: text
  out answer: text
}
interface Talking {
  in line: text
  out loud: text
}
batch node Work {
  in text
  out text
  from "./x.ts"
}
node Upper {
  in text
  out text
  from "./x.ts"
}
batch pipeline Ask: Asking {
  in question: text
  out answer: text
  question -> Work() -> answer
}
pipeline Talk: Talking {
  in line: text
  out loud: text
  line -> Upper() -> loud
}
pipeline Client {
  in question: text
  out answer: text
  remote asked: Asking { at server.Ask }
  remote talked: Talking { at server.Talk }
  question -> talked -> asked -> answer
}
peer server {
  runs Ask
  runs Talk
  listens "webrtc://127.0.0.1:0", "grpc://127.0.0.1:0"
}
`,
      {
        Work: defineNode({ open: (_, { emit }) => ({ process: ({ payload }) => emit("out", `${String(payload)}!`) }) }),
        Upper: defineNode({
          open: (_, { emit }) => ({ process: ({ payload }) => emit("out", String(payload).toUpperCase()) }),
        }),
      },
    );
    const answer = collector();
    const session = await mesh.open("Client", {
      params: {},
      inputs: { question: text },
      outputs: { answer: { type: text, link: answer.link } },
      schemas: {},
      signal: new AbortController().signal,
    });
    const ways = session.describe().remotes.map(({ id, session: far }) => [id, far?.connection?.transport]);
    expect(Object.fromEntries(ways)).toEqual({ asked: "grpc", talked: "webrtc" });
    await feed(session, "question", questions);
    expect((await session.closed).error).toBeUndefined();
    expect(answer.payloads).toEqual(questions.map((question) => `${question.toUpperCase()}!`));
  });
});

describe("the choice between the addresses of a peer", () => {
  const addresses = ["webrtc://a:1", "grpc://a:2"];
  const both = ["webrtc", "grpc"];
  const remote = (batch: boolean, via?: "webrtc" | "grpc") => ({
    batch,
    policy: { ...defaultPolicy, ...(via !== undefined && { via }) },
  });

  it("goes by what is sent, and by `via`", () => {
    expect(chooseAddress("p", addresses, remote(true), both)).toMatchObject({ address: "grpc://a:2" });
    expect(chooseAddress("p", addresses, remote(false), both)).toMatchObject({ address: "webrtc://a:1" });
    expect(chooseAddress("p", addresses, remote(true, "webrtc"), both)).toMatchObject({ address: "webrtc://a:1" });
    expect(chooseAddress("p", addresses, remote(false, "grpc"), both)).toMatchObject({ address: "grpc://a:2" });
  });

  it("R11.3 says so where it falls to the other: by an event, in what it tells of itself, and in the topology", async () => {
    const events: MeshEvent[] = [];
    const both = `${program().replace("grpc:", "webrtc:")}
batch interface Asking {
  in question: text
  out answer: text
}
pipeline Client {
  in question: text
  out answer: text
  remote far: Asking { at server.Ask }
  question -> far -> answer
}`;
    const mesh = await served(both, working("a"), { onEvent: (event) => events.push(event) });
    const fallback = { used: "webrtc", preferred: "grpc", reason: "`server` does not listen by it" };
    const answer = collector();
    const session = await mesh.open("Client", {
      params: {},
      inputs: { question: text },
      outputs: { answer: { type: text, link: answer.link } },
      schemas: {},
      signal: new AbortController().signal,
    });
    expect(session.describe().remotes).toMatchObject([{ id: "far", target: "server.Ask", fallback }]);
    const drawn = mesh.topology().peers.flatMap(({ pipelines }) => pipelines.flatMap(({ sessions = [] }) => sessions));
    expect(drawn.flatMap(({ remotes }) => remotes)).toMatchObject([{ id: "far", fallback }]);
    await feed(session, "question", ["q"]);
    expect((await session.closed).error).toBeUndefined();
    expect(answer.payloads).toEqual(["a: q"]);
    expect(events.filter(({ kind }) => kind === "remote-transport")).toMatchObject([
      { remote: "far", target: "server.Ask", ...fallback },
    ]);
  });

  it("falls to the other where one is not there, but for a `via`", () => {
    expect(chooseAddress("p", ["webrtc://a:1"], remote(true), both)).toMatchObject({ address: "webrtc://a:1" });
    expect(chooseAddress("p", ["grpc://a:2"], remote(false), both)).toMatchObject({ address: "grpc://a:2" });
    // A page has no gRPC.
    expect(chooseAddress("p", addresses, remote(true), ["webrtc"])).toEqual({
      address: "webrtc://a:1",
      fallback: { used: "webrtc", preferred: "grpc", reason: "nothing here speaks it" },
    });
    expect(() => chooseAddress("p", ["webrtc://a:1"], remote(true, "grpc"), both)).toThrow(
      /`p` does not listen by `grpc`/,
    );
    expect(() => chooseAddress("p", ["grpc://a:2"], remote(false), ["webrtc"])).toThrow(/spoken here \(webrtc\)/);
    expect(() => chooseAddress("p", [], remote(false), both)).toThrow("listens nowhere");
  });
});
