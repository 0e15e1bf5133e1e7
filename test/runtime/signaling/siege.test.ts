import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { signalLimits } from "../../../runtime/signaling/limits.ts";
import { bundledScript } from "../../support/bundled-script.ts";
import { pipeline } from "./registry/support.ts";
import type { Besieged } from "./support/besieged.ts";
import { closing, frame, rawClient } from "./support/raw-client.ts";
import { stranger } from "./support/stranger.ts";

const mib = 1024 * 1024;
const offers = 10_000;
/** Together they would be behind by more than the bound. */
const readers = 24;
/** With what the runtime itself takes for its work. */
const bound = 96 * mib;
const rpc = (id: number, method: string, params: object): Buffer => frame({ jsonrpc: "2.0", id, method, params });

let child: ChildProcess;
const open = new Set<{ destroy(): unknown }>();

async function ask(): Promise<Besieged> {
  child.send("how is it");
  const [said] = (await once(child, "message")) as [Besieged];
  return said;
}

async function refusals(port: number): Promise<Record<string, number>> {
  const response = await fetch(`http://127.0.0.1:${port}/healthz`, { headers: { connection: "close" } });
  return ((await response.json()) as { readonly refusals: Record<string, number> }).refusals;
}

/** So many at a time, until all have been. */
async function inTurn(count: number, work: () => Promise<void>): Promise<void> {
  let left = count;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await work();
    }
  };
  await Promise.all(Array.from({ length: 100 }, worker));
}

beforeAll(async () => {
  const script = await bundledScript(new URL("support/besieged.ts", import.meta.url));
  // Without the arguments by which this process runs tests.
  child = fork(script, { stdio: ["ignore", "inherit", "inherit", "ipc"], execArgv: [] });
  await once(child, "message");
});

afterAll(() => {
  for (const socket of open) socket.destroy();
  child.kill("SIGKILL");
});

describe("the memory of a process", () => {
  it("R7.1 is bounded under 10,000 offers that are never finished: 64 are kept, the others refused", async () => {
    const before = await ask();
    const { peerPort } = before;
    const sdp = "a=candidate:1 1 udp 2122260223 192.0.2.1 54400 typ host generation 0\r\n".repeat(29);
    const offer = Buffer.concat([rpc(1, "hello", { versions: [1], pipeline: "Hearing" }), rpc(2, "offer", { sdp })]);
    const attempt = async (): Promise<number> => {
      const { socket, first } = rawClient(peerPort, offer);
      const said = await first;
      if (said === closing) socket.destroy();
      else open.add(socket);
      return said;
    };
    let kept = 0;
    await inTurn(offers, async () => {
      if ((await attempt()) !== closing) kept += 1;
    });
    const after = await ask();
    // On a machine that takes longer than 30 s for it the first have ended by then, and others got their places.
    expect(kept).toBeGreaterThanOrEqual(signalLimits.pendingCalls);
    expect(after.held).toBe(signalLimits.pendingCalls);
    expect(after.peakBytes - before.peakBytes).toBeLessThan(bound);
    for (const socket of open) socket.destroy();
    open.clear();
    expect(await refusals(peerPort)).toMatchObject({ "half-open": offers - kept });
  });

  it("R7.1 is bounded under readers that do not read: who has a mebibyte before it is closed", async () => {
    const before = await ask();
    const { servicePort } = before;
    const registered = await stranger(servicePort);
    open.add({ destroy: () => registered.socket.terminate() });
    await registered.ask("hello", { versions: [1] });
    const pipelines = Array.from({ length: 64 }, (_, index) => pipeline(`Hearing${index}${"x".repeat(100)}`));
    const base = { key: "k".repeat(32), name: "one", addresses: [], relay: true, provides: [], pipelines };
    for (const id of ["one", "two", "three", "four"]) {
      expect(await registered.ask("register", { ...base, id })).toHaveProperty("result");
    }
    // Each gets a page of 56 KiB for each: five times what is kept for it.
    const questions = Array.from({ length: 95 }, (_, index) => rpc(index + 2, "discover", { limit: 200 }));
    const all = Buffer.concat([rpc(1, "hello", { versions: [1] }), ...questions]);
    const slow = Array.from({ length: readers }, () => rawClient(servicePort, all));
    for (const { socket } of slow) open.add(socket);
    await Promise.all(slow.map(({ first }) => first));
    let counted = await refusals(servicePort);
    while ((counted["unread"] ?? 0) < readers) counted = await refusals(servicePort);
    const after = await ask();
    expect(counted).toEqual({ unread: readers });
    expect(after.peakBytes - before.peakBytes).toBeLessThan(bound);
  });
});
