import { describe, expect, it } from "vitest";
import type { MeshError } from "../../../runtime/interface/errors.ts";
import { channelLimits } from "../../../runtime/transports/channel/limits.ts";
import type { EngineChannel } from "../../../runtime/transports/webrtc/engines/engine.ts";
import { Outbox } from "../../../runtime/transports/webrtc/outbox.ts";
import { Sluice } from "../../../runtime/transports/webrtc/sluice.ts";
import { virtualClock } from "../remote/support/virtual-clock.ts";

/** An engine that sends a message when it is told to, in the order in which it was given them. */
function engine({
  refuses = false,
  hiddenBytes = undefined as number | undefined,
  asks = false,
  clock = virtualClock(),
} = {}) {
  const held: { readonly name: string; readonly bytes: number }[] = [];
  const listeners: (() => void)[] = [];
  const failures: MeshError[] = [];
  const heldOf = (name: string): number => held.reduce((sum, one) => (one.name === name ? sum + one.bytes : sum), 0);
  const sluice = new Sluice({ clock, ownThread: hiddenBytes === undefined ? undefined : { hiddenBytes }, asks });
  const channel = (name: string): Outbox => {
    const native: EngineChannel = {
      readyState: "open",
      get bufferedAmount() {
        return heldOf(name);
      },
      bufferedAmountLowThreshold: 0,
      send: (message) => {
        if (refuses) throw new Error("Sending failed.");
        held.push({ name, bytes: message.length });
      },
      close: () => undefined,
      addEventListener: (type: string, listener: unknown) => {
        if (type === "bufferedamountlow") listeners.push(listener as () => void);
      },
    };
    return new Outbox({ native, sluice, label: name, peerReady: true, fail: (error) => void failures.push(error) });
  };
  return {
    sluice,
    channel,
    failures,
    /** What it has not sent yet, oldest first. */
    held,
    get heldBytes() {
      return held.reduce((sum, one) => sum + one.bytes, 0);
    },
    /** Sends one message. */
    send(): string | undefined {
      const sent = held.shift();
      for (const listener of listeners) listener();
      return sent?.name;
    },
  };
}

const chunk = (): Uint8Array => new Uint8Array(channelLimits.messageBytes);
const sound = (): Uint8Array => new Uint8Array(200);

/** Keeps a channel as full as its writer may. */
function fill(outbox: Outbox): void {
  while (outbox.writable) outbox.send(chunk());
}

