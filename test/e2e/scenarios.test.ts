import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { TestMessage } from "../../compiler/cli/test/messages.ts";
import { folderWith, tone } from "./support/files.ts";
import { meshc, RunningMeshc } from "./support/meshc.ts";

/** Lines, a machine that answers them, and one that stands in. */
const program = `
interface Answering {
  in  line: text
  out answer: text
}

node Reply {
  in  text
  out text
  latency 20ms
  from "./nodes.ts"
}

node Patient {
  in  text
  out text
  from "./nodes.ts"
}

node Waiting {
  in  text
  out text
  from "./nodes.ts"
}

node Failing {
  in  text
  out text
  from "./nodes.ts"
}

pipeline Front {
  in  line: text
  out answer: text

  remote back: Answering {
    at   big.Back
    else small.Back
    else Back()
  }

  line -> back -> answer
}

pipeline Back: Answering {
  in  line: text
  out answer: text

  line -> Reply() -> answer
}

pipeline Worked {
  in  line: text
  out answer: text

  let waiting = Waiting()
  line -> Patient() -> waiting -> answer
}

pipeline Broken {
  in  line: text
  out answer: text

  line -> Failing() -> answer
}

pipeline Found {
  in  line: text
  out answer: text

  remote back: Answering {
    at service "back"
  }

  line -> back -> answer
}

pipeline Called {
  in  line: text
  out answer: text

  remote back: Answering {
    at   "webrtc://127.0.0.1:7444/back"
    else "webrtc://nobody.example.com/Back"
  }

  line -> back -> answer
}

pipeline Heard {
  in  mic: audio<pcm_s16, 16kHz, mono>
  out speaker: audio<pcm_s16, 16kHz, mono>

  mic -> speaker
}

peer edge {
  runs Front
}

peer big {
  runs Back
  listens "webrtc://127.0.0.1:7443"
}

peer small {
  runs Back as "back"
  listens "webrtc://127.0.0.1:7444", "grpc://127.0.0.1:7445"
  registers "ws://127.0.0.1:7440"
}
`.trimStart();

const nodes = `
export const Reply = { sync: true, open: () => ({ map: (line) => "re: " + line }) };
export const Patient = {
  open: () => ({
    async process({ payload }) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      return payload;
    },
  }),
};
export const Waiting = {
  open: (_, { clock }) => ({
    async process({ payload }) {
      await new Promise((resolve) => clock.schedule(50, resolve));
      return payload;
    },
  }),
};
export const Failing = {
  open: () => ({
    process({ payload }) {
      if (payload === "line 3") throw new Error("three is too many");
      return payload;
    },
  }),
};
`;

/** What a scenario does and expects, and what is said of what has not come true: by the line of it, from 1. */
type Case = readonly [steps: string, ...failures: readonly (readonly [line: number, message: RegExp])[]];

const fed = 'feed line from "lines.txt"';

