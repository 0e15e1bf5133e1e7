import { describe, expect, it } from "vitest";
import { pictureOf } from "../../compiler/graph/from-plan.ts";
import { framesOf, type Picture } from "../../compiler/graph/picture.ts";
import { svg } from "../../compiler/graph/svg.ts";
import { advance, initialState } from "../../compiler/cli/run/view-state.ts";
import type { SessionDescription } from "../../runtime/interface/session.ts";
import { findMeshc, wantsMeshc, type Disk } from "../../vscode-extension/core/find-meshc.ts";
import { pictureOrReason } from "../../vscode-extension/core/graph-answer.ts";
import { livePicture, type PeerSession } from "../../vscode-extension/core/live-picture.ts";
import { readFromPage } from "../../vscode-extension/core/messages.ts";
import { partsAt, placeOf } from "../../vscode-extension/core/picture-places.ts";
import { measure, noRates, rateOf, rateText, streamRates, withInner } from "../../vscode-extension/core/rates.ts";
import { filesOfPort, runArguments, runTitle } from "../../vscode-extension/core/run-request.ts";
import { Restarts } from "../../vscode-extension/core/restarts.ts";
import { runRows, type RunRow } from "../../vscode-extension/core/run-tree.ts";
import { failureText, reasonOfNone, scenarioArguments } from "../../vscode-extension/core/scenario-results.ts";
import type { ToPage } from "../../vscode-extension/core/messages.ts";
import { ToldPage } from "../../vscode-extension/core/told-page.ts";
import { UntilHeard } from "../../vscode-extension/core/until-heard.ts";
import { graphPage } from "../../vscode-extension/host/graph-page.ts";
import { compileText } from "../compiler/support/marked.ts";

const program = `interface Answering {
  in  line: text
  out answer: text
}
node Shout { in text
  out text }
pipeline Front {
  in  line: text
  out answer: text
  remote loud: Answering {
    at   back.Loud
    else Loud()
  }
  line -> loud -> answer
}
pipeline Loud: Answering {
  in  line: text
  out answer: text
  line -> Shout() -> answer
}
peer front { runs Front
  listens "webrtc://127.0.0.1:7451" }
peer back { runs Loud
  listens "webrtc://127.0.0.1:7452" }
`;

function draw(): Picture {
  const { plan } = compileText(program);
  if (plan === undefined) throw new Error("the program has errors");
  return pictureOf(plan, "main.mesh");
}
const picture = draw();

/** A session of `Loud` in which so many frames have gone through. */
function loud(frames: number, more: Partial<SessionDescription> = {}): SessionDescription {
  const stream = { format: "text", frames, bytes: frames * 10, dropped: 0, queued: 0, hopMs: 0.5 };
  return {
    id: "one",
    pipeline: "Loud",
    nodes: [{ id: "Shout", node: "Shout", state: "running", frames, workMs: 0.25 }],
    remotes: [],
    streams: [
      { name: "line -> Shout.in", ...stream },
      { name: "Shout.out -> answer", ...stream, dropped: 2 },
    ],
    ...more,
  };
}

/** The labels of the parts with these ids. */
function labels(ids: readonly string[]): string[] {
  const frames = [...framesOf(picture.frames)];
  const parts = [...frames, ...frames.flatMap((one) => one.boxes), ...picture.boxes];
  return ids.map((id) => {
    const arrow = /^arrow:(\d+)$/.exec(id)?.[1];
    return arrow === undefined
      ? (parts.find((one) => one.id === id)?.label ?? "")
      : `→ ${picture.arrows[Number(arrow)]?.label}`;
  });
}

