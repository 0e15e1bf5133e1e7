import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Output } from "../../../compiler/cli/io.ts";
import { liveView } from "../../../compiler/cli/run/live-view.ts";
import type { PlainEvent, RunMessage, SessionSummary } from "../../../compiler/cli/run/messages.ts";
import { jsonReporter, liveReporter, logReporter, type ReporterInit } from "../../../compiler/cli/run/reporter.ts";
import { incidentLine, summaryLine } from "../../../compiler/cli/run/summary.ts";
import { advance, initialState, type ViewState } from "../../../compiler/cli/run/view-state.ts";
import { style } from "../../../compiler/diagnostics/style.ts";
import { textWidth } from "../../../compiler/diagnostics/text-width.ts";
import type { SessionDescription } from "../../../runtime/interface/session.ts";

const plain = style({ color: false, hyperlinks: false });
const location = { file: "main.mesh", line: 7, column: 3 };
const opus = "audio<opus, 48kHz, mono>";

function session(id: string, pipeline: string, more: Partial<SessionDescription> = {}): SessionDescription {
  return { id, pipeline, nodes: [], remotes: [], streams: [], ...more };
}

const stream = (name: string, format: string, frames: number, hopMs?: number, dropped = 0) => ({
  name,
  format,
  frames,
  bytes: frames * 100,
  dropped,
  queued: 0,
  hopMs,
});

const hearing = session("far", "Hearing", { streams: [stream("speech -> decode.in", opus, 40, 0.25)] });
const client = session("c", "Client", {
  streams: [
    stream("mic -> gain.in", "audio<pcm_s16, 16kHz, mono>", 52, 0.04),
    stream("gain.out -> echo.in", opus, 51, 12.6),
    stream("echo.out -> assistant.mic", opus, 50, 1, 2),
  ],
  remotes: [
    {
      id: "assistant",
      state: "connected",
      target: "edge.Assistant",
      failures: [],
      session: {
        ...session("e", "Assistant"),
        connection: {
          transport: "webrtc",
          state: "connected",
          address: "webrtc://127.0.0.1:1/Assistant",
          role: "offerer",
          roundTripMs: 4.26,
        },
      },
    },
  ],
});
const assistant = session("e", "Assistant", {
  remotes: [{ id: "stt", state: "connected", target: "LocalHearing()", failures: [], session: hearing }],
});

const event = (one: PlainEvent): RunMessage => ({ type: "event", event: one });
const opened = (peer: string, id: string, pipeline: string): RunMessage =>
  event({ kind: "session-opened", peer, session: id, pipeline });
const failed = (next: string | undefined): RunMessage =>
  event({
    kind: "remote-failed",
    session: "e",
    remote: "stt",
    target: "gpu.Hearing",
    next,
    error: { code: "peer-lost", message: "It has\n  gone silent." },
    location,
  });

const summary: SessionSummary = {
  pipeline: "Client",
  latencyMs: 812.4,
  ports: [
    { port: "mic", direction: "in", frames: 150, seconds: 3, file: "q.wav" },
    { port: "speaker", direction: "out", frames: 1, seconds: 0.02, file: "a.wav" },
    { port: "replies", direction: "out", frames: 2 },
  ],
};

/** A run of two processes in its midst. */
const messages: readonly (readonly [RunMessage, string])[] = [
  [{ type: "started", peer: "client", pid: 11 }, ""],
  [{ type: "started", peer: "edge", pid: 12 }, ""],
  [{ type: "ready", peers: [{ peer: "edge", addresses: ["webrtc://127.0.0.1:2"] }] }, "edge"],
  [event({ kind: "peer-listening", peer: "client", address: "webrtc://127.0.0.1:1" }), "client"],
  [opened("client", "c", "Client"), "client"],
  [opened("edge", "e", "Assistant"), "edge"],
  [event({ kind: "remote-connected", session: "c", remote: "assistant", target: "edge.Assistant" }), "client"],
  [event({ kind: "remote-connecting", session: "e", remote: "stt", target: "gpu.Hearing" }), "edge"],
  [failed("LocalHearing()"), "edge"],
  [event({ kind: "remote-connecting", session: "e", remote: "stt", target: "LocalHearing()" }), "edge"],
  [event({ kind: "remote-connected", session: "e", remote: "stt", target: "LocalHearing()" }), "edge"],
  [{ type: "describe", sessions: [client] }, "client"],
  [{ type: "describe", sessions: [assistant] }, "edge"],
  [{ type: "output", port: "captions", value: { text: "go\nforward", confidence: 0.926 } }, "client"],
  [{ type: "output", port: "replies", value: "Going\u001b[31m." }, "client"],
  [{ type: "log", level: "info", message: "a print" }, "edge"],
];

