import { describe, expect, it } from "vitest";
import { seededRandom, virtualClock } from "pipeline-mesh/testing";
import { formatType } from "../../../runtime/interface/caps.ts";
import { readFormat } from "../../../runtime/testing/formats.ts";

describe("virtual time", () => {
  it("calls what falls due in order, each at its own time", () => {
    const clock = virtualClock(1_000);
    const seen: [string, number][] = [];
    const note = (name: string) => () => void seen.push([name, clock.nowUs() / 1000]);
    clock.schedule(30, note("c"));
    clock.schedule(10, () => {
      note("a")();
      clock.schedule(5, note("b"));
      clock.schedule(500, note("never"));
    });
    const cancel = clock.schedule(20, note("cancelled"));
    cancel();
    cancel();
    clock.advance(40);
    expect(seen).toEqual([
      ["a", 10],
      ["b", 15],
      ["c", 30],
    ]);
    expect([clock.nowUs(), clock.wallMs(), clock.pending]).toEqual([40_000, 1_040, 1]);
  });

  it("lets code between two waits go on", async () => {
    const clock = virtualClock();
    const wait = (ms: number): Promise<void> => new Promise((resolve) => clock.schedule(ms, resolve));
    let rounds = 0;
    void (async () => {
      for (; rounds < 100; rounds += 1) await wait(10);
    })();
    await clock.advanceAsync(95);
    expect(rounds).toBe(9);
    expect(clock.nowUs()).toBe(95_000);
  });

  it("takes a delay of 0 for a turn of the event loop", async () => {
    const clock = virtualClock();
    const seen: string[] = [];
    clock.schedule(0, () => seen.push("cancelled"))();
    await new Promise<void>((resolve) => clock.schedule(0, resolve));
    await clock.advanceAsync(0);
    expect([seen, clock.nowUs(), clock.pending]).toEqual([[], 0, 0]);
  });
});

describe("seeded randomness", () => {
  it("is the same for the same seed, and even", () => {
    const numbers = (seed: number): number[] => {
      const random = seededRandom(seed);
      return Array.from({ length: 1_000 }, () => random.next());
    };
    expect(numbers(7)).toEqual(numbers(7));
    expect(numbers(7)).not.toEqual(numbers(8));
    const mean = numbers(7).reduce((sum, one) => sum + one) / 1_000;
    expect(mean).toBeCloseTo(0.5, 1);
    expect([...seededRandom(3).bytes(4)]).toEqual([...seededRandom(3).bytes(4)]);
  });
});

describe("formats as texts", () => {
  it.each([
    "text",
    "json",
    "signal",
    "duration",
    "audio",
    "audio<pcm_f32>",
    "audio<pcm_s16, 16kHz, mono>",
    "audio<opus, 48kHz, stereo>",
    "audio<pcm_f32, 11025Hz, 6ch>",
    "video<h264, 1280x720, 30fps>",
    "[text]",
  ])("%s is read as it is written", (text) => {
    expect(formatType(readFormat(text))).toBe(text);
  });

  it.each(["", "txt", "audio<>x", "audio<pcm_f32, 48>", "audio<a, 1Hz, mono, x>", "video<i420, 4, 5fps>"])(
    "refuses %j",
    (text) => {
      expect(() => readFormat(text)).toThrow(`\`${text}\` is no format`);
    },
  );
});
