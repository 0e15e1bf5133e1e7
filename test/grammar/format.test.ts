import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createFormatter } from "../../grammar/format.ts";

const format = createFormatter();
const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");

function formatted(text: string): string {
  const result = format(text);
  if ("errors" in result) throw new Error(`not a program: ${result.errors[0]?.message}`);
  return result.text;
}

/** The layout of statements of a pipeline. */
function inPipeline(statements: string): string {
  const lines = formatted(`pipeline P {\n${statements}\n}`).split("\n").slice(1, -2);
  return lines.map((line) => line.replace(/^ {2}/, "")).join("\n");
}

describe("programs that are laid out", () => {
  it.each([
    "./fixtures/assistant.mesh",
    "../../examples/voice-assistant/main.mesh",
    "../../stdlib/audio/audio.mesh",
    "../../stdlib/speech/speech.mesh",
  ])("%s stays as it is", (path) => {
    expect(formatted(read(path))).toBe(read(path));
  });

  it("every form, from a text without any layout", () => {
    expect(formatted(read("./fixtures/every-form.mesh"))).toBe(read("./fixtures/every-form.formatted.mesh"));
  });
});

describe("columns and lines", () => {
  it("in and out, at and else stand below each other only where both are there", () => {
    const remotes = "remote a: I { at x.Y else Z() }\nremote b: I { at x.Y }";
    expect(inPipeline(remotes)).toBe("remote a: I {\n  at   x.Y\n  else Z()\n}\nremote b: I {\n  at x.Y\n}");
    expect(formatted("interface I { in text out text }")).toBe("interface I {\n  in  text\n  out text\n}\n");
    expect(formatted("interface I { in text }")).toBe("interface I {\n  in text\n}\n");
  });

  it("a record or enum stays on one line where it began on one and fits", () => {
    expect(formatted("record R {a:text b:text,}")).toBe("record R { a: text, b: text }\n");
    expect(formatted("record R {\na:text, b:text}")).toBe("record R {\n  a: text\n  b: text\n}\n");
    const values = Array.from({ length: 14 }, (_, index) => `value_${index}`);
    expect(formatted(`enum E { ${values.join(", ")} }`)).toBe(`enum E {\n  ${values.join("\n  ")}\n}\n`);
  });

  it("declarations stand apart, unless they take one line each and stood together", () => {
    const text = "enum A { x }\nenum B { y }\n\n\n\nenum C { z }\nrecord R {\na: text\n}\nenum D { x }";
    const laidOut = "enum A { x }\nenum B { y }\n\nenum C { z }\n\nrecord R {\n  a: text\n}\n\nenum D { x }\n";
    expect(formatted(text)).toBe(laidOut);
  });

  it("groups of statements stay, one empty line apart", () => {
    expect(inPipeline("\n\nlet a = A()\n\n\n\nlet b = B()\nlet c = C()\n\n")).toBe(
      "let a = A()\n\nlet b = B()\nlet c = C()",
    );
  });

  it("line ends stay those of the text", () => {
    expect(formatted("record R {\r\na: text\r\n}\r\n")).toBe("record R {\r\n  a: text\r\n}\r\n");
  });

  it.each(["", "\n\n", "  \t\r\n", "\uFEFF"])("nothing stays nothing: %j", (text) => {
    expect(formatted(text)).toBe("");
  });
});

function long(count: number): string {
  return Array.from({ length: count }, (_, index) => `name_number_${index}`).join(", ");
}

