import { createServer, type Server } from "node:http";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { MeshError } from "../../../runtime/interface/errors.ts";
import { defineNode, type NodeDefinition } from "../../../runtime/interface/node.ts";
import type { Mesh } from "../../../runtime/mesh/launch.ts";
import { launchChromium, noChromium } from "../../e2e/support/chromium.ts";
import { planOf } from "../../support/pipeline-run.ts";
import { spawnPeer } from "../transports/fixtures/spawn.ts";
import { addressOf, served } from "./support/served.ts";

const there = (marker: string): string => `
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
peer far {
  runs Ask
  listens "webrtc://127.0.0.1:0"
}
`;

const here = (targets: readonly string[], policy = "retry 0 times"): string => `
batch interface Asking {
  in question: text
  out answer: text
}
pipeline Client {
  in question: text
  out answer: text
  remote far: Asking {
    at ${targets.map((target) => `"${target}/Ask"`).join("\n    else ")}
    ${policy}
  }
  question -> far -> answer
}
`;

const urlOf = (mesh: Mesh): string => `webrtc://${addressOf(mesh)}`;

/** What a peer was asked, and what it was told meanwhile. */
interface Log {
  readonly asked: string[];
  /** Resolves with why a question that waits is worked on no more. */
  readonly cancelled: Promise<MeshError>;
}

/**
 * Answers in capitals after its name; `wait` is never answered.
 * @param fail throws where a question is to fail
 */
function working(name: string, fail: (question: string) => void = () => undefined): { log: Log; Work: NodeDefinition } {
  const asked: string[] = [];
  let tell: (reason: MeshError) => void = () => undefined;
  const cancelled = new Promise<MeshError>((resolve) => (tell = resolve));
  const Work = defineNode({
    open: (_, { emit, signal }) => ({
      async process({ payload }) {
        const question = String(payload);
        asked.push(question);
        fail(question);
        if (question === "wait") {
          await new Promise<void>((_resolve, reject) => {
            const end = (): void => {
              tell(signal.reason as MeshError);
              reject(signal.reason as MeshError);
            };
            signal.addEventListener("abort", end, { once: true });
          });
        }
        await emit("out", `${name}: ${question.toUpperCase()}`);
      },
    }),
  });
  return { log: { asked, cancelled }, Work };
}

