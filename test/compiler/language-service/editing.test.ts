import { describe, expect, it } from "vitest";
import { codeActions } from "../../../compiler/language-service/code-actions.ts";
import { incomingCalls, itemAt, outgoingCalls } from "../../../compiler/language-service/call-hierarchy.ts";
import { codeLenses, lensReferences } from "../../../compiler/language-service/code-lens.ts";
import { documentLinks } from "../../../compiler/language-service/document-links.ts";
import { fileRenameEdits } from "../../../compiler/language-service/file-rename.ts";
import { foldingRanges } from "../../../compiler/language-service/folding.ts";
import { Formatting } from "../../../compiler/language-service/format.ts";
import { inlayHints } from "../../../compiler/language-service/inlay-hints.ts";
import { selectionSpans } from "../../../compiler/language-service/selection.ts";
import { encodeTokens, semanticTokens } from "../../../compiler/language-service/semantic-tokens.ts";
import { edited, marked, type Marked } from "./support/marked.ts";
import { program } from "./support/program.ts";

function fileOf({ service, path }: Marked) {
  const file = service.parsed(path);
  if (file === undefined) throw new Error("no file");
  return file;
}

describe("formatting", () => {
  const rough = "record   R {a:text}\n\nnode  N {in R\n out R }\n";

  it("lays out a whole file, once and for all", () => {
    const one = marked(rough);
    const after = edited(rough, new Formatting().format(fileOf(one)));
    expect(after).toBe("record R { a: text }\n\nnode N {\n  in  R\n  out R\n}\n");
    expect(new Formatting().format(fileOf(marked(after)))).toEqual([]);
  });

  it("lays out the lines of a range alone, and what has just been typed", () => {
    const one = marked(rough);
    expect(edited(rough, new Formatting().format(fileOf(one), { start: 0, end: 5 }))).toMatch(
      /^record R \{ a: text \}\n\nnode {2}N/,
    );
    const typed = "record   R {a:text}\n\n";
    expect(edited(typed, new Formatting().onType(fileOf(marked(typed)), 20, "\n"))).toBe("record R { a: text }\n\n");
    const closed = "record R {a:text}";
    expect(edited(closed, new Formatting().onType(fileOf(marked(closed)), closed.length, "}"))).toMatch(
      /^record R \{ a: text \}/,
    );
  });

  it("leaves a text alone that is half typed", () => {
    expect(new Formatting().format(fileOf(marked("record R {")))).toEqual([]);
    expect(new Formatting().onType(fileOf(marked("record R {\n")), 11, "\n")).toEqual([]);
  });
});

