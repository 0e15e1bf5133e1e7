import { createHighlighter } from "shiki";
import { describe, expect, it } from "vitest";
import { textMateGrammar } from "../../grammar/highlight.ts";
import { markdownGrammar } from "../../vscode-extension/core/markdown-grammar.ts";

describe("blocks of the language in Markdown", () => {
  it("have the colours of the language, and end where the block does", async () => {
    const mesh = { ...textMateGrammar(), name: "mesh" };
    const injection = { ...markdownGrammar, name: "markdown-mesh", injectTo: ["text.html.markdown"] };
    using highlighter = await createHighlighter({
      themes: ["github-light"],
      langs: [mesh, injection, "markdown"] as never[],
    });
    const page = "Text\n\n```mesh {#one}\npipeline Main {\n  in mic: audio<opus>\n}\n```\n\npipeline is a word\n";
    const { tokens } = highlighter.codeToTokens(page, {
      lang: "markdown",
      theme: "github-light",
      includeExplanation: true,
    });
    const scopes = tokens.map((line) =>
      line.flatMap(({ explanation = [] }) =>
        explanation.flatMap(({ content, scopes: all }) => all.map(({ scopeName }) => `${content.trim()} ${scopeName}`)),
      ),
    );
    expect(scopes[3]).toContain("pipeline storage.type.mesh");
    expect(scopes[3]).toContain("Main meta.embedded.block.mesh");
    expect(scopes[4]).toContain("audio support.type.mesh");
    expect(scopes.slice(7).flat().join("\n")).not.toContain("mesh");
  });
});