const cases: Readonly<Record<string, Readonly<Record<string, Case>>>> = {
  Front: {
    "nothing happens": [
      `${fed}
       expect back uses big.Back within 1s
       expect answer emits 20 within 3s
       expect gap answer <= 110ms
       expect latency line -> answer p99 <= 25ms
       expect latency line -> answer p50 <= 10ms
       expect latency back -> answer max <= 25ms
       expect latency line -> back max <= 25ms
       expect no loss answer
       expect no duplicates answer`,
      [6, /^From `line` to `answer` it takes 21ms; 10ms are allowed\.$/],
    ],
    "too much is expected": [
      `${fed}
       expect back uses small.Back within 1s
       expect answer emits 21 within 3s
       expect answer emits 20 within 500ms
       expect answer emits 0
       expect gap answer <= 99ms`,
      [2, /^`back` uses `big\.Back` within 1s, and not `small\.Back`\.$/],
      [3, /^`answer` gives 20 frames within 3s, and 21 are expected\.$/],
      [4, /^`answer` gives 5 frames within 500ms, and 20 are expected\.$/],
      [5, /^`answer` gives a frame at 2\S+ms, and none is expected\.$/],
      [6, /^`answer` is silent for 100ms, from \S+ on; 99ms are allowed\.$/],
    ],
    "a machine dies": [
      `${fed}
       at 500ms kill big
       expect back uses small.Back within 3s
       expect answer emits 15
       expect gap answer <= 300ms
       expect no loss answer
       expect no duplicates answer`,
      [5, /^`answer` is silent for [5-7]\d\dms, from 42\dms on; 300ms are allowed\.$/],
    ],
    "both die": [
      `${fed}\n at 500ms kill big\n at 800ms kill small\n expect back uses Back within 4s\n expect no loss answer`,
    ],
    "a machine stops for a moment": [
      `${fed}\n at 500ms pause big\n at 700ms resume big\n expect back uses big.Back\n expect no loss answer`,
    ],
    "a machine stops for long": [
      `${fed}\n at 500ms pause big\n expect back uses small.Back within 3s\n at 5s resume big\n expect no duplicates answer`,
    ],
    "a path is cut and healed": [
      `${fed}\n at 500ms cut edge..big\n at 600ms heal edge..big\n expect back uses big.Back\n expect no loss answer\n expect gap answer <= 100ms`,
      [6, /^`answer` is silent for /],
    ],
    "a path is long": [
      `${fed}\n at 0s delay edge..big 40ms\n expect latency line -> answer p50 <= 90ms\n expect answer emits 20`,
      [3, /^From `line` to `answer` it takes 1\d\dms; 90ms are allowed\.$/],
    ],
    "a path loses": [`${fed}\n at 0s lose edge..big 20%\n expect no loss answer\n expect no duplicates answer`],
    "a path loses everything": [`${fed}\n at 500ms lose edge..big 100%\n expect back uses small.Back within 3s`],
    "who runs it dies": [`${fed}\n at 500ms kill edge\n expect answer emits 0 within 1s`],
    "a file is not there": [
      `feed line from "linse.txt"\n expect answer emits 1`,
      [1, /^There is no file linse\.txt\.$/],
    ],
    "nothing is fed": [
      `expect answer emits 1 within 1s\n expect gap answer <= 1s`,
      [1, /0 frames/],
      [2, /^`answer` gives nothing at all\.$/],
    ],
  },
  Worked: {
    "work takes no time, and waiting does": [
      `${fed}\n expect latency line -> waiting max <= 60ms\n expect latency line -> waiting p0 <= 40ms`,
      [3, /it takes 50ms/],
    ],
  },
  Broken: { "code throws": [`${fed}\n expect answer emits 2`, [0, /^After 200ms: .*three is too many/]] },
  Found: { "a service is found": [`${fed}\n expect back uses "back" within 1s\n expect answer emits 20`] },
  Called: { "an address is called": [`${fed}\n expect answer emits 20 within 3s`] },
  Heard: {
    "sound is fed as it is spoken": [
      `feed mic from "tone.wav"\n expect speaker emits 25 within 490ms\n expect speaker emits 26 within 490ms\n expect gap speaker <= 20ms`,
      [3, /25 frames/],
    ],
  },
};

const all = Object.entries(cases).flatMap(([pipeline, scenarios]) =>
  Object.entries(scenarios).map(([title, [steps, ...failures]]) => ({ pipeline, title, steps, failures })),
);

const text = `${program}\n${all.map(({ pipeline, title, steps }) => `scenario "${title}" for ${pipeline} {\n${steps}\n}\n`).join("\n")}`;

const lines = Array.from({ length: 20 }, (_, index) => `line ${index + 1}\n`).join("");

function files(): string {
  return folderWith({
    "package.json": "{}",
    "main.mesh": text,
    "nodes.ts": nodes,
    "lines.txt": lines,
    "tone.wav": tone(1),
  });
}

function messages(out: string): TestMessage[] {
  return out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as TestMessage);
}

