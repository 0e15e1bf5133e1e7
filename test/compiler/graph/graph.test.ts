import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { dot } from "../../../compiler/graph/dot.ts";
import { pictureOf } from "../../../compiler/graph/from-plan.ts";
import { layOut, type Rectangle } from "../../../compiler/graph/layout.ts";
import { mermaid } from "../../../compiler/graph/mermaid.ts";
import { framesOf, type Picture } from "../../../compiler/graph/picture.ts";
import { svg } from "../../../compiler/graph/svg.ts";
import { blocksOf } from "../../support/markdown.ts";
import { commandLine, type CommandLine } from "../support/command-line.ts";
import { compileText } from "../support/marked.ts";

const program = `interface Hears { in speech: audio<opus, 48kHz, mono>
 out words: text }
node Hear { in audio<pcm_f32, 16kHz, mono>
 out text }
node Mark { in text
 out text }
pipeline Far: Hears { in speech: audio<opus, 48kHz, mono>
 out words: text
 speech ~> Hear() -> words }
pipeline Main { in mic: audio<pcm_f32, 48kHz, mono>
 out words: text
 let mark = Mark()
 remote stt: Hears { at gpu.far
  else service "ears" where gpu
  else "webrtc://far.example.com/ears"
  else Far() }
 mic ~> stt -> mark -> words }
peer edge { runs Main
 listens "webrtc://127.0.0.1:7441" }
peer gpu { runs Far as "far" shared
 provides gpu }
pipeline Alone { in t: text
 out u: text
 t -> u }
`;

function draw(text: string): Picture {
  const { plan, diagnostics } = compileText(text);
  if (plan === undefined) throw new Error(diagnostics.map((one) => one.message).join("\n"));
  return pictureOf(plan, "main.mesh");
}

const picture = draw(program);

const within = (inner: Rectangle | undefined, outer: Rectangle | undefined): boolean =>
  inner !== undefined &&
  outer !== undefined &&
  inner.x >= outer.x &&
  inner.y >= outer.y &&
  inner.x + inner.width <= outer.x + outer.width &&
  inner.y + inner.height <= outer.y + outer.height;

const meet = (a: Rectangle, b: Rectangle): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

const near = (at: { x: number; y: number } | undefined, box: Rectangle | undefined): boolean =>
  at !== undefined &&
  box !== undefined &&
  at.x >= box.x - 1 &&
  at.x <= box.x + box.width + 1 &&
  at.y >= box.y - 1 &&
  at.y <= box.y + box.height + 1;

describe("the picture of a program", () => {
  it("R13.3 has peers as frames with what they run, and what nobody runs beside them", () => {
    expect(picture.frames.map((one) => `${one.kind} ${one.label}`)).toEqual([
      "peer edge",
      "peer gpu",
      "pipeline Alone",
    ]);
    const [edge, gpu] = picture.frames;
    expect(edge?.notes).toEqual(["webrtc://127.0.0.1:7441"]);
    expect(edge?.frames.map((one) => one.label)).toEqual(["Main", "Far()"]);
    expect(gpu?.notes).toEqual(["provides gpu"]);
    expect(gpu?.frames[0]?.notes).toEqual(['as "far"', "one instance for all"]);
  });

  it("marks ports, remotes and what was put in", () => {
    const main = [...framesOf(picture.frames)].find((one) => one.label === "Main");
    expect(main?.boxes.map((one) => `${one.kind} ${one.label}`)).toEqual([
      "input mic",
      "node mark",
      "converter OpusEncode",
      "remote stt",
      "output words",
    ]);
    expect(main?.boxes[2]?.notes).toEqual(["put in by ~>"]);
  });

  it("R13.3 has the format on every stream and the order of targets on calls", () => {
    const labels = (kind: string): string[] =>
      picture.arrows.filter((one) => one.kind === kind).map((one) => one.label);
    expect(labels("stream")).toContain("audio<opus, 48kHz, mono>");
    expect(labels("stream")).toContain("text");
    expect(labels("call").toSorted()).toEqual(["at", "else 2", "else 3", "else 4"]);
    const services = picture.boxes.map((one) => `${one.kind} ${one.label} ${one.notes.join(" ")}`);
    expect(services).toEqual(["service ears service gpu", "address webrtc://far.example.com/ears "]);
  });

  it("draws a pipeline in the place of a node there, and not once more", () => {
    const { frames } = draw(`node Work { in text
 out text }
pipeline Inner { in text
 out text
 in -> Work() -> out }
pipeline Outer { in t: text
 out u: text
 let inner = Inner()
 t -> inner -> u }`);
    expect(frames.map((one) => one.label)).toEqual(["Outer"]);
    expect(frames[0]?.boxes.map((one) => one.label)).toEqual(["t", "inner/Work", "u"]);
  });

  it("leads every arrow to something that is there, under ids of their own", () => {
    const frames = [...framesOf(picture.frames)];
    const ids = [...frames.map((one) => one.id), ...frames.flatMap((one) => one.boxes), ...picture.boxes].map((one) =>
      typeof one === "string" ? one : one.id,
    );
    expect(new Set(ids).size).toBe(ids.length);
    for (const arrow of picture.arrows) {
      expect(ids).toContain(arrow.from);
      expect(ids).toContain(arrow.to);
    }
  });
});

