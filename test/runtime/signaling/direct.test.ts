import { describe, expect, test } from "vitest";
import { MeshError } from "../../../runtime/interface/errors.ts";
import type { IncomingCall, SignalingCandidate } from "../../../runtime/interface/signaling.ts";
import { directSignaling } from "../../../runtime/signaling/direct.ts";
import { signalLimits } from "../../../runtime/signaling/limits.ts";
import type { SignalSocket } from "../../../runtime/signaling/socket.ts";
import { virtualClock } from "pipeline-mesh/testing";
import { MachineTime } from "../../support/machine-time.ts";
import { pipeNetwork, socketPair, turn } from "./pipe.ts";

const signal = new AbortController().signal;
const at = { host: "gpu", port: 7443, pipeline: "A", signal };

async function setUp(onCall: (call: IncomingCall) => void = () => undefined, pipelines = ["A"]) {
  const clock = virtualClock();
  const network = pipeNetwork();
  const signaling = directSignaling({ clock, ...network });
  const server = await signaling.serve({ host: "gpu", port: 7443, pipelines: () => pipelines, onCall });
  return { clock, network, signaling, server };
}

describe("a call between two peers", () => {
  test("exchanges offer, answer and candidates, and leaves no timer behind (R7.3)", async () => {
    const calls: IncomingCall[] = [];
    const { clock, signaling } = await setUp((call) => calls.push(call));
    const call = await signaling.call(at);
    const answered = call.offer("the offer");
    call.candidate({ candidate: "candidate:1", sdpMid: "0" });
    call.candidate(null);
    await turn();
    expect(calls[0]).toMatchObject({ pipeline: "A", offer: "the offer" });
    const fromCaller: (SignalingCandidate | null)[] = [];
    calls[0]?.onCandidate((candidate) => fromCaller.push(candidate));
    expect(fromCaller).toEqual([{ candidate: "candidate:1", sdpMid: "0" }, null]);
    calls[0]?.answer("the answer");
    expect(await answered).toBe("the answer");
    calls[0]?.candidate({ candidate: "candidate:2" });
    const fromCallee: (SignalingCandidate | null)[] = [];
    call.onCandidate((candidate) => fromCallee.push(candidate));
    await turn();
    expect(fromCallee).toEqual([{ candidate: "candidate:2" }]);
    call.bye();
    expect(await calls[0]?.ended).toBeUndefined();
    expect(await call.ended).toBeUndefined();
    expect(clock.pending).toBe(0);
  });

  test("tells a call that was given up from one that is done", async () => {
    const calls: IncomingCall[] = [];
    const { signaling, clock } = await setUp((call) => calls.push(call));
    const call = await signaling.call(at);
    void call.offer("the offer").catch(() => undefined);
    await turn();
    call.abandon();
    expect(await calls[0]?.ended).toMatchObject({ code: "peer-lost" });
    expect(clock.pending).toBe(0);
  });

  test("says why it gives up a call that it has answered, as far as a close frame can", async () => {
    const why = `No channel to the caller was open. ${"ü".repeat(100)}`;
    const { signaling } = await setUp((call) => {
      call.answer("the answer");
      call.refuse(new MeshError("deadline-exceeded", why));
    });
    const call = await signaling.call(at);
    expect(await call.offer("the offer")).toBe("the answer");
    const error = await call.ended;
    expect(error).toMatchObject({ code: "peer-lost", message: /saying: No channel to the caller was open\. ü+\.$/ });
    expect(error?.message.match(/ü/g)).toHaveLength(
      Math.floor((123 - "No channel to the caller was open. ".length) / 2),
    );
  });

  test("says why it gives up a call whose caller has left, and hangs up without a word when all is well", async () => {
    const calls: IncomingCall[] = [];
    const { signaling } = await setUp((call) => {
      calls.push(call);
      call.answer("the answer");
    });
    const [failed, well, stopped] = [await signaling.call(at), await signaling.call(at), await signaling.call(at)];
    for (const call of [failed, well, stopped]) {
      await call.offer("the offer");
      call.bye();
      expect(await call.ended).toBeUndefined();
    }
    calls[0]?.refuse(new MeshError("deadline-exceeded", "No channel to the caller was open."));
    calls[1]?.connected();
    stopped.abandon();
    expect(await failed.hungUp).toMatchObject({
      code: "peer-lost",
      message: "gpu:7443 has given the connection up: No channel to the caller was open.",
    });
    expect(await well.hungUp).toBeUndefined();
    expect(await stopped.hungUp).toBeUndefined();
  });

  test("goes on where the process of the called peer stood still: it is ended when that has read what came", async () => {
    const clock = new MachineTime();
    const signaling = directSignaling({ clock, ...pipeNetwork() });
    await signaling.serve({ host: "gpu", port: 7443, onCall: (call) => call.answer("the answer") });
    const call = await signaling.call(at);
    const { helloMs, callMs } = signalLimits;
    await clock.standStill(callMs + 1_000);
    expect(await call.offer("the offer")).toBe("the answer");
    // So much later it has learned of the first of its times, which is when the hello had to be there.
    await clock.standStill(callMs + 1_000 - helloMs - 1);
    let end: string | undefined;
    void call.ended.then((error) => (end = error?.message));
    await turn();
    expect(end).toBeUndefined();
    await clock.standStill(1);
    await turn();
    expect(end).toContain("a call ends within 30000 ms");
    expect(clock.pending).toBe(0);
  });

  test("passes a refusal on with its code", async () => {
    const { signaling } = await setUp((call) => call.refuse(new MeshError("resource-exhausted", "Full.")));
    const call = await signaling.call(at);
    await expect(call.offer("x")).rejects.toMatchObject({ code: "resource-exhausted", message: /gpu:7443.*Full/ });
  });

  test("names the pipelines there are", async () => {
    const { signaling } = await setUp(undefined, ["B", "C"]);
    const call = signaling.call(at);
    await expect(call).rejects.toMatchObject({ code: "pipeline-not-found", message: /no pipeline "A".*B, C/ });
  });

  test("gives up on an endpoint that takes the connection and says nothing", async () => {
    const clock = virtualClock();
    const { a, b } = socketPair();
    const signaling = directSignaling({ clock, connect: async () => a });
    const failed = expect(signaling.call(at)).rejects.toMatchObject({ code: "deadline-exceeded", message: /"hello"/ });
    await turn();
    clock.advance(3000);
    await failed;
    await turn();
    expect(b.closedWith).toBeDefined();
    expect(clock.pending).toBe(0);
  });

  test("gives up on an endpoint that does not take the connection", async () => {
    const clock = virtualClock();
    const signaling = directSignaling({ clock, connect: () => new Promise(() => undefined) });
    const failed = expect(signaling.call(at)).rejects.toMatchObject({
      code: "deadline-exceeded",
      message: /open the signaling connection/,
    });
    await turn();
    clock.advance(3000);
    await failed;
  });

  test.for([
    ["text", "what?"],
    ["a result for nothing", '{"jsonrpc":"2.0","id":8,"result":{}}'],
    ["a wrong result", '{"jsonrpc":"2.0","id":1,"result":{"version":1,"pipeline":7}}'],
    ["a call", '{"jsonrpc":"2.0","id":1,"method":"offer","params":{"sdp":"x"}}'],
  ])("breaks off with an endpoint that sends %s", async ([, text]) => {
    const { a, b } = socketPair();
    const signaling = directSignaling({ clock: virtualClock(), connect: async () => a });
    const failed = expect(signaling.call(at)).rejects.toMatchObject({ code: "protocol-violation" });
    await turn();
    b.send(text as string);
    await failed;
  });

  test("cannot serve without something to listen with", async () => {
    const signaling = directSignaling({ clock: virtualClock(), connect: pipeNetwork().connect });
    const served = signaling.serve({ host: "x", port: 0, onCall: () => undefined });
    await expect(served).rejects.toMatchObject({ code: "invalid-argument" });
  });
});