describe.skipIf(noChromium !== undefined)("batch calls of a page in Chromium, over a data channel", () => {
  let server: Server;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    const { outputFiles } = await build({
      entryPoints: [fileURLToPath(new URL("fixtures/batch-page.ts", import.meta.url))],
      bundle: true,
      write: false,
      format: "iife",
      platform: "browser",
    });
    const script = outputFiles[0]?.text.replaceAll("</script", "<\\/script");
    server = createServer((_, response) => {
      response.setHeader("content-type", "text/html");
      response.end(`<!doctype html><script>${script}</script>`);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    browser = await launchChromium();
    page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as { port: number }).port}/`);
  });

  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  const call = (name: string, ...args: readonly unknown[]): Promise<object> =>
    page.evaluate(`${name}(...${JSON.stringify(args)})`);

  it("R11.2 are answered, several at once in the order of the questions", async () => {
    const { Work, log } = working("far");
    const far = await served(there(""), { Work });
    const plan = planOf(here([urlOf(far)]));
    expect(await call("ask", plan, ["hello"])).toMatchObject({ answers: ["far: HELLO"], transport: "webrtc" });
    const questions = Array.from({ length: 50 }, (_, index) => `q${index}`);
    const told = await call("ask", plan, questions);
    expect(told).toMatchObject({ answers: questions.map((one) => `far: ${one.toUpperCase()}`), failures: [] });
    expect(told).toHaveProperty("code", undefined);
    expect(log.asked).toEqual(["hello", ...questions]);
  });

  it("R11.2 end with `deadline-exceeded` after their time, and the node is told", async () => {
    const { Work, log } = working("far");
    const far = await served(there(""), { Work });
    expect(
      await call("ask", planOf(here([urlOf(far)], "timeout call 500ms")), ["first", "wait", "never"]),
    ).toMatchObject({
      answers: ["far: FIRST"],
      code: "deadline-exceeded",
      message: expect.stringContaining("has not answered within 500 ms"),
    });
    expect((await log.cancelled).code).toBe("deadline-exceeded");
    expect(log.asked).toEqual(["first", "wait"]);
  });

  it("R11.2 are cancelled where the caller leaves, and the node is told", async () => {
    const { Work, log } = working("far");
    const far = await served(there(""), { Work });
    await call("begin", planOf(here([urlOf(far)])), "wait");
    await expect.poll(() => log.asked).toEqual(["wait"]);
    await call("leave");
    expect((await log.cancelled).code).toBe("cancelled");
  });

  it("R11.2 fail with the code and the message that the node has thrown", async () => {
    const { Work } = working("far", (question) => {
      if (question === "fail") throw new MeshError("access-denied", "Not for you.");
    });
    const far = await served(there(""), { Work });
    expect(await call("askInTurn", planOf(here([urlOf(far)])), ["first", "fail"])).toMatchObject({
      answers: ["far: FIRST"],
      code: "access-denied",
      message: expect.stringContaining("Not for you."),
    });
  });

  it("R11.2 go to the next target where a node says `idempotent`, when the first fails", async () => {
    const broken = working("broken", (question) => {
      if (question === "q2") throw new MeshError("resource-exhausted", "No memory left.");
    });
    const sound = working("sound");
    const first = await served(there("idempotent"), { Work: broken.Work });
    const next = await served(there("idempotent"), { Work: sound.Work });
    expect(await call("askInTurn", planOf(here([urlOf(first), urlOf(next)])), ["q1", "q2", "q3"])).toMatchObject({
      answers: ["broken: Q1", "sound: Q2", "sound: Q3"],
      failures: [{ code: "resource-exhausted" }],
    });
    expect(sound.log.asked).toEqual(["q2", "q3"]);
  });

  it("R11.2 of a peer that dies go to the next one where that is `idempotent`, else end with an error", async () => {
    const [once, again] = [working("once"), working("again")];
    const [nextOnce, nextAgain] = [
      await served(there(""), { Work: once.Work }),
      await served(there(""), { Work: again.Work }),
    ];
    const { child, address } = await spawnPeer("../../calls/fixtures/batch-peer.ts", JSON.stringify(planOf(there(""))));
    onTestFinished(() => void child.kill("SIGKILL"));
    const retried = here([address, urlOf(nextAgain)]).replace("in question", "idempotent\n  in question");
    const questions = ["q1", "die"];
    const [lost, kept] = await Promise.all([
      call("askInTurn", planOf(here([address, urlOf(nextOnce)])), questions),
      call("askInTurn", planOf(retried), questions),
    ]);
    expect(lost).toMatchObject({ answers: ["mortal: Q1"], code: "peer-lost" });
    expect(once.log.asked).toEqual([]);
    expect(kept).toMatchObject({ answers: ["mortal: Q1", "again: DIE"], code: undefined });
    expect(again.log.asked).toEqual(["die"]);
  });

  it("R11.2 are never asked twice where nobody says `idempotent`", async () => {
    const broken = working("broken", (question) => {
      if (question === "q2") throw new MeshError("resource-exhausted", "No memory left.");
    });
    const sound = working("sound");
    const first = await served(there(""), { Work: broken.Work });
    const next = await served(there(""), { Work: sound.Work });
    expect(await call("askInTurn", planOf(here([urlOf(first), urlOf(next)])), ["q1", "q2"])).toMatchObject({
      answers: ["broken: Q1"],
      code: "resource-exhausted",
      message: expect.stringContaining("No memory left."),
    });
    expect(sound.log.asked).toEqual([]);
  });
});
