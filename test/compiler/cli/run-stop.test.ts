import { describe, expect, it } from "vitest";
import type { Child, ChildEnd, ChildInit } from "../../../compiler/cli/run/child.ts";
import type { RunMessage } from "../../../compiler/cli/run/messages.ts";
import { readRunOptions } from "../../../compiler/cli/run/run-options.ts";
import { runProcesses } from "../../../compiler/cli/run/run-processes.ts";
import { stopSignal } from "../../../compiler/cli/run/stop.ts";
import { parseArguments } from "../../../compiler/cli/arguments.ts";
import { runCommand } from "../../../compiler/cli/run.command.ts";
import type { Clock } from "../../../runtime/interface/clock.ts";
import { turn } from "../../../runtime/testing/turn.ts";
import { planOfPeers, peerOf, stepOf } from "../../runtime/mesh/fixtures/plans.ts";
import { MachineTime } from "../../support/machine-time.ts";

/** A process that listens at once, and ends when it is killed, or some time after it was asked to. */
function processOf({ peer }: ChildInit, clock: Clock, endsAfterMs: number | undefined) {
  let end: (how: ChildEnd) => void = () => undefined;
  let isOver = false;
  const ended = new Promise<ChildEnd>((resolve) => (end = resolve));
  void ended.then(() => (isOver = true));
  const heard: string[] = [];
  const child: Child = {
    ...{ peer, pid: undefined, ready: Promise.resolve(true), ended, go: () => undefined },
    stop(atOnce) {
      heard.push(atOnce ? "now" : "stop");
      if (endsAfterMs !== undefined) clock.schedule(endsAfterMs, () => end({ code: 130, signal: null }));
    },
    kill() {
      if (isOver) return;
      heard.push("kill");
      end({ code: null, signal: "SIGKILL" });
    },
  };
  return { child, heard };
}

/** A run of two peers in processes of their own, which is told to stop. */
async function interrupted(endsAfterMs: number | undefined) {
  const clock = new MachineTime();
  const [stop, atOnce] = [new AbortController(), new AbortController()];
  const processes: ReturnType<typeof processOf>[] = [];
  const messages: RunMessage[] = [];
  let code: number | undefined;
  void runProcesses({
    plan: planOfPeers([stepOf("Near"), stepOf("Far")], [peerOf("near", "Near"), peerOf("far", "Far")]),
    ...{ file: "main.mesh", peers: ["near", "far"], pipeline: "Near", cwd: ".", env: {}, clock },
    options: readRunOptions(parseArguments(["main.mesh", "--processes"], runCommand)),
    reporter: { message: (message) => messages.push(message), close: () => undefined },
    signal: stop.signal,
    atOnce: atOnce.signal,
    start(init) {
      const started = processOf(init, clock, endsAfterMs);
      processes.push(started);
      return started.child;
    },
  }).then((end) => (code = end.code));
  await turn();
  expect(processes).toHaveLength(2);
  stop.abort();
  await turn();
  return { clock, code: () => code, heard: () => processes.map(({ heard }) => heard) };
}

describe("a run of several processes that is told to stop", () => {
  it("is over as soon as they have ended, and nothing waits any more", async () => {
    const { clock, code, heard } = await interrupted(10);
    expect(heard()).toEqual([["now"], ["now"]]);
    await clock.pass(9);
    expect(code()).toBeUndefined();
    await clock.pass(1);
    await turn();
    expect(code()).toBe(130);
    expect(heard()).toEqual([["now"], ["now"]]);
    expect(clock.pending).toBe(0);
  });

  it("kills after 600 ms what has not ended", async () => {
    const { clock, code, heard } = await interrupted(undefined);
    await clock.pass(599);
    expect(heard()).toEqual([["now"], ["now"]]);
    await clock.pass(1);
    await turn();
    expect(heard()).toEqual([
      ["now", "kill"],
      ["now", "kill"],
    ]);
    expect(code()).toBe(130);
  });

  it("leaves them their time where the machine stands still meanwhile", async () => {
    const { clock, code, heard } = await interrupted(3_100);
    await clock.standStill(3_000);
    expect(heard()).toEqual([["now"], ["now"]]);
    await clock.pass(100);
    await turn();
    expect(code()).toBe(130);
  });
});