describe("an endpoint against strangers", () => {
  async function stranger() {
    const setup = await setUp();
    const open = async () => {
      const socket = await setup.network.connect(at, signal);
      const seen = { messages: [] as string[], closed: undefined as { code: number; reason: string } | undefined };
      socket.onMessage((text) => seen.messages.push(text));
      socket.onClose((code, reason) => (seen.closed = { code, reason }));
      return { socket, seen };
    };
    return { ...setup, open };
  }

  const hello = '{"jsonrpc":"2.0","id":1,"method":"hello","params":{"versions":[1],"pipeline":"A"}}';

  test("waits 10 s for hello", async () => {
    const { clock, open } = await stranger();
    const [quiet, polite] = [await open(), await open()];
    polite.socket.send(hello);
    await turn();
    clock.advance(10_000);
    await turn();
    expect(quiet.seen.closed).toMatchObject({ code: 1008, reason: /hello/ });
    expect(polite.seen.closed).toBeUndefined();
  });

  test("ends a call after 30 s", async () => {
    const { clock, open } = await stranger();
    const { socket, seen } = await open();
    socket.send(hello);
    await turn();
    clock.advance(30_000);
    await turn();
    expect(seen.closed?.code).toBe(1008);
    expect(clock.pending).toBe(0);
  });

  test("takes 100 messages in a second and no more", async () => {
    const { clock, open } = await stranger();
    const { socket, seen } = await open();
    const junk = (count: number) => Array.from({ length: count }, () => socket.send("{"));
    junk(100);
    await turn();
    expect(seen.closed).toBeUndefined();
    clock.advance(1000);
    junk(101);
    await turn();
    expect(seen.closed).toMatchObject({ code: 1008, reason: /100 messages/ });
    expect(seen.messages.length).toBe(200);
  });

  test("takes 64 calls at a time; the next one is told to come back", async () => {
    const { open, signaling } = await stranger();
    const sockets: { socket: SignalSocket }[] = [];
    for (let count = 0; count < 64; count++) sockets.push(await open());
    for (const { socket } of sockets) socket.send(hello);
    await turn();
    await expect(signaling.call(at)).rejects.toMatchObject({ code: "resource-exhausted" });
    sockets[0]?.socket.close(1000, "");
    await turn();
    await expect(signaling.call(at)).resolves.toBeDefined();
  });

  test("ends open calls when it stops", async () => {
    const { open, server, clock } = await stranger();
    const { seen } = await open();
    await server.close();
    await turn();
    expect(seen.closed?.code).toBe(1001);
    expect(clock.pending).toBe(0);
  });
});
