import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { afterEach, expect, it } from "vitest";
import type { PipelineSession } from "../../runtime/interface/session.ts";
import type { Link } from "../../runtime/interface/link.ts";
import { connect } from "../../runtime/platform/nodejs.ts";
import { bundledScript } from "../support/bundled-script.ts";
import { text } from "../support/pipeline-plan-builder.ts";

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

interface Peer {
  readonly child: ChildProcess;
  readonly address: string;
}

async function start(script: string, name: string, next: string): Promise<Peer> {
  const child = spawn(process.execPath, [script, name, next], { stdio: ["pipe", "pipe", "inherit"] });
  cleanUps.push(() => child.kill("SIGKILL"));
  const address = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", resolve);
    child.once("exit", (code) => reject(new Error(`The peer ${name} ended early with code ${code}.`)));
  });
  return { child, address };
}

/** A session, and a way to ask it one thing after the other. */
async function open(uri: string): Promise<{ session: PipelineSession; ask: (payload: string) => Promise<string> }> {
  const waiting: ((answer: string) => void)[] = [];
  const out: Link = {
    writable: true,
    ready: () => Promise.resolve(),
    send: ({ payload }) => waiting.shift()?.(String(payload)),
    end: () => undefined,
    abort: () => undefined,
  };
  const { signal } = new AbortController();
  const inputs = { in: text };
  const session = await connect(uri, {
    params: {},
    inputs,
    outputs: { out: { type: text, link: out } },
    schemas: {},
    signal,
  });
  cleanUps.push(() => session.close());
  let seq = 0;
  const ask = async (payload: string): Promise<string> => {
    const link = session.inputs["in"] as Link;
    await link.ready();
    const answer = new Promise<string>((resolve) => waiting.push(resolve));
    link.send({ timestampUs: seq, seq, epoch: 0, flags: 0, payload });
    seq += 1;
    return answer;
  };
  return { session, ask };
}

it("R8 R8.1 a peer that dies at the end of a chain of five ends what goes through it alone, with a code and its place", async () => {
  const script = await bundledScript(new URL("fixtures/chain-peer.ts", import.meta.url));
  const peers: Peer[] = [];
  for (const name of ["p5", "p4", "p3", "p2", "p1"]) {
    const next = peers[0] === undefined ? "" : `${peers[0].address}/Chain`;
    peers.unshift(await start(script, name, next));
  }
  const [first, , , , last] = peers as [Peer, Peer, Peer, Peer, Peer];
  const chain = await open(`${first.address}/Chain`);
  const others = await Promise.all(peers.slice(0, 4).map(({ address }) => open(`${address}/Own`)));
  expect(await chain.ask("a")).toBe("a-p1-p2-p3-p4-p5");
  last.child.kill("SIGKILL");
  // While it is noticed and after it, the other sessions of the four are served.
  let asked = 0;
  let isOver = false;
  void chain.session.closed.then(() => (isOver = true));
  while (!isOver || asked < 3) {
    const answers = await Promise.all(others.map(({ ask }) => ask(`${asked}`)));
    expect(answers).toEqual(["p1", "p2", "p3", "p4"].map((name) => `${asked}-${name}`));
    asked += 1;
  }
  const { error } = await chain.session.closed;
  expect(error?.code).toBe("targets-exhausted");
  // The place where it broke, through all that stand before it: what they did about it, and who is gone.
  expect(error?.message).toContain(`${last.address}/Chain: `);
  expect(error?.message.match(/Remote `next` of pipeline `Chain` \(/g)).toHaveLength(4);
  // Whoever calls anew is served by each of the four, and told at once what is gone.
  const again = await Promise.all(peers.slice(0, 4).map(({ address }) => open(`${address}/Own`)));
  expect(await Promise.all(again.map(({ ask }) => ask("b")))).toEqual(
    ["p1", "p2", "p3", "p4"].map((one) => `b-${one}`),
  );
  await expect(open(`${first.address}/Chain`)).rejects.toMatchObject({ code: "targets-exhausted" });
  for (const { session } of [...others, ...again]) expect(session.describe().connection?.state).toBe("connected");
  for (const { child } of peers.slice(0, 4)) expect(child.exitCode).toBeNull();
});
