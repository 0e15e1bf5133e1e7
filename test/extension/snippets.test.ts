import { describe, expect, it } from "vitest";
import { transform } from "esbuild";
import configuration from "../../vscode-extension/language-configuration.json" with { type: "json" };
import config from "../../vscode-extension/snippets/config.json" with { type: "json" };
import mesh from "../../vscode-extension/snippets/mesh.json" with { type: "json" };
import { parse } from "../../grammar/index.ts";
import { compileText, summary } from "../compiler/support/marked.ts";

/** A snippet as it stands when nobody changes what it proposes. */
function expanded(body: readonly string[]): string {
  let text = body.join("\n");
  const values = new Map([...text.matchAll(/\$\{(\d+):([^{}]*)\}/g)].map(([, number, value]) => [number, value]));
  text = text.replaceAll(/\$\{(\d+):([^{}]*)\}/g, "$2").replaceAll(/\$(\d+)/g, (_, number) => values.get(number) ?? "");
  return text;
}

/** What a snippet needs around it to make sense; `…` is its place. */
const around: Readonly<Record<string, string>> = {
  Peer: "pipeline Main { in a: text\n out b: text\n a -> b }\n…",
  "Remote with a fallback": `interface Answering { in line: text
 out answer: text }
node Few { in text
 out text }
pipeline FewWords: Answering { in line: text
 out answer: text
 line -> Few() -> answer }
peer gpu { runs FewWords as "Hearing"
 listens "webrtc://127.0.0.1:7443" }
pipeline Main { in line: text
 out answer: text
 …
 line -> stt -> answer }`,
  Scenario: `interface Answering { in line: text
 out answer: text }
node Few { in text
 out text }
pipeline FewWords: Answering { in line: text
 out answer: text
 line -> Few() -> answer }
peer gpu { runs FewWords
 listens "webrtc://127.0.0.1:7443" }
pipeline Main { in line: text
 out answer: text
 remote stt: Answering { at gpu.FewWords
 else FewWords() }
 line -> stt -> answer }
…`,
};

describe("snippets", () => {
  it.each(Object.entries(mesh))("%s is a program without errors", (name, { body, prefix, description }) => {
    const text = (around[name] ?? "…").replace("…", () => expanded(body));
    const { diagnostics } = compileText(text, { "shout.ts": "", "answer.ts": "" });
    // What is only imported is not used yet, and code that nobody has written yet cannot be held against its contract.
    expect(diagnostics.filter((one) => one.severity === "error").map(summary)).toEqual([]);
    expect(prefix).toMatch(/^[a-z ]+$/);
    expect(description).not.toMatch(/\.$/);
  });

  it.each(Object.entries(config))("%s is TypeScript", async (_, { body }) => {
    const { code } = await transform(expanded(body), { loader: "ts" });
    expect(code).toContain("pipeline-mesh");
  });
});

describe("the language configuration", () => {
  const pattern = (text: string | undefined): RegExp => new RegExp(text ?? "$^");

  it("comments as the lexer does", () => {
    const { lineComment, blockComment } = configuration.comments;
    const text = `${lineComment} one\n${blockComment.join(" two ")}\nrecord R { a: text }\n`;
    expect(parse(text).errors).toEqual([]);
  });

  it("takes names and quantities for words", () => {
    const words = (text: string): string[] =>
      [...text.matchAll(new RegExp(configuration.wordPattern, "g"))].map(([one]) => one);
    expect(words("mic ~> vad.speech")).toEqual(["mic", "vad", "speech"]);
    expect(words("audio<opus, 48kHz>")).toEqual(["audio", "opus", "48kHz"]);
    expect(words("gain: -3.5dB")).toEqual(["gain", "-3.5dB"]);
  });

  it("indents what is in brackets, and goes on with documentation", () => {
    const { increaseIndentPattern, decreaseIndentPattern } = configuration.indentationRules;
    expect("pipeline Main {").toMatch(pattern(increaseIndentPattern));
    expect("enum Mood { calm }").not.toMatch(pattern(increaseIndentPattern));
    expect("// not {").not.toMatch(pattern(increaseIndentPattern));
    expect("  }").toMatch(pattern(decreaseIndentPattern));
    const [documentation, block] = configuration.onEnterRules;
    expect("  /// What was heard.").toMatch(pattern(documentation?.beforeText));
    expect("  // a note").not.toMatch(pattern(documentation?.beforeText));
    expect("peer edge {").toMatch(pattern(block?.beforeText));
  });
});