describe("what a connection hands to its engine", () => {
  it("is at most one large message, or 16 small ones, of all streams together", () => {
    const one = engine();
    const bulk = Array.from({ length: 5 }, (_, index) => one.channel(`bulk ${index}`));
    for (const outbox of bulk) fill(outbox);
    expect(one.heldBytes).toBe(channelLimits.messageBytes);
    for (let sent = 0; sent < 20; sent += 1) {
      one.send();
      for (const outbox of bulk) fill(outbox);
      expect(one.heldBytes).toBe(channelLimits.messageBytes);
    }
    const other = engine();
    for (let index = 0; index < 40; index += 1) other.channel(`sound ${index}`).send(sound());
    expect(other.held).toHaveLength(16);
  });

  it("comes from the streams in turns, so that each gets as much", () => {
    const { channel, send } = engine();
    const bulk = ["a", "b", "c"].map((name) => channel(name));
    const sent: (string | undefined)[] = [];
    for (let count = 0; count < 12; count += 1) {
      for (const outbox of bulk) fill(outbox);
      sent.push(send());
    }
    expect(sent.join("")).toBe("abcabcabcabc");
  });

  it("lets a stream that speaks seldom wait for one large message of others at most, however many flood", () => {
    const { channel, send } = engine();
    const bulk = Array.from({ length: 8 }, (_, index) => channel(`bulk ${index}`));
    const voice = channel("voice");
    for (const outbox of bulk) fill(outbox);
    // Each has had its first turn.
    expect(bulk.map(() => send())).toEqual(bulk.map((_, index) => `bulk ${index}`));
    for (let round = 0; round < 50; round += 1) {
      for (const outbox of bulk) fill(outbox);
      voice.send(sound());
      const sent = [send(), send()];
      expect(sent[0]).toMatch(/^bulk/);
      expect(sent[1]).toBe("voice");
      for (const outbox of bulk) fill(outbox);
      send();
    }
  });

  it("gives no stream more than its turns for pausing between its messages", () => {
    const { channel, send } = engine();
    const bulk = channel("bulk");
    const pausing = channel("pausing");
    const sent = { bulk: 0, pausing: 0 };
    for (let round = 0; round < 40; round += 1) {
      fill(bulk);
      // As soon as nothing of it is left it says something large.
      pausing.settle();
      if (!pausing.waiting && pausing.handedMessages === 0) pausing.send(chunk());
      const name = send();
      if (name === "bulk" || name === "pausing") sent[name] += 1;
    }
    expect(sent.bulk).toBeGreaterThanOrEqual(19);
    expect(sent.pausing).toBeGreaterThanOrEqual(13);
  });

  it("ends the connection, and throws at nobody, when the engine refuses to send", () => {
    const { channel, failures } = engine({ refuses: true });
    channel("voice").send(sound());
    expect(failures).toMatchObject([{ code: "peer-lost", message: "The engine could not send: Sending failed." }]);
  });

  it("has room of its own for control messages, which go in before anything that waits", () => {
    const { sluice, channel, held, send } = engine();
    const control = channel("control");
    sluice.setControl(control);
    const bulk = channel("bulk");
    fill(bulk);
    control.send(sound());
    expect(held.map((one) => one.name)).toEqual(["bulk", "control"]);
    fill(bulk);
    expect([send(), send(), send()]).toEqual(["bulk", "control", "bulk"]);
  });

  it("lets an engine that wants it hold more of a channel that is alone, until another has something to send", async () => {
    const clock = virtualClock();
    const { channel, held, send } = engine({ hiddenBytes: 0, clock });
    const [bulk, voice] = [channel("bulk"), channel("voice")];
    fill(bulk);
    // Of the size of two of those that are sent while nothing else is.
    const most = Math.floor((2 * channelLimits.largeMessageBytes) / channelLimits.messageBytes);
    expect(held).toHaveLength(most);
    voice.send(sound());
    fill(bulk);
    // What the engine had goes first, and from then on it holds one message again.
    for (let left = most; left > 0; left -= 1) expect(send()).toBe("bulk");
    expect(held.map(({ name }) => name)).toEqual(["voice"]);
    send();
    fill(bulk);
    expect(held).toHaveLength(1);
    await clock.run(251);
    send();
    fill(bulk);
    expect(held).toHaveLength(most);
  });

  it("wants larger messages of a channel that is alone, where engine and reader take them", async () => {
    const clock = virtualClock();
    const { channel, sluice } = engine({ hiddenBytes: 0, clock });
    const [bulk, voice] = [channel("bulk"), channel("voice")];
    fill(bulk);
    expect(sluice.messageBytes(300 * 1024)).toBe(65 * 1024);
    expect(sluice.messageBytes(20_000)).toBe(20_000);
    voice.send(sound());
    expect(sluice.messageBytes(64 * 1024)).toBe(16 * 1024);
    await clock.run(251);
    expect(sluice.messageBytes(64 * 1024)).toBe(64 * 1024);
    expect(engine().sluice.messageBytes(64 * 1024)).toBe(16 * 1024);
  });

  it("wants the largest where what was given to the engine is known to leave fast, and no longer when it does not", async () => {
    const clock = virtualClock();
    const { channel, sluice, send, held } = engine({ hiddenBytes: 64 * 1024, clock });
    const bulk = channel("bulk");
    /** Sends for so many milliseconds, at so many messages each. */
    const flow = async (ms: number, messages: number): Promise<void> => {
      for (let left = ms; left > 0; left -= 1) {
        for (let more = messages; more > 0; more -= 1) {
          fill(bulk);
          send();
        }
        await clock.run(1);
      }
      fill(bulk);
    };
    await flow(10, 4);
    // Of the 64 KB a millisecond, what the engine may hide has not left for sure.
    expect(sluice.messageBytes(300 * 1024)).toBe(260 * 1024);
    expect(sluice.messageBytes(100 * 1024)).toBe(100 * 1024);
    await flow(50, 4);
    expect(held).toHaveLength(channelLimits.enginedMessages);
    // A pause tells nothing, but a second in which little leaves does.
    await clock.run(5_000);
    expect(sluice.messageBytes(300 * 1024)).toBe(260 * 1024);
    for (let slow = 0; slow < 12; slow += 1) {
      send();
      fill(bulk);
      await clock.run(99);
    }
    expect(sluice.messageBytes(300 * 1024)).toBe(65 * 1024);
  });

  it("takes what goes into a buffer that nobody sees for what has not left", async () => {
    const clock = virtualClock();
    const { channel, sluice, send } = engine({ hiddenBytes: 320 * 1024, clock });
    const bulk = channel("bulk");
    // All at once into the buffer, and from there at 1 MB/s.
    for (let sent = 0; sent < 20; sent += 1) {
      fill(bulk);
      send();
    }
    for (let ms = 0; ms < 3_000; ms += 16) {
      expect(sluice.messageBytes(300 * 1024)).toBe(65 * 1024);
      fill(bulk);
      send();
      await clock.run(16);
    }
  });

  it("are messages as small as the path is slow, so that none keeps others waiting for long", async () => {
    const clock = virtualClock();
    const { channel, sluice, held } = engine({ hiddenBytes: 0, clock });
    const [bulk, voice] = [channel("bulk"), channel("voice")];
    for (const [rate, shared, alone] of [
      [100, 2_048, 2_080],
      [2_000, 2_048, 2_080],
      [10_000, 16_384, 16_640],
      [50_000, 16_384, 66_560],
    ] as const) {
      sluice.rate = rate;
      await clock.run(251);
      expect(sluice.messageBytes(300 * 1024)).toBe(alone);
      bulk.send(sound());
      voice.send(sound());
      expect(sluice.messageBytes(300 * 1024)).toBe(shared);
      held.length = 0;
    }
  });

  it("holds so many bytes of a channel that is alone, and a message more at most", () => {
    const { channel, heldBytes } = engine({ hiddenBytes: 0 });
    const bulk = channel("bulk");
    let sent = 0;
    while (bulk.writable) {
      bulk.send(new Uint8Array(60_000));
      sent += 60_000;
    }
    expect(sent).toBe(180_000);
    expect(heldBytes).toBeLessThanOrEqual(130 * 1024);
  });
});