function after(more: readonly RunMessage[] = []): ViewState {
  let state = initialState(["client", "edge"]);
  for (const [message, origin] of messages) state = advance(state, message, origin);
  for (const message of more) state = advance(state, message, "");
  return state;
}

const options = { columns: 100, rows: 40, style: plain, title: "meshc run main.mesh", elapsedMs: 1_249 };

describe("the picture of a run", () => {
  it("shows peers with their streams and remotes, then outputs, then what happened", () => {
    expect(liveView(after(), options)).toEqual([
      "meshc run main.mesh  1.2 s",
      "",
      "                                 frames  ms a hop  format",
      "● client  webrtc://127.0.0.1:1",
      "    mic → gain.in                    52       0.0  audio<pcm_s16, 16kHz, mono>",
      `    gain.out → echo.in               51        13  ${opus}`,
      `    echo.out → assistant.mic    50 (-2)       1.0  ${opus}`,
      "    assistant ⇄ edge.Assistant                4.3  webrtc, there and back",
      "● edge    webrtc://127.0.0.1:2",
      "    stt ⇄ LocalHearing()                           in this process",
      `      speech → decode.in             40       0.3  ${opus}`,
      "",
      "captions  go forward (93 %)",
      "replies   Going␛[31m.",
      "",
      "· assistant uses edge.Assistant",
      "! stt: gpu.Hearing cannot be used, LocalHearing() takes over (It has gone silent.)",
      "! stt uses LocalHearing() in the place of gpu.Hearing",
      "· a print",
    ]);
  });

  it.each([
    [40, 40],
    [100, 12],
    [60, 16],
    [20, 8],
  ])("fits a window of %i columns and %i rows", (columns, rows) => {
    const lines = liveView(after(), { ...options, columns, rows });
    expect(lines.length).toBeLessThan(rows);
    expect(lines.filter((line) => textWidth(line) >= columns)).toEqual([]);
  });

  it("leaves out streams within a pipeline first, and says how many lines are missing", () => {
    const lines = liveView(after(), { ...options, rows: 19 });
    expect(lines.some((line) => line.includes("gain.out → echo.in"))).toBe(false);
    expect(lines.some((line) => line.includes("mic → gain.in"))).toBe(true);
    expect(lines.some((line) => line.includes("assistant ⇄ edge.Assistant"))).toBe(true);
    expect(lines).toContain("  … 2 more lines");
  });

  it("shows what became of peers", () => {
    const state = after([
      { type: "exited", peer: "client", pid: 11, how: "ended with code 0", expected: true },
      { type: "exited", peer: "edge", pid: 12, how: "was ended by SIGKILL", expected: false },
    ]);
    const lines = liveView(state, options);
    expect(lines).toContain("○ client  webrtc://127.0.0.1:1  ended");
    expect(lines).toContain("× edge    webrtc://127.0.0.1:2  gone");
    expect(lines).toContain("× edge has gone: its process 12 was ended by SIGKILL");
    expect(state.incidents).toEqual([
      "LocalHearing() took over from gpu.Hearing in stt",
      "the process of edge was ended by SIGKILL",
    ]);
  });

  it("shows what is being tried until it is decided", () => {
    const trying = event({ kind: "remote-connecting", session: "e", remote: "stt", target: "gpu.Hearing" });
    expect(liveView(after([trying]), options).at(-1)).toBe("… stt connects to gpu.Hearing");
    const decided = event({ kind: "remote-connected", session: "e", remote: "stt", target: "gpu.Hearing" });
    const over = event({
      kind: "session-closed",
      peer: "edge",
      session: "e",
      pipeline: "Assistant",
      error: undefined,
      description: assistant,
    });
    for (const next of [decided, failed(undefined), failed("LocalHearing()"), over]) {
      expect(after([trying, next]).pending.size).toBe(0);
    }
  });

  it("says that a target is left alone, that it is there again, and that it is gone back to", () => {
    const breaker = { kind: "remote-breaker", session: "e", remote: "stt", target: "gpu.Hearing", location } as const;
    const state = after([
      event({ ...breaker, state: "open", forMs: 1_000 }),
      event({ ...breaker, state: "closed", forMs: 0 }),
      event({ kind: "remote-connected", session: "e", remote: "stt", target: "gpu.Hearing", back: true }),
    ]);
    expect(state.notices.slice(-3)).toEqual([
      { level: "warning", text: "stt: gpu.Hearing has failed again and again, and is left alone for 1000 ms" },
      { level: "good", text: "stt: gpu.Hearing is there again" },
      { level: "good", text: "stt is back at gpu.Hearing" },
    ]);
  });

  it("R11.3 says that a target is called by another transport, and why", () => {
    const why = { used: "webrtc", preferred: "grpc", reason: "`gpu` does not listen by it" };
    const state = after([
      event({ kind: "remote-transport", session: "e", remote: "stt", target: "gpu.Ask", ...why, location }),
    ]);
    expect(state.notices.at(-1)).toEqual({
      level: "warning",
      text: "stt: gpu.Ask is called by webrtc in the place of grpc, for `gpu` does not listen by it",
    });
  });

  it("lets the latest of several sessions with a pipeline stand for all", () => {
    const state = after([
      opened("edge", "e2", "Assistant"),
      { type: "describe", sessions: [{ ...assistant, id: "e2" }] },
    ]);
    expect(liveView(state, options)).toContain("  Assistant  2 sessions, the latest:");
  });

  it("shows the pipelines of a program without peers by their names", () => {
    const state = [opened("", "x", "Main"), { type: "describe", sessions: [session("x", "Main")] } as const].reduce(
      (next, message) => advance(next, message, ""),
      initialState([]),
    );
    expect(liveView(state, options)).toEqual(["meshc run main.mesh  1.2 s", "", "Main"]);
  });
});

