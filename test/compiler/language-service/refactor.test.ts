import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Span } from "../../../grammar/syntax.ts";
import { codeActions } from "../../../compiler/language-service/code-actions.ts";
import { edited, marked } from "./support/marked.ts";

/** The text after an extraction of what stands between `<|` and `|>`, or at the mark; undefined where none is offered. */
function extracted(source: string, what: "policy" | "pipeline"): string | undefined {
  const one = marked(source);
  const span = one.spans[0] ?? { start: one.at().offset, end: one.at().offset };
  const found = one.service.diagnostics().get(one.path)?.diagnostics ?? [];
  const all = codeActions(one.service, one.path, span, found).filter((two) => two.kind === "refactor.extract");
  const action = all.find((two) => two.title.startsWith(`Extract ${what} `));
  return action && edited(one.textOf(one.path), action.edits);
}

/** The same, and that the program is as good as it was. */
function extractedWell(source: string, what: "policy" | "pipeline"): string {
  const problems = (text: string): string[] =>
    (marked(text).service.diagnostics().get("main.mesh")?.diagnostics ?? []).map((one) => one.message);
  const after = extracted(source, what);
  if (after === undefined) throw new Error("nothing is offered");
  expect(problems(after)).toEqual(problems(marked(source).textOf("main.mesh")));
  return after;
}

const remote = (head: string, ...clauses: string[]): string => `interface Hears {
  in  text
  out text
}

policy patient {
  retry 5 times, backoff 100ms..5s
  timeout connect 3s, idle 10s
}

// What the room says.
pipeline Main {
  in  a: text
  out b: text
  remote far: Hears${head} {
    at "webrtc://127.0.0.1:7443/hear"
${clauses.map((one) => `    ${one}\n`).join("")}  }
  a -> far -> b
}
`;

describe("extract policy", () => {
  it("takes all clauses of a remote where the cursor stands in one, with their comments", () => {
    const after = extractedWell(
      remote("", "// It is slow to start.", "timeout connect 30s", "ret/*|*/ry 2 times // no more", "via webrtc"),
      "policy",
    );
    expect(after).toContain(
      "policy farPolicy {\n  // It is slow to start.\n  timeout connect 30s\n  retry 2 times // no more\n  via webrtc\n}\n\n// What the room says.\npipeline Main",
    );
    expect(after).toContain('remote far: Hears with farPolicy {\n    at "webrtc://127.0.0.1:7443/hear"\n  }\n');
  });

  it("takes those that are selected and leaves the others where they are", () => {
    const after = extractedWell(remote("", "resume 5s", "<|standby off|>"), "policy");
    expect(after).toContain("policy farPolicy {\n  standby off\n}");
    expect(after).toContain("    resume 5s\n  }");
  });

  it("keeps what the remote has of its policy so far", () => {
    const after = extractedWell(remote(" with patient", "retry/*|*/ 2 times", "timeout idle 1s"), "policy");
    expect(after).toContain(
      "policy farPolicy {\n  timeout connect 3s\n  retry 2 times, backoff 100ms..5s\n  timeout idle 1s\n}",
    );
    expect(after).toContain("remote far: Hears with farPolicy {");
  });

  it("finds a name that is free, and is not offered elsewhere", () => {
    const text = remote("", "standby/*|*/ off").replace("policy patient", "policy farPolicy");
    expect(extractedWell(text, "policy")).toContain("Hears with farPolicy2 {");
    expect(extracted(remote("", "standby off").replace("a -> far", "a /*|*/-> far"), "policy")).toBeUndefined();
    expect(extracted(`${remote("", "standby/*|*/ off")}record {`, "policy")).toBeUndefined();
  });
});

const nodes = `import { Vad, Recognise } from "std/speech"
record Said { text: text }
node Split { in text
  out words: text
  out done: signal }
node Shout(times: int = 1) { in text
  out text }
node Count { in text
  out int }
node Loud { in audio<pcm_f32, 16kHz, mono>
  out audio<pcm_f32, 16kHz, mono> }
`;

/** What a program says behind its nodes. */
function tail(text: string): string {
  return text.slice(text.indexOf("\npipeline ") + 1);
}