describe("a run of several processes", () => {
  it("is over as soon as one of them cannot listen, and waits for none that still loads", async () => {
    const clock = new MachineTime();
    const heard: string[] = [];
    const child = (peer: string, ready: Promise<boolean>, ended: Promise<ChildEnd>): Child => ({
      ...{ peer, pid: undefined, ready, go: () => undefined, kill: () => undefined, ended },
      stop: () => void heard.push(peer),
    });
    let loadingEnds: (how: ChildEnd) => void = () => undefined;
    const loading = new Promise<ChildEnd>((resolve) => (loadingEnds = resolve));
    const run = runProcesses({
      plan: planOfPeers([stepOf("Near"), stepOf("Far")], [peerOf("near", "Near"), peerOf("far", "Far")]),
      ...{ file: "main.mesh", peers: ["near", "far"], pipeline: "Near", cwd: ".", env: {}, clock },
      options: readRunOptions(parseArguments(["main.mesh", "--processes"], runCommand)),
      reporter: { message: () => undefined, close: () => undefined },
      ...{ signal: new AbortController().signal, atOnce: new AbortController().signal },
      start: ({ peer }) =>
        peer === "near"
          ? child(peer, new Promise(() => undefined), loading)
          : child(peer, Promise.resolve(false), Promise.resolve({ code: 3, signal: null })),
    });
    await turn();
    expect(heard).toEqual(["near", "far"]);
    loadingEnds({ code: 130, signal: null });
    expect(await run).toMatchObject({
      code: 3,
      error: { message: "The peer `far` has gone: its process ended with code 3." },
    });
  });
});

/** What a process has that is told to stop, by Ctrl-C or by its parent. */
function stopping(isChild: boolean) {
  const clock = new MachineTime();
  const codes: number[] = [];
  let interrupt: () => void = () => undefined;
  let tell: () => void = () => undefined;
  const told = new Promise<void>((resolve) => (tell = resolve));
  const never = new Promise<void>(() => undefined);
  const stop = stopSignal({
    clock,
    onInterrupt: (callback) => {
      interrupt = callback;
      return () => undefined;
    },
    parent: isChild ? { go: never, stop: told, now: never } : undefined,
    exit: (code) => codes.push(code),
  });
  return { clock, codes, stop, interrupt: () => interrupt(), tell };
}

describe("a process that is told to stop", () => {
  it("ends within a second of Ctrl-C, whatever it does", async () => {
    const { clock, codes, stop, interrupt } = stopping(false);
    interrupt();
    expect(stop.signal.aborted).toBe(true);
    await clock.pass(999);
    expect(codes).toEqual([]);
    await clock.pass(1);
    expect(codes).toEqual([130]);
  });

  it("takes a Ctrl-C that comes at once for the same, and ends without its callers after one that comes later", async () => {
    const { clock, codes, stop, interrupt } = stopping(false);
    stop.waits(60_000);
    interrupt();
    await clock.pass(250);
    interrupt();
    expect(stop.atOnce.aborted).toBe(false);
    await clock.pass(1);
    interrupt();
    expect(stop.atOnce.aborted).toBe(true);
    await clock.pass(1_000);
    expect(codes).toEqual([130]);
  });

  it("leaves Ctrl-C to its parent where it has one, and ends within half a second of its word", async () => {
    const { clock, codes, stop, interrupt, tell } = stopping(true);
    interrupt();
    expect(stop.signal.aborted).toBe(false);
    tell();
    await turn();
    expect(stop.signal.aborted).toBe(true);
    await clock.pass(500);
    expect(codes).toEqual([130]);
  });

  it("has its time where the machine stands still meanwhile", async () => {
    const { clock, codes, interrupt } = stopping(false);
    interrupt();
    await clock.standStill(5_000);
    await clock.pass(899);
    expect(codes).toEqual([]);
    await clock.pass(1);
    expect(codes).toEqual([130]);
  });
});
