import { spawnSync } from "node:child_process";
import { createServer } from "node:net";
import { expect } from "vitest";

/** Process ids of a group that are still there, without those that only wait for their parent to notice. */
export function groupMembers(group: number): number[] {
  const { stdout } = spawnSync("ps", ["-eo", "pid=,pgid=,stat="], { encoding: "utf8" });
  return stdout
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([, pgid, state = ""]) => Number(pgid) === group && !state.startsWith("Z"))
    .map(([pid]) => Number(pid));
}

/**
 * Resolves when a group is empty; what does not end by itself has to run for longer than is waited for that.
 *
 * @param limitMs the time that it has, where one is promised
 */
export async function groupGone(group: number, limitMs?: number): Promise<void> {
  const limit = limitMs !== undefined && { timeout: limitMs };
  await expect.poll(() => groupMembers(group), { interval: 20, ...limit }).toEqual([]);
}

/** How many ports each worker of the tests has to itself: below those that systems give to whoever asks for any. */
const portsOfAWorker = 1_000;

/**
 * Ports of the loopback interface that nobody uses now, nor will before the test does: each worker has its own range.
 *
 * @throws when the range has not as many that are free
 */
export async function freePorts(count: number): Promise<number[]> {
  const first = 20_000 + (Number(process.env["VITEST_POOL_ID"] ?? 1) % 12) * portsOfAWorker;
  const start = Math.floor(Math.random() * portsOfAWorker);
  const found: number[] = [];
  for (let tried = 0; tried < portsOfAWorker && found.length < count; tried += 1) {
    const port = first + ((start + tried) % portsOfAWorker);
    if (await isFree(port)) found.push(port);
  }
  if (found.length < count) throw new Error(`from ${first} on there are not ${count} free ports`);
  return found;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

/** Addresses for the three peers of the programs that the tests run, as the variables they read. */
export async function freeAddresses(): Promise<Record<"CLIENT_LISTENS" | "EDGE_LISTENS" | "GPU_LISTENS", string>> {
  const [client, edge, gpu] = (await freePorts(3)).map((port) => `webrtc://127.0.0.1:${port}`);
  return { CLIENT_LISTENS: client ?? "", EDGE_LISTENS: edge ?? "", GPU_LISTENS: gpu ?? "" };
}

/** The process that `parent` has started with these words among its arguments. */
export function childWith(parent: number, words: string): number {
  const { stdout } = spawnSync("ps", ["-eo", "pid=,ppid=,args="], { encoding: "utf8" });
  const found = stdout
    .split("\n")
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .find((parts) => Number(parts?.[2]) === parent && parts?.[3]?.includes(words));
  if (found === undefined) throw new Error(`${parent} has started no process with ${words}`);
  return Number(found?.[1]);
}