describe("the shape of a file", () => {
  it("folds blocks, comments and imports", () => {
    const text = `import { A } from "./a.mesh"\nimport { B } from "./b.mesh"\n// one\n// two\n\n/// Doc\npipeline P {\n  in a: text\n  remote r: I {\n    at "x"\n  }\n}\n`;
    expect(foldingRanges(fileOf(marked(text)))).toEqual([
      { startLine: 0, endLine: 1, kind: "imports" },
      { startLine: 2, endLine: 3, kind: "comment" },
      { startLine: 6, endLine: 11, kind: "region" },
      { startLine: 8, endLine: 10, kind: "region" },
    ]);
  });

  it("selects more and more around a place", () => {
    const one = marked(program);
    const spans = selectionSpans(fileOf(one), program.indexOf("level, mood: excited") + 1);
    const texts = spans.map(({ start, end }) => program.slice(start, end).split("\n")[0]);
    expect(texts.slice(0, 4)).toEqual([
      "level",
      "gain: level",
      "Loud(gain: level, mood: excited)",
      "let loud = Loud(gain: level, mood: excited)",
    ]);
    expect(spans.at(-1)).toEqual({ start: 0, end: program.length });
    for (const [index, span] of spans.entries()) {
      const outer = spans[index + 1];
      if (outer !== undefined) expect(outer.start <= span.start && span.end <= outer.end).toBe(true);
    }
  });

  it("has colours by what names mean", () => {
    const one = marked(program);
    const found = semanticTokens(one.service, one.path).map(({ start, end, type, modifiers }) =>
      [program.slice(start, end), type, ...modifiers].join(" "),
    );
    expect(found).toEqual(
      expect.arrayContaining([
        "Word struct declaration",
        "mood property declaration",
        "calm enumMember",
        "Loud class",
        "R typeParameter",
        "level parameter",
        "patient variable",
        "far variable",
        "box namespace",
        "Near function",
        "audio type defaultLibrary",
        "pipeline keyword",
        "~> operator",
        "20ms number",
        "/// Makes it louder. comment documentation",
      ]),
    );
    const range = { start: program.indexOf("policy"), end: program.indexOf("policy") + 6 };
    expect(semanticTokens(one.service, one.path, range)).toEqual([{ ...range, type: "keyword", modifiers: [] }]);
  });

  it("tells the protocol of tokens line by line, each relative to the one before", () => {
    const text = "/* a\n b */ record R { }";
    const one = marked(text);
    const { source } = fileOf(one);
    const data = encodeTokens(semanticTokens(one.service, one.path), text, source.lineStarts);
    expect(data.slice(0, 20)).toEqual([0, 0, 4, 4, 0, 1, 0, 5, 4, 0, 0, 6, 6, 0, 0, 0, 7, 1, 6, 1]);
  });

  it("has inlay hints for what the compiler decided", () => {
    const one = marked(program);
    const checked = one.service.program(one.path);
    if (checked === undefined) throw new Error("no program");
    const hints = inlayHints(checked, one.path, { start: 0, end: program.length });
    const shown = hints.map(({ offset, label }) => `${program.slice(0, offset).split("\n").at(-1)}‹${label}›`);
    expect(shown).toEqual(
      expect.arrayContaining([
        "  mic ~>‹ OpusDecode ~>›",
        "  mic ~> loud ~>‹ OpusEncode ~>›",
        "    at   box.Near‹ webrtc://127.0.0.1:7443/Near›",
      ]),
    );
    expect(inlayHints(checked, one.path, { start: 0, end: 10 })).toEqual([]);
  });

  it("has inlay hints at the first step of a node whose format was open: what it has become, once", () => {
    const text = `node Keep<R: rate, C: channels>() {
  in  audio<pcm_f32, R, C>
  out audio<pcm_f32, R, C>
}
pipeline P {
  in  a: audio<pcm_f32, 16kHz, mono>
  out b: audio<pcm_f32, 16kHz, mono>
  let keep = Keep()
  a -> keep
  keep -> Keep() -> b
}
`;
    const one = marked(text);
    const checked = one.service.program(one.path);
    if (checked === undefined) throw new Error("no program");
    const hints = inlayHints(checked, one.path, { start: 0, end: text.length });
    expect(hints.map(({ offset, label }) => `${text.slice(0, offset).split("\n").at(-1)}‹${label}›`)).toEqual([
      "  a -> keep‹ R: 16kHz, C: mono›",
      "  keep -> Keep()‹ R: 16kHz, C: mono›",
    ]);
    expect(hints[0]?.tooltip).toContain("`Keep` leaves its rate `R` open; it is 16kHz here.");
  });
});

describe("code actions", () => {
  const titles = (one: Marked, start: number, end = start): string[] => {
    const found = one.service.diagnostics().get(one.path)?.diagnostics ?? [];
    return codeActions(one.service, one.path, { start, end }, found).map((action) => action.title);
  };
  const apply = (text: string, title: string, at: number): string => {
    const one = marked(text);
    const found = one.service.diagnostics().get(one.path)?.diagnostics ?? [];
    const action = codeActions(one.service, one.path, { start: at, end: at }, found).find((two) => two.title === title);
    if (action === undefined) throw new Error(`no ${title}`);
    return edited(text, action.edits);
  };

  it("are all fixes of what is wrong there, and there only", () => {
    const text = "record Rec { a: text }\nnode N {\n  in Rce\n  out text\n}\n";
    const one = marked(text);
    expect(titles(one, text.indexOf("Rce"))).toContain("Change to `Rec`");
    expect(titles(one, 0)).not.toContain("Change to `Rec`");
    expect(apply(text, "Change to `Rec`", text.indexOf("Rce"))).toContain("in Rec\n");
  });

  it("let the compiler insert a converter", () => {
    const text =
      "node N { in audio<pcm_f32, 16kHz, mono>\n  out text }\npipeline P {\n  in m: audio<opus, 48kHz, mono>\n  out t: text\n  m -> N() -> t\n}\n";
    const at = text.indexOf("m -> N") + 3;
    const after = apply(text, "Let the compiler insert a converter: `~>`", at);
    expect(after).toContain("m ~> N() -> t");
    expect(marked(after).service.diagnostics().get("main.mesh")?.diagnostics).toEqual([]);
  });

  it("organise imports", () => {
    const text =
      'import { Vad, Recognise } from "std/speech"\nimport { Gain } from "std/audio"\npipeline P {\n  let g = Gain()\n  let v = Vad()\n}\n';
    expect(apply(text, "Organise imports", 0)).toMatch(
      /^import \{ Gain \} from "std\/audio"\nimport \{ Vad \} from "std\/speech"\npipeline/,
    );
  });

  it("write parameters with the types that they have at run time, each by itself", () => {
    const text =
      "enum Mood { calm, excited }\nrecord Tag { name: text, next: Tag? }\nnode N(a: duration, b: Mood = calm, c: [text]?, d: json, e: Tag, f: resolution) { in text\n  out text }\n";
    const one = marked(text);
    const at = text.indexOf("node N") + 5;
    const action = codeActions(one.service, one.path, { start: at, end: at }, []).find(
      (two) => two.creates !== undefined,
    );
    const written = action?.creates?.text ?? "";
    expect(written).toContain('import { defineNode, type JsonValue } from "pipeline-mesh";');
    expect(written.slice(written.indexOf("<{"), written.indexOf("}>("))).toBe(`<{
  /** In microseconds. */
  readonly a: number;
  readonly b: "calm" | "excited";
  readonly c?: readonly string[] | null | undefined;
  readonly d: JsonValue;
  readonly e: { readonly name: string; readonly next?: unknown | null | undefined };
  /** In pixels. */
  readonly f: { readonly width: number; readonly height: number };
`);
  });

  it("write the code of a node that has none", () => {
    const text = "node SayTwice(times: int = 2) {\n  in  text\n  out words: text\n}\n";
    const one = marked(text);
    const action = codeActions(one.service, one.path, { start: 6, end: 6 }, []).find(
      (two) => two.creates !== undefined,
    );
    expect(action?.title).toBe("Implement `SayTwice` in TypeScript");
    expect(edited(text, action?.edits ?? [])).toContain('out words: text\n  from "./say-twice.ts"\n}');
    expect(action?.creates?.path).toBe("say-twice.ts");
    expect(action?.creates?.text).toContain(
      "export const SayTwice = defineNode<{\n  readonly times: number;\n}>({\n  open: ({ times }, { emit })",
    );
    expect(action?.creates?.text).toContain('emit("words", payload)');
    const there = marked({ "main.mesh": `${text.slice(0, -2)}  from "./say.ts"\n}\n`, "say.ts": "" });
    expect(titles(there, 6)).not.toContain("Implement `SayTwice` in TypeScript");
  });
});