describe("the picture and the code", () => {
  it("a cursor is at what begins on its line, at or before its column", () => {
    const at = (line: number, column: number): string[] => labels(partsAt(picture, "main.mesh", line, column));
    expect(at(14, 8)).toEqual(["→ text"]);
    expect(at(14, 16)).toEqual(["→ text"]);
    expect(at(19, 15)).toContain("Shout");
    expect(at(10, 1)).toContain("loud");
    expect(at(7, 12)).toEqual(["Front"]);
  });

  it("a line on which nothing stands belongs to the declaration above, another file to none", () => {
    expect(labels(partsAt(picture, "main.mesh", 12, 3))).not.toContain("Loud");
    expect(labels(partsAt(picture, "main.mesh", 15, 1))).toEqual(["Front"]);
    expect(partsAt(picture, "other.mesh", 7, 1)).toEqual([]);
    expect(partsAt(picture, "main.mesh", 1, 1)).toEqual([]);
  });

  it("a part leads to its place, and what stands nowhere to none", () => {
    const ids = picture.arrows.map((_, index) => `arrow:${index}`);
    expect(ids.map((id) => placeOf(picture, id)?.line).toSorted()).toEqual([10, 10, 14, 14, 19, 19, 19, 19]);
    expect(placeOf(picture, "nothing")).toBeUndefined();
  });

  it("is drawn with a handle for each part, and without a style of its own", async () => {
    const text = await svg(picture, { handles: true });
    expect(text).not.toContain("<style>");
    const handles = new Set([...text.matchAll(/data-id="([^"]+)"/g)].map(([, id]) => id));
    const frames = [...framesOf(picture.frames)];
    const wanted = [...frames, ...frames.flatMap((one) => one.boxes)].map((one) => one.id);
    expect([...wanted, ...picture.arrows.map((_, index) => `arrow:${index}`)].filter((id) => !handles.has(id))).toEqual(
      [],
    );
    expect(await svg(picture)).not.toContain("data-id");
  });
});

describe("what flows", () => {
  it("R13.1 rates follow what is counted, and come to rest", () => {
    let rates = measure(noRates, [loud(0)], 0);
    expect(rateOf(rates, "one", "line -> Shout.in")).toBe(0);
    for (let quarter = 1; quarter <= 12; quarter += 1) rates = measure(rates, [loud(quarter * 5)], quarter * 250);
    expect(rateOf(rates, "one", "line -> Shout.in")).toBeCloseTo(20, 5);
    for (let quarter = 13; quarter <= 40; quarter += 1) rates = measure(rates, [loud(60)], quarter * 250);
    expect(rateOf(rates, "one", "line -> Shout.in")).toBe(0);
    // What has ended is forgotten.
    expect(measure(rates, [], 11_000).counted.size).toBe(0);
  });

  it("adds up the sessions of a pipeline", () => {
    const both = (frames: number): SessionDescription[] => [loud(frames), loud(frames, { id: "two" })];
    const rates = measure(measure(noRates, both(0), 0), both(10), 1_000);
    const found = streamRates(rates, both(10)).get("line -> Shout.in");
    expect(found).toMatchObject({ frames: 20, dropped: 0, format: "text" });
    expect(found?.framesPerSecond).toBeCloseTo(20, 5);
  });

  it("reads well", () => {
    expect([0, 0.42, 9.96, 10, 1234.5].map(rateText)).toEqual(["", "0.4/s", "10.0/s", "10/s", "1235/s"]);
  });

  const told = (sessions: readonly PeerSession[]): string[] => {
    const all = sessions.map((one) => one.description);
    const empty = [...withInner(all)].map((one) => ({
      ...one,
      streams: one.streams.map((of) => ({ ...of, frames: 0 })),
    }));
    const rates = measure(measure(noRates, empty, 0), all, 1_000);
    const live = livePicture(picture, rates, sessions);
    return picture.arrows.flatMap(({ from, stream }, index) => {
      const found = live.streams[`arrow:${index}`];
      return found === undefined ? [] : [`${from}: ${stream}: ${found.text}${found.isLossy ? " !" : ""}`];
    });
  };
  const remote = { id: "loud", state: "connected", target: "Loud()", failures: [] } as const;
  const front = (session: SessionDescription | undefined): SessionDescription => {
    const streams = loud(50)
      .streams.slice(0, 1)
      .map((one) => ({ ...one, name: "line -> loud.line" }));
    return { id: "front", pipeline: "Front", nodes: [], streams, remotes: [{ ...remote, session }] };
  };

  it("R13.3 shows at the arrows of a peer's pipeline what flows through them there", () => {
    expect(told([{ peer: "back", description: loud(50) }])).toEqual([
      "Loud_line_2: line -> Shout.in: 50/s",
      "Loud_Shout_2: Shout.out -> answer: 50/s · 2 dropped !",
    ]);
    expect(told([{ peer: "front", description: front(undefined) }])).toEqual(["Front_line: line -> loud.line: 50/s"]);
    expect(livePicture(picture, noRates, [])).toEqual({ streams: {}, boxes: {} });
  });

  it("shows what has taken over in the same process where that is drawn, and there alone", () => {
    expect(told([{ peer: "front", description: front(loud(50)) }])).toEqual([
      "Loud_line: line -> Shout.in: 50/s",
      "Loud_Shout: Shout.out -> answer: 50/s · 2 dropped !",
      "Front_line: line -> loud.line: 50/s",
    ]);
    const { boxes } = livePicture(picture, noRates, [{ peer: "front", description: front(loud(50)) }]);
    expect(boxes).toEqual({
      Front_loud: { state: "connected", text: "connected: Loud()" },
      Loud_Shout: { state: "running", text: "running, 50 frames, 0.25 ms each" },
    });
  });
});

describe("the view of what runs", () => {
  const listening = { kind: "peer-listening", peer: "back", address: "webrtc://127.0.0.1:7452" } as const;
  const opened = { kind: "session-opened", peer: "back", session: "one", pipeline: "Loud" } as const;
  let state = initialState([]);
  state = advance(state, { type: "started", peer: "back", pid: 7 }, "");
  state = advance(state, { type: "event", event: listening }, "back");
  state = advance(state, { type: "event", event: opened }, "back");
  state = advance(state, { type: "describe", sessions: [loud(4)] }, "back");

  const text = (row: RunRow, indent = ""): string[] => [
    `${indent}${row.label} — ${row.description}`,
    ...row.children.flatMap((one) => text(one, `${indent}  `)),
  ];
  const shown = { id: "run 1", title: "main.mesh", state, rates: noRates };

  it("is a tree of peers, sessions, streams and nodes", () => {
    expect(runRows([{ ...shown, code: undefined }]).flatMap((row) => text(row))).toEqual([
      "main.mesh — 1 of 1 peer",
      "  back — webrtc://127.0.0.1:7452",
      "    Loud — ",
      "      line -> Shout.in — 4 frames · text",
      "      Shout.out -> answer — 4 frames · text · 2 dropped",
      "      Shout — running, 4 frames, 0.25 ms each",
    ]);
  });

  it("gives each row an id of its own, and says how a run has ended", () => {
    const ids = (row: RunRow): string[] => [row.id, ...row.children.flatMap(ids)];
    const all = runRows([{ ...shown, code: undefined }]).flatMap(ids);
    expect(new Set(all).size).toBe(all.length);
    const ends = [0, 130, 3].map((code) => runRows([{ ...shown, code }])[0]);
    expect(ends.map((row) => row?.description)).toEqual(["ended", "stopped", "ended with code 3"]);
    expect(ends.map((row) => row?.context)).toEqual(["ended", "ended", "ended"]);
  });

  it("says of peers that they have ended with their run, which have no process to say so", () => {
    const [run] = runRows([{ ...shown, code: 130 }]);
    expect(run?.children.map(({ label, description, icon }) => [label, description, icon])).toEqual([
      ["back", "ended", "circle-slash"],
    ]);
  });

  it("says that a run starts, as long as it has named no peer", () => {
    const [run] = runRows([{ ...shown, state: initialState([]), code: undefined }]);
    expect(run?.description).toBe("starting");
  });

  it("tells of a peer that was lost", () => {
    const lost = advance(
      state,
      { type: "exited", peer: "back", pid: 7, how: "was ended by SIGKILL", expected: false },
      "",
    );
    const rows = runRows([{ ...shown, state: lost, code: undefined }]).flatMap((row) => text(row));
    expect(rows[1]).toBe("  back — lost");
    expect(rows.at(-1)).toBe("  back has gone: its process 7 was ended by SIGKILL — ");
  });
});

describe("what is run", () => {
  it("has the words of the command line", () => {
    const known = { file: "main.mesh", processes: true, more: ["--engine", "werift"] };
    expect(runArguments(known).join(" ")).toBe("run main.mesh --processes --engine werift --format json");
    expect(runArguments({ ...known, peer: "gpu" }).join(" ")).toBe(
      "run main.mesh --peer gpu --engine werift --format json",
    );
    const inputs = new Map([["mic", "a b.wav"]]);
    const outputs = new Map([["speaker", "c.wav"]]);
    expect(runArguments({ ...known, pipeline: "Main", inputs, outputs, processes: false, more: [] })).toEqual([
      ...["run", "main.mesh", "--pipeline", "Main", "--in", "mic=a b.wav", "--out", "speaker=c.wav"],
      ...["--format", "json"],
    ]);
    expect(runTitle({ file: "deep/main.mesh" })).toBe("main.mesh");
    expect(runTitle({ file: String.raw`C:\deep\main.mesh`, peer: "gpu" })).toBe("main.mesh: gpu");
  });

  it("knows which files a port takes by its type", () => {
    expect(filesOfPort("audio<opus, 48kHz, mono>")).toEqual({ needed: true, endings: ["wav"], isMedia: true });
    expect(filesOfPort("Transcript?")).toEqual({ needed: false, endings: ["jsonl", "txt"], isMedia: false });
    expect(filesOfPort("signal").needed).toBe(false);
  });

  it("finds the meshc of a project upwards, installed or itself, and none that is not built", () => {
    const disk = (files: Readonly<Record<string, string>>): Disk => ({
      readText: (path) => files[path],
      join: (...parts) => parts.join("/"),
      dirname: (path) => path.slice(0, path.lastIndexOf("/")),
    });
    const manifest = JSON.stringify({ name: "pipeline-mesh", version: "0.1.0", bin: { meshc: "./dist/meshc.js" } });
    const at = (folder: string): Readonly<Record<string, string>> => ({
      [`${folder}/package.json`]: manifest,
      [`${folder}/dist/meshc.js`]: "",
    });
    const installed = { program: "/a/node_modules/pipeline-mesh/dist/meshc.js", version: "0.1.0" };
    expect(findMeshc("/a/b/c", disk(at("/a/node_modules/pipeline-mesh")))).toEqual(installed);
    expect(findMeshc("/a/b", disk(at("/a")))).toEqual({ program: "/a/dist/meshc.js", version: "0.1.0" });
    expect(findMeshc("/a/b", disk({ "/a/node_modules/pipeline-mesh/package.json": manifest }))).toBeUndefined();
    expect(findMeshc("/a", disk({ "/a/package.json": "{" }))).toBeUndefined();
    const wants = JSON.stringify({ devDependencies: { "pipeline-mesh": "0.1.0" } });
    expect(wantsMeshc("/a/b", disk({ "/a/package.json": wants }))).toBe(true);
    expect(wantsMeshc("/a/b", disk({ "/a/package.json": "[]" }))).toBe(false);
  });

  it("scenarios are played together, and what is said of one is told whole", () => {
    expect(scenarioArguments("main.mesh", ["one", "two"])).toEqual([
      "test",
      "main.mesh",
      "--scenario",
      "one",
      "--scenario",
      "two",
      "--format",
      "json",
    ]);
    const range = { start: { line: 1, character: 0 }, end: { line: 1, character: 4 } };
    const failure = { message: "`stt` uses `gpu`.", notes: ["It does later."], hint: "Wait.", range };
    expect(failureText(failure)).toBe("`stt` uses `gpu`.\nIt does later.\nWait.");
  });

  it("a scenario without a result says why", () => {
    const error = {
      code: "MESH2001",
      severity: "error",
      message: "No `gpu`.",
      file: "main.mesh",
      related: [],
      fixes: [],
    } as const;
    const range = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };
    expect(reasonOfNone([{ ...error, range }], 1, "")).toBe("The program has errors:\nMESH2001: No `gpu`.");
    expect(reasonOfNone([], 2, "error: no such file\n")).toBe("error: no such file");
    expect(reasonOfNone([], 3, "")).toBe("meshc ended with code 3.");
    expect(reasonOfNone([], null, "")).toBe("It was ended from outside.");
  });
});

