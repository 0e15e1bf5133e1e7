import { expect, it } from "vitest";
import { Confirmations } from "../../../runtime/transports/webrtc/confirmations.ts";
import { decodeControl, encodeConfirmed } from "../../../runtime/transports/webrtc/transport-messages.ts";
import { virtualClock } from "../remote/support/virtual-clock.ts";

it("what has come is told at once, then no more often than every two milliseconds, and the last of it too", async () => {
  const clock = virtualClock();
  const told: string[] = [];
  const confirmations = new Confirmations(clock, (id) => told.push(`${clock.nowMs} ms: ${id}`));
  for (const id of [1, 1, 2, 1]) confirmations.asked(id);
  await clock.run(1);
  confirmations.asked(2);
  await clock.run(3);
  confirmations.asked(3);
  await clock.run(10);
  confirmations.asked(1);
  expect(told).toEqual(["0 ms: 1", "2 ms: 1", "2 ms: 2", "4 ms: 3", "14 ms: 1"]);
  await clock.run(10);
  expect(clock.pending).toBe(0);
  confirmations.asked(1);
  confirmations.asked(2);
  confirmations.close();
  await clock.run(10);
  expect(told).toHaveLength(6);
});

it("what has come is told modulo 2^32", () => {
  expect(decodeControl(encodeConfirmed(1023, 2 ** 32 + 5))).toEqual({ kind: "confirmed", id: 1023, bytes: 5 });
});