describe("what is kept of a run", () => {
  it("has bounds, however long it takes", () => {
    let state = initialState([]);
    for (let index = 0; index < 500; index += 1) {
      const description = session(`s${index}`, "Main");
      for (const message of [
        { type: "output", port: "out", value: index },
        { type: "log", level: "warn", message: `warning ${index}` },
        opened("", description.id, "Main"),
        event({
          kind: "session-closed",
          peer: "",
          session: description.id,
          pipeline: "Main",
          error: undefined,
          description,
        }),
        { type: "exited", peer: `p${index}`, pid: index, how: "ended with code 1", expected: false },
      ] satisfies RunMessage[]) {
        state = advance(state, message, "");
      }
    }
    expect([state.outputs.length, state.notices.length, state.incidents.length]).toEqual([200, 200, 20]);
    expect(state.sessions.size).toBe(100);
    expect(state.owners.size).toBe(100);
    expect(state.outputs.at(-1)?.text).toBe("499");
  });

  it("tells of nodes that start again or do not come back", () => {
    const error = { code: "node-failed", message: "no memory" };
    const state = [
      event({ kind: "node-restarting", session: "c", node: "vad", error, attempt: 1, location }),
      event({ kind: "node-stalled", session: "c", node: "stt", forMs: 1_000.4, location }),
      event({
        kind: "join-stalled",
        session: "c",
        node: "pair",
        forMs: 1_000.4,
        full: "a -> pair.a",
        queued: 4,
        empty: ["Half.out -> pair.b"],
        location,
      }),
    ].reduce((next, message) => advance(next, message, ""), initialState([]));
    expect(state.notices.map(({ text }) => text)).toEqual([
      "vad starts again (no memory)",
      "stt has been at one frame for 1000 ms (main.mesh:7:3)",
      "pair has found nothing to join for 1000 ms: `a -> pair.a` is full, and nothing comes by `Half.out -> pair.b` (main.mesh:7:3); " +
        "a larger `buffer`, `overflow: drop_oldest` or `join latest` lets it go on",
    ]);
    expect(state.incidents).toEqual(["vad had to start again"]);
  });

  it("R7.1 tells once why a peer is not registered, and that it is again", () => {
    const service = "ws://signal:7440";
    const lost = (message: string) =>
      event({ kind: "registration-lost", peer: "gpu", service, error: { code: "peer-unreachable", message } });
    const registered = event({ kind: "peer-registered", peer: "gpu", service, id: "gpu-1" });
    const happened = [registered, ...["Cut.", "Nobody.", "Nobody.", "Nobody."].map(lost), registered, lost("Nobody.")];
    const state = happened.reduce((next, message) => advance(next, message, ""), initialState(["gpu"]));
    expect(state.notices.map(({ text }) => text)).toEqual([
      `gpu is not registered at ${service}, and tries again (Cut.)`,
      `gpu is not registered at ${service}, and tries again (Nobody.)`,
      `gpu is registered at ${service} now`,
      `gpu is not registered at ${service}, and tries again (Nobody.)`,
    ]);
  });

  it("tells the same failure once", () => {
    const error = { code: "node-failed", message: "Node `x` failed: no" };
    const state = [
      event({ kind: "node-failed", session: "c", node: "x", error, location }),
      event({ kind: "session-closed", peer: "", session: "c", pipeline: "Client", error, description: client }),
    ].reduce((next, message) => advance(next, message, ""), initialState([]));
    expect(state.notices).toEqual([{ level: "error", text: "Node `x` failed: no" }]);
  });
});