describe("what the page of the graph is told", () => {
  const picture = { type: "picture", picture: { version: 1, title: "a", frames: [], boxes: [], arrows: [] } } as const;
  const heard = { type: "heard" } as const;
  const stale = { type: "stale", reason: "1 error" } as const;
  const select = { type: "select", ids: ["a"] } as const;
  const said = (): { readonly page: ToldPage; readonly posted: ToPage[] } => {
    const posted: ToPage[] = [];
    return { page: new ToldPage((message) => void posted.push(message)), posted };
  };

  it("waits until the page is there, however early the server has answered", () => {
    const { page, posted } = said();
    page.say(select);
    page.say(picture);
    expect(posted).toEqual([]);
    page.ready();
    expect(posted).toEqual([heard, picture, select]);
    page.say(stale);
    expect(posted.at(-1)).toBe(stale);
  });

  it("is said again to a page that comes up again, and only what still holds", () => {
    const { page, posted } = said();
    page.ready();
    page.say(stale);
    page.say(picture);
    posted.length = 0;
    page.ready();
    expect(posted).toEqual([heard, picture]);
    page.forget();
    posted.length = 0;
    page.ready();
    expect(posted).toEqual([heard]);
  });

  it("tells a program that is none from a server that does not answer, and keeps the picture that was there", () => {
    const errors = { picture: null, errors: 2 };
    expect(pictureOrReason({ ...errors, picture: picture.picture, errors: 0 }, false)).toEqual(picture);
    expect(pictureOrReason(errors, true)).toEqual({ type: "stale", reason: "2 errors: this is how it was before" });
    const none = (reason: string): ToPage => ({ type: "none", reason });
    expect(pictureOrReason({ ...errors, errors: 1 }, false)).toEqual(none("1 error: there is nothing to draw yet"));
    expect(pictureOrReason(null, true)).toEqual(none("There is no program here that could be drawn."));
    const silence = "The language server does not answer";
    expect(pictureOrReason(undefined, false)).toEqual(none(`${silence}: there is nothing to draw yet`));
    expect(pictureOrReason(undefined, true)).toEqual({
      type: "stale",
      reason: `${silence}: this is how it was before`,
    });
  });

  it("has no picture beside the word that there is none", () => {
    const { page, posted } = said();
    const none = { type: "none", reason: "1 error" } as const;
    for (const message of [picture, select, stale, none]) page.say(message);
    page.ready();
    expect(posted.splice(0)).toEqual([heard, none]);
    page.say(picture);
    page.ready();
    expect(posted).toEqual([picture, heard, picture]);
  });
});

