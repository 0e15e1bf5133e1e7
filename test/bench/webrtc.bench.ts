import { fork } from "node:child_process";
import { bundledScript } from "../support/bundled-script.ts";
import type { BenchRow } from "./hop-rounds.ts";
import type { BenchEngine } from "./webrtc-raw.ts";

export const title =
  "Bytes between two processes: frames of a session with all that it does for them, beside messages of the engine alone";

export async function run(): Promise<{ readonly rows: readonly BenchRow[]; readonly notes: readonly string[] }> {
  const long = process.argv.includes("--long");
  const [near, far] = await Promise.all(
    ["webrtc-near.ts", "webrtc-peer.ts"].map((name) => bundledScript(new URL(name, import.meta.url))),
  );
  // Each engine in a process of its own, as a program has one: code that has met both is slower with either.
  const measured = (engine: BenchEngine): Promise<readonly BenchRow[]> =>
    new Promise((resolve, reject) => {
      const child = fork(near as string, [far as string, engine, ...(long ? ["--long"] : [])], { execArgv: [] });
      child.once("message", (said) => resolve(said as readonly BenchRow[]));
      child.once("exit", (code) => reject(new Error(`The near side ended early with code ${code}.`)));
    });
  const rows = [...(await measured("werift")), ...(await measured("node-datachannel"))];
  return {
    rows,
    notes: [
      `Figures are medians of ${long ? 15 : "3 rounds over werift and 9 over node-datachannel"}${long ? " rounds" : ""} (${long ? 31 : 15} of what goes there and back), ours and the peer's in turn; before them each`,
      "way has run until its code is compiled. Of a round trip, what the session adds is the difference of the turns that went well: the medians",
      "that a quarter of the turns of each were as good as. The processes run what a bundler makes of a program, without a compiler in them.",
      "Peers of one machine send packets as large as each engine bears there (node-datachannel 4,096 bytes), an engine alone those of a network.",
      "An engine alone sends messages of up to 64 KiB, with 128 KiB in its queue; what came in several is put together, and nothing of it read.",
      "Who waits for nothing gives an engine 256 messages a turn of the event loop, and a session as many as it takes. werift takes",
      "time with the square of what waits in it: with a queue of 128 KiB it is as fast as that queue is short just then.",
    ],
  };
}