describe("extract pipeline", () => {
  it.each([
    [
      "some steps of a chain",
      "pipeline P {\n  in  a: text\n  out b: int\n  a -> <|Shout() -> Shout(times: 3)|> -> Count() -> b\n}\n",
      "pipeline Extracted {\n  in  input: text\n  out output: text\n\n  input -> Shout() -> Shout(times: 3) -> output\n}\n\npipeline P {\n  in  a: text\n  out b: int\n  a -> Extracted() -> Count() -> b\n}\n",
    ],
    [
      "a node with a name, which comes along, and ports that stay",
      "pipeline P(n: int = 2) {\n  in  a: text\n  out b: text\n  // Twice as loud.\n  let twice = Shout(times: n)\n  <|a -> twice -> b|>\n}\n",
      "pipeline Extracted(n: int = 2) {\n  in  input: text\n  out output: text\n\n  // Twice as loud.\n  let twice = Shout(times: n)\n\n  input -> twice -> output\n}\n\npipeline P(n: int = 2) {\n  in  a: text\n  out b: text\n  a -> Extracted(n: n) -> b\n}\n",
    ],
    [
      "formats as they were solved",
      "pipeline P {\n  in  mic: audio<opus, 48kHz, mono>\n  out heard: audio<opus, 48kHz, mono>\n  mic ~> <|Loud()|> ~> heard\n}\n",
      "pipeline Extracted {\n  in  input: audio<opus, 48kHz, mono>\n  out output: audio<pcm_f32, 16kHz, mono>\n\n  input ~> Loud() -> output\n}\n\npipeline P {\n  in  mic: audio<opus, 48kHz, mono>\n  out heard: audio<opus, 48kHz, mono>\n  mic ~> Extracted() ~> heard\n}\n",
    ],
    [
      "one branch of several",
      "pipeline P {\n  in  a: text\n  out b: text\n  out c: int\n  a -> [b, <|Shout()|> -> Count() -> c]\n}\n",
      "pipeline Extracted {\n  in  input: text\n  out output: text\n\n  input -> Shout() -> output\n}\n\npipeline P {\n  in  a: text\n  out b: text\n  out c: int\n  a -> [b, Extracted() -> Count() -> c]\n}\n",
    ],
    [
      "whole statements, with ports for what goes in and out",
      "pipeline P {\n  in  a: text\n  out b: text\n  out c: int\n  <|let split = Split()\n  a -> split\n  split.words -> [b, Count() -> c]|>\n}\n",
      "pipeline Extracted {\n  in  a: text\n  out b: text\n  out c: int\n\n  let split = Split()\n\n  a -> split\n  split.words -> [b, Count() -> c]\n}\n\npipeline P {\n  in  a: text\n  out b: text\n  out c: int\n  let extracted = Extracted()\n  a -> extracted.a\n  extracted.b -> b\n  extracted.c -> c\n}\n",
    ],
    [
      "what is still named outside",
      "pipeline P {\n  in  a: text\n  out b: text\n  out d: signal\n  <|let split = Split()\n  a -> Shout() -> split\n  split.words -> b|>\n  split.done -> d\n}\n",
      "pipeline Extracted {\n  in  a: text\n  out b: text\n  out done: signal\n\n  let split = Split()\n\n  a -> Shout() -> split\n  split.words -> b\n  split.done -> done\n}\n\npipeline P {\n  in  a: text\n  out b: text\n  out d: signal\n  let extracted = Extracted()\n  a -> extracted -> b\n  extracted.done -> d\n}\n",
    ],
  ])("takes %s", (_, source, wanted) => {
    expect(tail(extractedWell(nodes + source, "pipeline"))).toBe(wanted);
  });

  it("brings a type along that the file does not import", () => {
    const heard =
      "record Heard { text: text }\nnode Hear { in text\n  out Heard }\nnode Count { in Heard\n  out int }\n";
    const main =
      'import { Count, Hear } from "./hear.mesh"\npipeline P {\n  in  a: text\n  out b: int\n  a -> <|Hear()|> -> Count() -> b\n}\n';
    const one = marked({ "main.mesh": main, "hear.mesh": heard });
    const [span = { start: 0, end: 0 }] = one.spans;
    const action = codeActions(one.service, one.path, span, []).find((two) => two.kind === "refactor.extract");
    const after = edited(one.textOf("main.mesh"), action?.edits ?? []);
    expect(after).toContain('import { Count, Hear, Heard } from "./hear.mesh"');
    expect(after).toContain("out output: Heard");
    expect(
      marked({ "main.mesh": after, "hear.mesh": heard }).service.diagnostics().get("main.mesh")?.diagnostics,
    ).toEqual([]);
  });

  it("leaves every program as good as it was, whatever is selected of it", () => {
    const text = readFileSync(new URL("../language/programs/assistant.mesh", import.meta.url), "utf8");
    const one = marked(text);
    const before = (one.service.diagnostics().get(one.path)?.diagnostics ?? []).map(({ message }) => message);
    const declared = one.service.parsed(one.path)?.syntax.declarations ?? [];
    const members = declared.flatMap((two) => (two.kind === "Pipeline" ? two.members : []));
    const parts = members.flatMap((two): readonly { readonly span: Span }[] =>
      two.kind === "Flow" ? [two, two.source, ...two.hops] : [two],
    );
    let offered = 0;
    for (const [index, from] of parts.entries()) {
      for (const to of parts.slice(index, index + 3)) {
        const span = { start: from.span.start, end: to.span.end };
        const action = codeActions(one.service, one.path, span, []).find((two) =>
          two.title.startsWith("Extract pipeline"),
        );
        if (action === undefined) continue;
        offered += 1;
        const after = edited(text, action.edits);
        const found = marked(after).service.diagnostics().get("main.mesh")?.diagnostics ?? [];
        expect(
          found.map(({ message }) => message),
          after,
        ).toEqual(before);
      }
    }
    expect(offered).toBeGreaterThan(10);
  });

  it.each([
    ["no selection", "  a -> /*|*/Shout() -> b"],
    ["an arrow alone", "  a <|->|> Shout() -> b"],
    ["a port of the pipeline", "  <|a|> -> Shout() -> b"],
    ["a part of a node that is named elsewhere too", "  let s = Split()\n  a -> <|s|>\n  s.words -> b"],
    ["a format that cannot be told, for there is a mistake", "  a -> <|Shot()|> -> b"],
  ])("is not offered for %s", (_, flow) => {
    expect(extracted(`${nodes}pipeline P {\n  in  a: text\n  out b: text\n${flow}\n}\n`, "pipeline")).toBeUndefined();
  });
});
