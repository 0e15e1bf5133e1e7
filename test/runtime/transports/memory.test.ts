import { expect, test } from "vitest";
import { memoryNetwork } from "../../../runtime/transports/memory/network.ts";
import { realClock } from "../../conformance/real-clock.ts";
import { conformancePipelines } from "../../conformance/pipelines.ts";
import { localPeers, transportConformance } from "../../conformance/transport.ts";

transportConformance({
  name: "memory",
  peers() {
    const network = memoryNetwork({ clock: realClock() });
    return localPeers(
      network.transport("caller"),
      network.transport("callee", { pipelines: () => conformancePipelines }),
    );
  },
  scheme: "memory",
  listenUri: "memory://callee",
  nowhere: "memory://nobody",
});

const signal = new AbortController().signal;

test("delivers in a later turn, never inside `send`", async () => {
  const network = memoryNetwork({ clock: realClock() });
  let seen = 0;
  await network.transport("b").listen("memory://b", (connection) => connection.control.onMessage(() => seen++));
  const connection = await network.transport("a").dial("memory://b/Any", { signal });
  await Promise.resolve();
  connection.control.send(Uint8Array.of(1));
  expect(seen).toBe(0);
  await Promise.resolve();
  expect(seen).toBe(1);
});

test("a killed peer falls silent, refuses new dials and can come back under its name", async () => {
  const network = memoryNetwork({ clock: realClock() });
  let seen = 0;
  const listen = () =>
    network.transport("gpu").listen("memory://gpu", (connection) => connection.control.onMessage(() => seen++));
  await listen();
  const caller = network.transport("web");
  const connection = await caller.dial("memory://gpu/Any", { signal });
  let ended = false;
  void connection.closed.then(() => (ended = true));
  network.kill("gpu");
  while (connection.control.writable) connection.control.send(Uint8Array.of(1));
  await new Promise((resolve) => setImmediate(resolve));
  expect({ seen, ended, writable: connection.control.writable }).toEqual({ seen: 0, ended: false, writable: false });
  await expect(caller.dial("memory://gpu/Any", { signal })).rejects.toMatchObject({ code: "peer-unreachable" });
  await connection.close();
  await listen();
  const again = await caller.dial("memory://gpu/Any", { signal });
  again.control.send(Uint8Array.of(1));
  await new Promise((resolve) => setImmediate(resolve));
  expect(seen).toBe(1);
});

test("a cut address swallows messages and lets dials run into their deadline until it is restored", async () => {
  const timers: (() => void)[] = [];
  const clock = {
    nowUs: () => 0,
    wallMs: () => 0,
    schedule: (_: number, run: () => void) => (timers.push(run), () => undefined),
  };
  const network = memoryNetwork({ clock });
  let seen = 0;
  await network.transport("b").listen("memory://b", (connection) => connection.control.onMessage(() => seen++));
  const caller = network.transport("a");
  const connection = await caller.dial("memory://b/Any", { signal });
  network.cut("memory://b");
  connection.control.send(Uint8Array.of(1));
  await new Promise((resolve) => setImmediate(resolve));
  expect(seen).toBe(0);
  const late = expect(caller.dial("memory://b/Any", { signal })).rejects.toMatchObject({ code: "deadline-exceeded" });
  for (const run of timers) run();
  await late;
  network.restore("memory://b");
  const again = await caller.dial("memory://b/Any", { signal });
  again.control.send(Uint8Array.of(1));
  await new Promise((resolve) => setImmediate(resolve));
  expect(seen).toBe(1);
});
