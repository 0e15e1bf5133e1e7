import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import type { FoundPipeline } from "../../runtime/signaling/methods.ts";
import { serviceAddresses } from "../../runtime/signaling/service-addresses.ts";
import { ServiceClient } from "../../runtime/signaling/service-client.ts";
import { connectNodejs } from "../../runtime/signaling/sockets.nodejs.ts";
import { realClock } from "../support/real-clock.ts";
import { RunningMeshc } from "./support/meshc.ts";

const program = fileURLToPath(new URL("fixtures/turns/main.mesh", import.meta.url));
const patience = fileURLToPath(new URL("fixtures/patience/main.mesh", import.meta.url));

function start(args: readonly string[]): RunningMeshc {
  const running = new RunningMeshc([...args, "--format", "json"], {});
  onTestFinished(() => running.end());
  return running;
}

async function service(uri: string): Promise<{ readonly run: RunningMeshc; readonly uri: string }> {
  const run = start(["signal", "--listen", uri]);
  const said = JSON.parse(await run.line((line) => line.includes('"listening"'))) as { readonly address: string };
  return { run, uri: said.address };
}

async function registeredAt(uri: string): Promise<FoundPipeline[]> {
  const init = { clock: realClock, connect: connectNodejs };
  const client = await ServiceClient.open(init, serviceAddresses(uri)[0], new AbortController().signal);
  try {
    return (await client.request("discover", { pipeline: "Saying" })).found;
  } finally {
    client.close();
  }
}

/** What came out of a port, as who has said it and what. */
function saidAt(asker: RunningMeshc, port: string): { readonly pid: number; readonly number: number }[] {
  return asker.said("output").flatMap((one) => {
    if (one.port !== port) return [];
    const [pid = 0, number = 0] = String(one.value).split(" ").map(Number);
    return [{ pid, number }];
  });
}

it("R7.1 R12.1 three peers that take turns are registered again within 3 s when the service is killed and starts anew, and who talks to them does not notice", async () => {
  const first = await service("ws://127.0.0.1:0");
  const ids = ["sayer-1", "sayer-2", "sayer-3"];
  const sayers = ids.map((id) => start(["run", program, "--peer", "sayer", "--id", id, "--register", first.uri]));
  await Promise.all(sayers.map((sayer) => sayer.line((line) => line.includes('"peer-registered"'))));
  const asker = start(["run", program, "--peer", "asker", "--pipeline", "Asking", "--discover", first.uri]);
  const ports = ["said_a", "said_b", "said_c"];
  const last = (port: string): number => saidAt(asker, port).at(-1)?.number ?? -1;
  await expect.poll(() => ports.every((port) => last(port) >= 2), { interval: 20 }).toBe(true);

  first.run.process.kill("SIGKILL");
  await first.run.ended();
  const before = ports.map(last);
  await expect.poll(() => ports.every((port, at) => last(port) > (before[at] ?? 0) + 2), { interval: 20 }).toBe(true);
  const again = await service(first.uri);
  const beganMs = performance.now();
  const registered = async (): Promise<string[]> => (await registeredAt(again.uri)).map(({ peer }) => peer);
  await expect.poll(registered, { interval: 20 }).toEqual(ids);
  const tookMs = performance.now() - beganMs;
  console.info(
    `the service was killed and started anew: three peers were registered again after ${Math.round(tookMs)} ms`,
  );
  expect(tookMs).toBeLessThan(3_000);
  expect((await registeredAt(again.uri)).map(({ epoch }) => epoch)).toEqual([2, 2, 2]);

  const later = ports.map(last);
  await expect.poll(() => ports.every((port, at) => last(port) > (later[at] ?? 0) + 2), { interval: 20 }).toBe(true);
  // Each remote has had one of the three from its first number to its last, and no number is missing.
  const pids = ports.map((port) => {
    const said = saidAt(asker, port);
    expect(said.map(({ number }) => number)).toEqual(said.map((_, index) => index));
    return [...new Set(said.map(({ pid }) => pid))];
  });
  expect(pids.flat().toSorted((a, b) => a - b)).toEqual(sayers.map(({ pid }) => pid).toSorted((a, b) => a - b));
  const { err } = await asker.endedAfter("SIGINT");
  expect(err).toBe("");
});

it("R7.2 R8.3 a service that is killed while a remote looks for another peer costs nothing, for one is known already; and when nobody is left, the remote is back with the service", async () => {
  const first = await service("ws://127.0.0.1:0");
  const sayer = async (uri: string): Promise<RunningMeshc> => {
    const one = start(["run", patience, "--peer", "sayer", "--register", uri]);
    await one.line((line) => line.includes('"peer-registered"'));
    return one;
  };
  const sayers = [await sayer(first.uri), await sayer(first.uri)];
  const asker = start(["run", patience, "--peer", "asker", "--pipeline", "Asking", "--discover", first.uri]);
  const pids = (): number[] => [...new Set(saidAt(asker, "said").map(({ pid }) => pid))];
  const killed = async (one: RunningMeshc): Promise<void> => {
    one.process.kill("SIGKILL");
    await one.ended();
  };
  await asker.line((line) => line.includes('"output"'));
  await asker.line((line) => line.includes('"describe"') && line.includes('"standby"'));
  const [used, other] = (sayers[0]?.pid === pids()[0] ? sayers : sayers.toReversed()) as [RunningMeshc, RunningMeshc];

  const tries = (): number => asker.said("event").filter(({ event }) => event.kind === "remote-connecting").length;
  const before = tries();
  await killed(used);
  await expect.poll(tries, { interval: 1 }).toBeGreaterThan(before);
  await killed(first.run);
  await asker.line((line) => line.includes('"output"') && line.includes(`"${other.pid} `));
  expect(pids()).toEqual([used.pid, other.pid]);

  await killed(other);
  const gone = tries();
  await expect.poll(tries, { interval: 20 }).toBeGreaterThan(gone + 2);
  await service(first.uri);
  const last = await sayer(first.uri);
  await asker.line((line) => line.includes('"output"') && line.includes(`"${last.pid} `));
  expect(pids()).toEqual([used.pid, other.pid, last.pid]);
  // What nobody could take has waited: but for answers that went with those who were killed, no number is missing or out of order.
  const numbers = saidAt(asker, "said").map(({ number }) => number);
  const steps = numbers.slice(1).map((number, at) => number - (numbers[at] ?? 0));
  expect(steps.filter((step) => step !== 1).length).toBeLessThanOrEqual(2);
  const { err } = await asker.endedAfter("SIGINT");
  expect(err).toBe("");
});
