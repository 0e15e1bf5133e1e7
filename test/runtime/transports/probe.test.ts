import { expect, it } from "vitest";
import { Probe } from "../../../runtime/transports/webrtc/probe.ts";
import { decodeControl } from "../../../runtime/transports/webrtc/transport-messages.ts";
import { virtualClock } from "../remote/support/virtual-clock.ts";

function probing(canFail = true) {
  const clock = virtualClock();
  const seen: string[] = [];
  const note = (what: string): void => void seen.push(`${clock.nowMs} ms: ${what}`);
  const probe = new Probe({
    clock,
    packetBytes: 4_096,
    send: (message) => note(JSON.stringify(decodeControl(message))),
    whenPassed: () => note("passed"),
    whenFailed: canFail ? () => note("failed") : undefined,
  });
  return { clock, seen, probe };
}

const asked = '{"kind":"probe","size":4096}';

it("R4.3 packets of a size are proved by the first answer, and others change nothing", async () => {
  const { clock, seen, probe } = probing();
  expect(probe.passed).toBe(false);
  await clock.run(300);
  probe.answered(4_095);
  probe.answered(4_096);
  probe.answered(4_096);
  await clock.run(5_000);
  expect(seen).toEqual([`0 ms: ${asked}`, `250 ms: ${asked}`, "300 ms: passed"]);
  expect(probe.passed).toBe(true);
  expect(clock.pending).toBe(0);
});

it("R4.3 packets of a size do not pass when a second has gone by without an answer, whatever comes then", async () => {
  const { clock, seen, probe } = probing();
  await clock.run(5_000);
  probe.answered(4_096);
  const tries = [0, 250, 500, 750].map((ms) => `${ms} ms: ${asked}`);
  expect(seen).toEqual([...tries, "1000 ms: failed"]);
  expect(probe.passed).toBe(false);
  expect(clock.pending).toBe(0);
});

it("R4.3 who was called goes on to ask: the other side may not have the connection yet, and sees by itself what passes", async () => {
  const { clock, seen, probe } = probing(false);
  await clock.run(2_600);
  probe.answered(4_096);
  await clock.run(5_000);
  expect(seen).toHaveLength(12);
  expect(seen.at(-1)).toBe("2600 ms: passed");
  expect(clock.pending).toBe(0);
});

it("what ends meanwhile proves nothing", async () => {
  const { clock, seen, probe } = probing();
  probe.close();
  probe.answered(4_096);
  await clock.run(5_000);
  expect(seen).toEqual([`0 ms: ${asked}`]);
  expect(probe.passed).toBe(false);
});