describe("between declarations and files", () => {
  it("lenses run, draw and count", () => {
    const one = marked(program);
    const lenses = codeLenses(fileOf(one));
    const shown = lenses.map((lens) =>
      lens.kind === "references" ? `${lensReferences(one.service, one.path, lens.offset).length}` : lens.kind,
    );
    expect(shown).toContain("graph");
    expect(lenses.filter((lens) => lens.kind === "run").map((lens) => lens.kind === "run" && lens.what)).toEqual([
      "pipeline",
      "pipeline",
      "peer",
      "scenario",
    ]);
    const near = lenses.find((lens) => lens.kind === "references" && program.startsWith("Near: Hears", lens.offset));
    expect(near?.kind === "references" && lensReferences(one.service, one.path, near.offset)).toHaveLength(4);
  });

  it("calls go from pipelines to what they use, and back", () => {
    const one = marked(program);
    const main = itemAt(one.service, one.path, program.indexOf("Main(level"));
    if (main === undefined) throw new Error("no item");
    expect(outgoingCalls(one.service, main).map((call) => call.meaning.name)).toEqual(["Loud", "Hears", "box", "Near"]);
    const near = itemAt(one.service, one.path, program.indexOf("Near: Hears"));
    if (near === undefined) throw new Error("no item");
    expect(incomingCalls(one.service, near).map((call) => call.meaning.name)).toEqual(["Main", "box"]);
  });

  const files = {
    "main.mesh": 'import { R } from "./lib/b.mesh"\nnode N { in R\n  out R\n  from "./n.ts" }\n',
    "lib/b.mesh": "record R { a: text }\n",
    "n.ts": "",
  };

  it("links lead to files", () => {
    const one = marked(files);
    expect(documentLinks(one.service, one.path).map((link) => link.path)).toEqual(["lib/b.mesh", "n.ts"]);
  });

  it.each([
    ["lib/b.mesh", "c.mesh", ['main.mesh "./c.mesh"']],
    ["lib", "other", ['main.mesh "./other/b.mesh"']],
    ["n.ts", "code/n.ts", ['main.mesh "./code/n.ts"']],
    ["main.mesh", "deep/main.mesh", ['main.mesh "../lib/b.mesh"', 'main.mesh "../n.ts"']],
    ["other.mesh", "else.mesh", []],
  ])("a file that moves from %s to %s stays imported", (from, to, wanted) => {
    const one = marked(files);
    expect(fileRenameEdits(one.service, from, to).map(({ path, newText }) => `${path} ${newText}`)).toEqual(wanted);
  });
});