describe("meshc test", () => {
  it("plays each step, and says of each expectation whether it has come true and what was seen in its stead", async () => {
    const cwd = files();
    const { code, out, err } = await meshc(["test", "--format", "json"], { cwd });
    expect({ code, err }).toEqual({ code: 1, err: "" });
    const said = messages(out);
    const results = said.filter((one) => one.type === "scenario");
    const source = text.split("\n");
    const found = results.map(({ title, failures, range }) => [
      title,
      failures.map(({ message, range: place }) => [place.start.line - range.start.line, message]),
    ]);
    const wanted = all.map(({ title, failures }) => [
      title,
      failures.map(([line, message]) => [line, expect.stringMatching(message)]),
    ]);
    expect(found).toEqual(wanted);
    for (const { title, range } of results) expect(source[range.start.line]).toContain(`scenario "${title}"`);
    expect(said.filter((one) => one.type === "started").map(({ title }) => title)).toEqual(
      all.map(({ title }) => title),
    );
    const failed = all.filter(({ failures }) => failures.length > 0).length;
    expect(said.at(-1)).toEqual({ type: "ended", passed: all.length - failed, failed, broken: 0 });
  });

  it("is the same each time, and another with another seed", async () => {
    const cwd = files();
    const timelines = await Promise.all(
      [[], [], ["--seed", "2"]].map(async (more) => {
        const { out } = await meshc(["test", "--format", "json", "--scenario", "a path loses", ...more], { cwd });
        return messages(out).flatMap((one) => (one.type === "scenario" ? [one.timeline] : []));
      }),
    );
    const [first, again, other] = timelines;
    expect(first).toHaveLength(1);
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });

  it("shows people what has failed where, and what happened", async () => {
    const cwd = files();
    const chosen = ["--scenario", "a machine dies", "--scenario", "nothing is fed", "--scenario", "both die"];
    const { code, out, err } = await meshc(["test", "main.mesh", ...chosen], { cwd });
    expect({ code, err }).toEqual({ code: 1, err: "" });
    expect(out).toMatch(/^main\.mesh\n {2}✗ a machine dies \(\S+\)\n\nerror: `answer` is silent for /);
    expect(out).toMatch(/\n *--> main\.mesh:\d+:8\n[^]*expect gap answer <= 300ms\n +\| +\^{26}\n/);
    expect(out).toMatch(
      /= note: What happened:\n +5\.4ms {2}back uses big\.Back\n[^]* 500ms {2}kill big\n[^]*back gives up big\.Back: [^\n]*; next is small\.Back\n/,
    );
    expect(out).toMatch(/\n {2}✓ both die \(\S+\)\n/);
    expect(out).toMatch(/\n\n3 scenarios: 1 passed, 2 failed\n$/);
    // Colours only where they are wanted.
    expect(out).not.toContain("\u001b");
    const coloured = await meshc(["test", "--scenario", "both die"], { cwd, env: { FORCE_COLOR: "1" } });
    expect(coloured.out).toContain("\u001b[32m✓\u001b[39m both die");
    const plain = await meshc(["test", "--scenario", "both die"], { cwd, env: { FORCE_COLOR: "1", NO_COLOR: "1" } });
    expect(plain.out).not.toContain("\u001b");
  });

  it.each([
    [
      "no such title",
      ["--scenario", "a machine dyes"],
      2,
      'error: There is no scenario "a machine dyes" in main.mesh.\n  help: Did you mean "a machine dies"?\n',
    ],
    ["a seed that is none", ["--seed", "x"], 2, "error: `x` is no seed."],
    ["a time that is none", ["--timeout", "60"], 2, "error: `60` is no time that a scenario may take."],
    ["JSON that is watched", ["--watch", "--format", "json"], 2, "error: `--watch` prints text only."],
    ["no such file", ["mian.mesh"], 3, "error: There is no file mian.mesh.\n  help: Did you mean main.mesh?\n"],
  ])("says in one line what is wrong: %s", async (_what, args, code, message) => {
    const result = await meshc(["test", ...args], { cwd: files() });
    expect(result).toMatchObject({ code, err: expect.stringContaining(message) });
  });

  it.each([
    ["has none", "record R { a: text }\n", 2, "There is no scenario in main.mesh."],
    ["has errors", text.replace("kill big", "kill bigg"), 1, "error[MESH2001]"],
    ["has nodes without code", text.replace('from "./nodes.ts"', ""), 1, "the node `Reply` has no code"],
    [
      "has code that is not there",
      text.replace("./nodes.ts", "./noodes.ts"),
      1,
      "comes from noodes.ts, and there is no such file.",
    ],
  ])("plays nothing of a program that %s", async (_what, main, code, message) => {
    const cwd = files();
    writeFileSync(join(cwd, "main.mesh"), main);
    const result = await meshc(["test"], { cwd });
    expect(result).toMatchObject({ code, err: expect.stringContaining(message) });
    if (code === 1) expect(result.out).toBe("0 scenarios: 1 program not played\n");
  });

  it("gives up a scenario that takes too long", async () => {
    const cwd = files();
    writeFileSync(join(cwd, "nodes.ts"), nodes.replace("setTimeout(resolve, 5)", "undefined"));
    const args = ["test", "--timeout", "300ms", "--scenario", "work takes no time, and waiting does"];
    const { code, out } = await meshc(args, { cwd });
    expect(code).toBe(1);
    expect(out).toContain("it takes longer than 300ms of real time.");
    expect(out).toContain("help: Give it more with `--timeout`.");
  });

  it("plays again when the program, its code or what is fed changes", async () => {
    const cwd = files();
    const running = new RunningMeshc(["test", "--watch", "--scenario", "a service is found"], { cwd });
    onTestFinished(() => running.end());
    /** What the round of this number has come to. */
    const round = async (number: number): Promise<string | undefined> => {
      const over = (): boolean => running.lines.filter((line) => line.startsWith("waiting")).length >= number;
      await running.line(over);
      return running.lines.findLast((line) => line.startsWith("1 scenario"));
    };
    expect(await round(1)).toBe("1 scenario: 1 passed");
    writeFileSync(join(cwd, "lines.txt"), "only one\n");
    expect(await round(2)).toBe("1 scenario: 1 failed");
    writeFileSync(join(cwd, "lines.txt"), lines);
    expect(await round(3)).toBe("1 scenario: 1 passed");
    writeFileSync(join(cwd, "nodes.ts"), nodes.replace('"re: " + line', "undefined"));
    expect(await round(4)).toBe("1 scenario: 1 failed");
    writeFileSync(join(cwd, "nodes.ts"), nodes);
    expect(await round(5)).toBe("1 scenario: 1 passed");
    writeFileSync(join(cwd, "main.mesh"), text.replaceAll("answer emits 20\n}", "answer emits 21\n}"));
    expect(await round(6)).toBe("1 scenario: 1 failed");
  });
});
