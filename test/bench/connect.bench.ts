import { fork } from "node:child_process";
import { once } from "node:events";
import { bundledScript } from "../support/bundled-script.ts";
import { median, rounded, type BenchRow } from "./hop-rounds.ts";

export const title =
  "Time until messages can flow between peers of two processes, in milliseconds: a dial with its signaling, beside the engine alone";

/** The processes run what a bundler makes of a program, without a compiler in them. */
async function measured(): Promise<Readonly<Record<string, readonly number[]>>> {
  const [caller, callee] = await Promise.all(
    ["caller", "callee"].map((side) => bundledScript(new URL(`connect-${side}.ts`, import.meta.url))),
  );
  const child = fork(caller ?? "", [callee ?? ""], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const left = once(child, "exit").then(([code]) =>
    Promise.reject(new Error(`The process that calls has ended (${code}).`)),
  );
  const told = once(child, "message").then(([message]) => (message as { figures: Record<string, number[]> }).figures);
  left.catch(() => undefined);
  return Promise.race([told, left]);
}

export async function run(): Promise<{ readonly rows: readonly BenchRow[] }> {
  const figures = await measured();
  const row = (name: string, peer: string, goal: string): BenchRow => {
    const [own, theirs] = [median(figures[name] ?? []), median(figures[peer] ?? [])];
    return {
      case: name,
      metric: "connect, median",
      unit: "ms",
      ours: rounded(own),
      peer: rounded(theirs),
      peerName: peer,
      ratio: rounded(own / theirs),
      goal,
    };
  };
  return {
    rows: [
      row("werift, dialled", "werift as published", "< 1"),
      row("werift, dialled", "the engine alone", "<= peer + 10 ms"),
      row("node-datachannel, dialled", "the native engine alone", "<= peer + 10 ms"),
      row("werift, shared", "werift, dialled", "< 0.2"),
      row("node-datachannel, shared", "node-datachannel, dialled", "< 0.2"),
    ],
  };
}