describe("the summary", () => {
  it("is one line with frames, latency and files", () => {
    expect(summaryLine(summary)).toBe(
      "Client: mic 150 frames (3.0 s) in, speaker 1 frame (0.0 s) out, replies 2 frames out; end to end 812 ms; speaker is in a.wav",
    );
    expect(summaryLine({ ...summary, latencyMs: undefined, ports: [] })).toBe("Client: ");
  });

  it("says what did not go as planned", () => {
    expect(incidentLine([])).toBeUndefined();
    expect(incidentLine(["one", "two"])).toBe("Not as planned: one; two");
  });
});

describe("reporters", () => {
  let text: string;
  let out: Output;
  let init: ReporterInit;

  beforeEach(() => {
    vi.useFakeTimers();
    text = "";
    out = {
      write: (more) => (text += more),
      isTTY: true,
      columns: 100,
      rows: 40,
      style: plain,
      flushed: () => Promise.resolve(),
    };
    init = {
      io: { out, err: out, cwd: "/", env: {}, onInterrupt: () => () => undefined },
      title: "meshc run main.mesh",
      peers: ["client", "edge"],
      elapsedMs: () => 1_000,
    };
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("print a line of JSON for every message, with the peer it comes from", () => {
    const reporter = jsonReporter(init);
    reporter.message({ type: "log", level: "info", message: "hi" }, "edge");
    reporter.message({ type: "ended", code: 0 }, "");
    reporter.close();
    expect(text).toBe('{"type":"log","level":"info","message":"hi","peer":"edge"}\n{"type":"ended","code":0}\n');
  });

  it("print each address of a peer once", () => {
    const reporter = logReporter(init);
    const [first, second] = ["webrtc://127.0.0.1:1", "grpc://127.0.0.1:2"] as const;
    for (const address of [first, second]) {
      reporter.message(event({ kind: "peer-listening", peer: "client", address }), "client");
    }
    reporter.message({ type: "ready", peers: [{ peer: "client", addresses: [first, second] }] }, "client");
    expect(text).toBe(`client listens at ${first}\nclient listens at ${second}\n`);
  });

  it("print plain lines as things happen, then the streams and the summary", () => {
    const reporter = logReporter(init);
    for (const [message, origin] of messages) reporter.message(message, origin);
    expect(text.split("\n")).toEqual([
      "edge listens at webrtc://127.0.0.1:2",
      "client listens at webrtc://127.0.0.1:1",
      "· assistant uses edge.Assistant",
      "! stt: gpu.Hearing cannot be used, LocalHearing() takes over (It has gone silent.)",
      "! stt uses LocalHearing() in the place of gpu.Hearing",
      "captions: go",
      "forward (93 %)",
      "replies: Going␛[31m.",
      "· a print",
      "",
    ]);
    text = "";
    reporter.message({ type: "ended", code: 0, summary }, "");
    reporter.close();
    expect(text).toContain("● client  webrtc://127.0.0.1:1\n    mic → gain.in  ");
    expect(text.trimEnd().split("\n").slice(-2)).toEqual([
      "Not as planned: LocalHearing() took over from gpu.Hearing in stt",
      summaryLine(summary),
    ]);
  });

  it("draw a picture over the one before, and leave the last with the summary", () => {
    const reporter = liveReporter(init);
    expect(text).toBe("");
    vi.advanceTimersByTime(200);
    expect(text).toBe(
      "\u001b[?2026hmeshc run main.mesh  1.0 s\u001b[K\n\u001b[K\n○ client  starting\u001b[K\n○ edge    starting\u001b[K\n\u001b[J\u001b[?2026l",
    );
    text = "";
    for (const [message, origin] of messages) reporter.message(message, origin);
    vi.advanceTimersByTime(200);
    expect(text).toContain("\u001b[?2026h\u001b[4Ameshc run main.mesh");
    reporter.message({ type: "ended", code: 0, summary }, "");
    reporter.close();
    expect(
      text.endsWith(
        `\u001b[?2026l\nNot as planned: LocalHearing() took over from gpu.Hearing in stt\n${summaryLine(summary)}\n`,
      ),
    ).toBe(true);
    text = "";
    vi.advanceTimersByTime(1_000);
    expect(text).toBe("");
  });

  it("clears what a window that became narrower has folded", () => {
    const reporter = liveReporter(init);
    vi.advanceTimersByTime(200);
    Object.assign(out, { columns: 20 });
    text = "";
    vi.advanceTimersByTime(200);
    // The head of 26 columns has become two rows.
    expect(text).toContain("\u001b[5A");
    reporter.close();
  });
});