describe("a page that is not heard at once", () => {
  /** Says it to nobody, and lets the pauses pass one by one. */
  const saying = () => {
    const pauses: number[] = [];
    const waiting: (() => void)[] = [];
    const told = { said: 0, givenUp: 0 };
    const ready = new UntilHeard(
      () => (told.said += 1),
      (ms, callback) => void (pauses.push(ms), waiting.push(callback)),
      () => (told.givenUp += 1),
    );
    ready.start();
    return { ready, told, pauses, pass: () => waiting.shift()?.(), isWaiting: () => waiting.length > 0 };
  };

  it("says again that it is ready, less and less often, until it has been heard", () => {
    const { ready, told, pauses, pass, isWaiting } = saying();
    pass();
    pass();
    expect(told).toEqual({ said: 3, givenUp: 0 });
    expect(pauses).toEqual([50, 100, 200]);
    ready.heard();
    pass();
    expect([told, isWaiting()]).toEqual([{ said: 3, givenUp: 0 }, false]);
  });

  it("gives up after a minute, and says so", () => {
    const { told, pauses, pass, isWaiting } = saying();
    while (isWaiting()) pass();
    expect(told).toEqual({ said: 36, givenUp: 1 });
    expect(pauses.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThan(60_000);
  });
});

describe("a server that has ended by itself", () => {
  it("is started again, unless it has ended five times within three minutes", () => {
    let nowMs = 0;
    const restarts = new Restarts(() => nowMs);
    const next = (afterMs: number): boolean => {
      nowMs += afterMs;
      return restarts.ended().isRestarted;
    };
    expect([next(0), next(60_000), next(60_000), next(60_000), next(1)]).toEqual([true, true, true, true, true]);
    expect(restarts.ended()).toEqual({
      isRestarted: false,
      message: expect.stringMatching(/ended 5 times .* "Mesh: Restart Language Server" starts it/),
    });
    expect(next(180_001)).toBe(true);
  });
});

describe("the page of the graph", () => {
  const init = {
    script: "https://file.example/graph.js",
    style: "https://file.example/graph.css",
    source: "https://file.example",
    nonce: "abc",
    uri: 'file:///a/"><script>alert(1)</script>.mesh',
  };
  const page = graphPage(init);

  it("may load its two files and nothing else", () => {
    const [, policy = ""] = /Content-Security-Policy" content="([^"]+)"/.exec(page) ?? [];
    const rules = Object.fromEntries(
      policy.split("; ").map((rule) => [rule.split(" ")[0], rule.split(" ").slice(1).join(" ")]),
    );
    expect(rules).toEqual({
      "default-src": "'none'",
      "script-src": "'nonce-abc'",
      "style-src": "https://file.example",
      "base-uri": "'none'",
      "form-action": "'none'",
    });
    expect(page).not.toContain("unsafe");
    expect(page).not.toMatch(/ on\w+=| style=/);
  });

  it("takes a name for a name, whatever is in it", () => {
    expect(page.match(/<script/g)).toHaveLength(1);
    expect(page).toContain("&lt;script>alert(1)");
  });

  it("is believed only what it may say", () => {
    expect(readFromPage({ type: "ready", more: 1 })).toEqual({ type: "ready" });
    expect(readFromPage({ type: "reveal", id: "arrow:0" })).toEqual({ type: "reveal", id: "arrow:0" });
    for (const bad of [null, 7, {}, { type: "reveal" }, { type: "reveal", id: 7 }, { type: "run", id: "x" }]) {
      expect(readFromPage(bad)).toBeUndefined();
    }
    expect(readFromPage({ type: "reveal", id: "x".repeat(2_000) })).toBeUndefined();
  });
});