describe("an outbox that others keep full", () => {
  it("takes what cannot wait for room all the same, up to a bound", () => {
    const { channel, send } = engine();
    const control = channel("control");
    fill(control);
    expect([control.writable, control.takes]).toEqual([false, true]);
    let taken = 0;
    for (; control.takes; taken += 1) control.send(sound());
    // One waits already.
    expect(taken).toBe(channelLimits.queuedMessages - 1);
    expect(() => control.send(sound())).toThrow(/control/);
    send();
    expect(control.takes).toBe(true);
  });
});

describe("where the other side is asked for what it has", () => {
  /** Sends all that it is given at once: what waits, waits in the sluice. */
  const asking = (clock = virtualClock()) => {
    const one = engine({ hiddenBytes: 1024 * 1024, asks: true, clock });
    const sent: string[] = [];
    const drain = (): void => {
      while (one.held.length > 0) {
        const [{ name, bytes }] = one.held as [{ name: string; bytes: number }];
        sent.push(bytes === 0 ? `${name}?` : name);
        one.send();
      }
    };
    return { ...one, sent, drain };
  };
  const kib = 1024;

  it("an empty message goes behind each that takes several packets, and behind no other", () => {
    const { channel, sluice, sent, drain } = asking();
    const control = channel("control");
    sluice.setControl(control);
    const [bulk, voice] = [channel("bulk"), channel("voice")];
    voice.send(sound());
    bulk.send(chunk());
    bulk.send(new Uint8Array(1_120));
    control.send(new Uint8Array(2_000));
    drain();
    expect(sent).toEqual(["voice", "control", "bulk", "bulk?", "bulk"]);
  });

  it("it is asked now and then while a channel is alone, and for the rest when that has paused", async () => {
    const clock = virtualClock();
    const { channel, sent, drain, sluice } = asking(clock);
    const bulk = channel("bulk");
    const go = (): string => {
      const from = sent.length;
      drain();
      for (let count = 0; count < 99 && bulk.writable; count += 1) {
        bulk.send(chunk());
        drain();
      }
      return sent.slice(from).join(" ");
    };
    // As long as nothing is known it is asked each time, and small messages are wanted, which are soon answered.
    expect(go()).toBe("bulk bulk? bulk bulk?");
    expect(sluice.messageBytes(300 * kib)).toBeLessThan(3 * kib);
    let round = "";
    for (let count = 0; count < 6; count += 1) {
      await clock.run(10);
      expect(sluice.confirmed(bulk, bulk.ledger.handedBytes)).toBe(true);
      round = go();
    }
    const questions = round.split("?").length - 1;
    expect(questions).toBeGreaterThanOrEqual(3);
    expect(round.split("bulk").length - 1).toBeGreaterThan(3 * questions);
    expect(sluice.messageBytes(300 * kib)).toBe(65 * kib);
    expect(round.endsWith("?")).toBe(false);
    await clock.run(20);
    drain();
    expect(sent.at(-1)).toBe("bulk?");
    const all = sent.length;
    await clock.run(100);
    drain();
    expect(sent).toHaveLength(all);
  });

  it("no more goes than the path is known to hold, but for what is small, and on when it has arrived", async () => {
    const clock = virtualClock();
    const { channel, sent, drain, sluice } = asking(clock);
    const [bulk, voice] = [channel("bulk"), channel("voice")];
    voice.send(sound());
    for (let count = 0; count < 20; count += 1) {
      if (bulk.writable) bulk.send(chunk());
      drain();
    }
    const bulkSent = (): number => sent.filter((name) => name === "bulk").length;
    // Nothing is known yet.
    expect(bulkSent()).toBe(2);
    voice.send(sound());
    drain();
    expect(sent.at(-1)).toBe("voice");
    await clock.run(20);
    expect(sluice.confirmed(bulk, 2 * 16 * kib)).toBe(true);
    drain();
    while (bulk.writable) {
      bulk.send(chunk());
      drain();
    }
    // In the beginning twice as much may be under way as has come in a round trip.
    expect(bulkSent()).toBe(6);
  });

  it("what was never sent is not confirmed, nor what nobody has asked for", () => {
    const { channel, drain, sluice } = asking();
    const bulk = channel("bulk");
    bulk.send(chunk());
    drain();
    expect(sluice.confirmed(bulk, 16 * kib + 1)).toBe(false);
    expect(sluice.confirmed(bulk, 16 * kib)).toBe(true);
    expect(sluice.confirmed(bulk, 16 * kib - 1)).toBe(false);
    const silent = engine();
    expect(silent.sluice.confirmed(silent.channel("bulk"), 0)).toBe(false);
  });

  it("one that does not answer for a second is not waited for", async () => {
    const clock = virtualClock();
    const { channel, sent, drain } = asking(clock);
    const [bulk, voice] = [channel("bulk"), channel("voice")];
    voice.send(sound());
    const go = (): number => {
      for (let count = 0; count < 20; count += 1) {
        if (bulk.writable) bulk.send(chunk());
        drain();
      }
      return sent.filter((name) => name === "bulk").length;
    };
    expect(go()).toBe(2);
    await clock.run(900);
    expect(go()).toBe(2);
    await clock.run(200);
    expect(go()).toBeGreaterThan(10);
  });
});