/** The programs that the documentation shows, and those of the examples. */
const programs = [
  ...["docs/language.md", "docs/graph.md"].flatMap((name) =>
    blocksOf(readFileSync(new URL(`../../../${name}`, import.meta.url), "utf8")).filter(
      (one) => one.file?.endsWith(".mesh") === true,
    ),
  ),
].map((one) => one.text);
programs.push(readFileSync(new URL("../../../examples/voice-assistant/main.mesh", import.meta.url), "utf8"));

/** Names that mean something to each of the formats. */
const hostile: Picture = {
  version: 1,
  title: 'a "b" </title><script>',
  frames: [{ id: "f", kind: "peer", label: "] end\n<b>", notes: ["&amp; \\ `x` |#quot;"], frames: [], boxes: [] }],
  boxes: [{ id: "b", kind: "node", label: '"]; x -> y', notes: ["\u0000\u001b[31m"] }],
  arrows: [{ from: "b", to: "f", kind: "call", label: '|"<&>' }],
};

describe("Mermaid", () => {
  it("draws frames, boxes and arrows", () => {
    const text = mermaid(
      draw(
        "node Work { in text\n out text }\npipeline P { in t: text\n out u: text\n t -> Work() -> u }\npeer a { runs P }",
      ),
    );
    expect(text.split("\n").slice(0, 13)).toEqual([
      "flowchart TB",
      '  subgraph peer_a["a"]',
      "    direction TB",
      '    subgraph pipeline_P["P"]',
      "      direction TB",
      '      P_t(["t"]):::port',
      '      P_Work["Work"]:::node',
      '      P_u(["u"]):::port',
      "    end",
      "  end",
      '  P_t -->|"text"| P_Work',
      '  P_Work -->|"text"| P_u',
      "  class peer_a,pipeline_P frame",
    ]);
  });

  it("lets no name leave its quotes", () => {
    for (const line of mermaid(hostile).split("\n").slice(1)) {
      expect(line.split('"').length % 2).toBe(1);
      expect(line.replaceAll("<br/>", "")).not.toMatch(/<|\\|`/);
    }
  });
});

describe("DOT", () => {
  it("draws clusters, dashed remotes and calls that end at a frame", () => {
    const text = dot(picture);
    expect(text).toContain('subgraph cluster_peer_edge {\n    label="edge\\nwebrtc://127.0.0.1:7441"');
    expect(text).toContain('[label="stt\\nHears", style="rounded,dashed"]');
    expect(text).toMatch(/_stt -> \w+_anchor \[label="at", style=dashed, lhead=cluster_\w+\]/);
  });

  it("lets no name leave its quotes", () => {
    const plain = dot(hostile).replaceAll(/\\./g, "");
    expect(plain.split('"').length % 2).toBe(1);
    expect(plain.replaceAll(/"[^"]*"/g, "")).not.toContain("x -> y");
  });
});

const graphviz = spawnSync("dot", ["-V"]).status === 0;

describe.skipIf(!graphviz)(
  graphviz ? "Graphviz" : "Graphviz (`dot` is not installed: apt-get install graphviz)",
  () => {
    it.each([
      ["a program", picture],
      ["hostile names", hostile],
      ["the largest example", draw(programs.at(-1) ?? "")],
    ])("draws %s", (_, one) => {
      const { status, stderr, stdout } = spawnSync("dot", ["-Tsvg"], { input: dot(one), encoding: "utf8" });
      expect({ status, stderr: stderr.replaceAll(/^Warning:.*\n/gm, "") }).toEqual({ status: 0, stderr: "" });
      expect(stdout).toContain("</svg>");
    });
  },
);

describe("SVG", () => {
  it("keeps boxes apart and inside their frames, and leads arrows from box to box", async () => {
    const layout = await layOut(picture);
    const frames = [...framesOf(picture.frames)];
    for (const frame of frames) {
      const outer = layout.frames.get(frame.id);
      for (const one of frame.boxes) expect(within(layout.boxes.get(one.id), outer), one.id).toBe(true);
      for (const one of frame.frames) expect(within(layout.frames.get(one.id), outer), one.id).toBe(true);
    }
    const boxes = [...layout.boxes.values()];
    boxes.forEach((a, index) => expect(boxes.slice(index + 1).some((b) => meet(a, b))).toBe(false));
    for (const { arrow, points } of layout.arrows) {
      expect(near(points[0], layout.boxes.get(arrow.from)), `${arrow.from} ${arrow.to}`).toBe(true);
      expect(near(points.at(-1), layout.boxes.get(arrow.to) ?? layout.frames.get(arrow.to)), arrow.to).toBe(true);
      // Orthogonal all the way, through the edge of a frame as well; the two halves may differ by a pixel there.
      points.slice(1).forEach((point, index) => {
        const before = points[index];
        expect(Math.abs(point.x - (before?.x ?? 0)) <= 1 || Math.abs(point.y - (before?.y ?? 0)) <= 1).toBe(true);
      });
    }
  });

  it.each(programs.map((text, index) => [index + 1, text] as const))(
    "keeps labels off boxes, frames apart and targets in order: program %i of the documentation",
    async (_, text) => {
      const drawn = draw(text);
      const layout = await layOut(drawn);
      const boxes = [...layout.boxes.values()];
      const labels = layout.arrows.flatMap(({ label }) => label ?? []);
      boxes.forEach((a, index) => expect(boxes.slice(index + 1).some((b) => meet(a, b))).toBe(false));
      labels.forEach((a, index) => expect(labels.slice(index + 1).some((b) => meet(a, b))).toBe(false));
      for (const label of labels) expect(boxes.some((box) => meet(label, box))).toBe(false);
      const outer = drawn.frames.flatMap((one) => layout.frames.get(one.id) ?? []);
      outer.forEach((a, index) => expect(outer.slice(index + 1).some((b) => meet(a, b))).toBe(false));
      const page = { x: 0, y: 0, width: layout.width, height: layout.height };
      for (const one of [...boxes, ...labels, ...outer]) expect(within(one, page)).toBe(true);
    },
  );

  it("tells many arrows to one box apart", async () => {
    const inputs = Array.from({ length: 12 }, (_, index) => `i${index}`);
    const wide = draw(`node Join { ${inputs.map((one) => `in ${one}: text`).join("\n")}
 out text
 join latest }
pipeline P { in t: text
 out u: text
 let join = Join()
 ${inputs.map((one) => `t -> join.${one}`).join("\n ")}
 join -> u }`);
    const { arrows, boxes } = await layOut(wide);
    const ends = arrows.filter(({ arrow }) => arrow.to === "P_join").map(({ points }) => points.at(-1)?.x ?? 0);
    const sorted = ends.toSorted((a, b) => a - b);
    expect(sorted).toHaveLength(12);
    for (const [index, x] of sorted.slice(1).entries()) expect(x - (sorted[index] ?? 0)).toBeGreaterThan(5);
    expect(boxes.get("P_join")?.width).toBeGreaterThan(100);
  });

  it("is the same each time, and shows every name and format", async () => {
    const text = await svg(picture);
    expect(await svg(draw(program))).toBe(text);
    for (const one of ["edge", "mic", "OpusEncode", "put in by ~&gt;", "audio&lt;opus, 48kHz, mono&gt;", "else 3"]) {
      expect(text).toContain(`>${one}<`);
    }
    expect(text).toContain('class="box dashed"');
    expect(text).toContain('class="box converter"');
  });

  it("holds no name as markup", async () => {
    const text = await svg(hostile);
    expect(text).not.toContain("<script");
    expect(text).not.toContain("<b>");
    expect(text).not.toContain("\u0000");
    expect(text.match(/<text/g)).toHaveLength(5);
  });

  it("draws a program without peers or pipelines", async () => {
    expect(await svg(draw("record R { a: text }"))).toMatch(/^<svg [^]*<\/svg>\n$/);
  });
});

describe("meshc graph", () => {
  let cli: CommandLine;
  beforeEach(() => {
    cli = commandLine();
  });
  afterEach(() => cli[Symbol.dispose]());

  it.each([
    ["mermaid", /^flowchart TB\n/],
    ["dot", /^digraph "main\.mesh" \{\n/],
    ["svg", /^<svg /],
    ["json", /^\{\n {2}"version": 1,/],
  ])("prints %s", async (format, start) => {
    cli.write("main.mesh", program);
    const { code, out, err } = await cli.run("graph", "main.mesh", "--format", format);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(start);
  });

  it("draws no program with errors", async () => {
    cli.write("main.mesh", program.replace("Hear()", "Hearr()"));
    const { code, out, err } = await cli.run("graph", "main.mesh");
    expect(code).toBe(1);
    expect(out).toBe("");
    expect(err).toContain("error[MESH2001]");
    expect(err).toContain("nothing drawn");
  });

  it("refuses a file that is not there", async () => {
    expect((await cli.run("graph", "nowhere.mesh")).code).toBe(3);
  });
});