describe("what does not fit on a line", () => {
  it("a chain breaks before its arrows", () => {
    const steps = Array.from({ length: 9 }, (_, index) => `step_number_${index}`);
    expect(inPipeline(`mic ~> ${steps.join(" -> ")}`)).toBe(`mic\n  ~> ${steps.join("\n  -> ")}`);
  });

  it("lists have one item on a line, the last one with a comma", () => {
    const broken = (indent: string): string => long(9).replaceAll(", ", `,\n${indent}`);
    expect(formatted(`import { ${long(9)} } from "x"`)).toBe(`import {\n  ${broken("  ")},\n} from "x"\n`);
    expect(inPipeline(`mic -> any(fastest) [${long(9)}]`)).toBe(`mic -> any(fastest) [\n  ${broken("  ")},\n]`);
    const parameters = Array.from({ length: 5 }, (_, index) => `parameter_number_${index}: text`);
    expect(formatted(`node N(${parameters.join(",")}) {}`)).toBe(`node N(\n  ${parameters.join(",\n  ")},\n) {}\n`);
  });

  it("the last bracket breaks rather than one before it", () => {
    const text = `let a = Answer(model: env("ANSWER_MODEL", "small"), other: "x") with { restart: on_failure, attempts: 3, worker: true }`;
    expect(inPipeline(text)).toBe(
      `let a = Answer(model: env("ANSWER_MODEL", "small"), other: "x") with {\n  restart: on_failure,\n  attempts: 3,\n  worker: true,\n}`,
    );
  });

  it("a route keeps its cases on lines of their own", () => {
    const cases = 'a -> route lang {\n"en" -> b, else -> c }';
    expect(inPipeline(cases)).toBe('a -> route lang {\n  "en" -> b,\n  else -> c,\n}');
    expect(inPipeline('a->route lang{"en"->b,else->c,}')).toBe('a -> route lang { "en" -> b, else -> c }');
  });

  it("conditions go on below each other", () => {
    const conditions = [
      "gpu.memory >= 8GiB",
      'region == "eu-west-1" or region == "eu-central-1"',
      "codecs(opus, vp8, vp9)",
    ];
    const text = `interface I {\n  requires ${conditions.join(",\n    ")},\n    some.very.long_property > 3\n}\n`;
    expect(formatted(text)).toBe(text);
  });
});

describe("comments", () => {
  it("stay where they are, at line ends below each other", () => {
    const text = `// first

record R {  // of R
  // of a
  a: text                 // short
  b: map<[text]> /* b */  // long

  // before the end
}  // after

// last
`;
    expect(formatted(text)).toBe(text);
  });

  it("keep a line end that they make", () => {
    expect(inPipeline("mic // one\n  ~> vad // two\n  -> out")).toBe("mic       // one\n  ~> vad  // two\n  -> out");
    expect(inPipeline("let x = Vad( // why\nlow: 1, /* a */ high: 2 // b\n)")).toBe(
      "let x = Vad(  // why\n  low: 1,\n  /* a */ high: 2,  // b\n)",
    );
  });

  it("keep a bracket with lines of its own at the end of its line", () => {
    expect(inPipeline("mic -> vad -> [\n// why\nout, log]")).toBe("mic -> vad -> [\n  // why\n  out,\n  log,\n]");
  });

  it("of several lines stay as they are inside", () => {
    const text = "/*\n      as\n  it is\n*/\nrecord R {}\n";
    expect(formatted(text)).toBe(text);
  });

  it("document what they documented", () => {
    const text = "/// Of R.\nrecord R {\n  /// Of a.\n  a: text  /// of nothing\n  b: text\n}\n";
    expect(formatted(text.replaceAll("  ", " "))).toBe(text);
  });
});

describe("a range", () => {
  const text = "record R {\n a:text\n b:text\n}\npipeline P {\n a->b\n b->c   // x\n}\n";

  it.each([
    ["one field", "b:text", "record R {\n a:text\n  b: text\n}\npipeline P {\n a->b\n b->c   // x\n}\n"],
    ["one flow with its comment", "b->c", "record R {\n a:text\n b:text\n}\npipeline P {\n a->b\n  b -> c  // x\n}\n"],
    ["a declaration", "record", "record R {\n  a: text\n  b: text\n}\npipeline P {\n a->b\n b->c   // x\n}\n"],
  ])("%s", (_, part, wanted) => {
    const start = text.indexOf(part);
    const result = format(text, { range: { start, end: start + part.length } });
    expect(result).toMatchObject({ text: wanted });
  });

  it("of several declarations lays all of them out", () => {
    const result = format(text, { range: { start: text.indexOf("b:text"), end: text.indexOf("a->b") } });
    expect(result).toMatchObject({ text: formatted(text).replace("}\n\n", "}\n\n") });
  });

  it("gives edits that touch nothing else", () => {
    const result = format(text, { range: { start: 13, end: 13 } });
    expect(result).toMatchObject({
      edits: [
        { span: { start: 12, end: 12 }, text: " " },
        { span: { start: 14, end: 14 }, text: " " },
      ],
    });
  });
});

describe("a text with mistakes", () => {
  it("is refused with the mistakes", () => {
    const result = format("record R { a: text }\npipeline P { mic -> }");
    expect(result).toMatchObject({ errors: [{ code: "MESH1009" }] });
  });
});
