import { describe, expect, it } from "vitest";
import { renderDiagnostic } from "../../../compiler/diagnostics/render-text.ts";
import { showsHyperlinks, styleFor } from "../../../compiler/diagnostics/style.ts";
import { compileText } from "../support/marked.ts";

describe("links in a terminal", () => {
  it.each([
    [{ TERM_PROGRAM: "vscode" }, true],
    [{ TERM_PROGRAM: "iTerm.app" }, true],
    [{ VTE_VERSION: "7200" }, true],
    [{ VTE_VERSION: "4600" }, false],
    [{ WT_SESSION: "1" }, true],
    [{ TERM: "xterm-kitty" }, true],
    [{ TERM: "xterm-256color" }, false],
    [{ TERM: "xterm-kitty", CI: "true" }, false],
    [{ FORCE_HYPERLINK: "1" }, true],
    [{ TERM_PROGRAM: "vscode", FORCE_HYPERLINK: "0" }, false],
    [{}, false],
  ])("%o: %s", (env, expected) => {
    expect(showsHyperlinks(env)).toBe(expected);
  });

  it("go to a terminal only", () => {
    const env = { TERM_PROGRAM: "vscode" };
    expect(styleFor({ isTTY: true, env }).link("x", "file:///y")).toContain("\u001b]8;;file:///y");
    expect(styleFor({ isTTY: false, env }).link("x", "file:///y")).toBe("x");
  });
});

describe("a diagnostic for people", () => {
  const { diagnostics } = compileText(
    "node Mic { out audio<pcm_f32, 16kHz, mono> }\nnode Out { in audio<pcm_f32, 48kHz, mono> }\npipeline P {\n  Mic() -> Out()\n}\n",
  );
  const [found] = diagnostics;

  it("shows the lines, what is underlined, why, and the way out", () => {
    expect(found && renderDiagnostic(found))
      .toBe(`error[MESH3001]: \`Mic\` gives audio<pcm_f32, 16kHz, mono>, but \`Out\` takes audio<pcm_f32, 48kHz, mono>: the sample rate 16kHz is not 48kHz.
 --> main.mesh:4:9
  |
4 |   Mic() -> Out()
  |         ^^ no format in common
 --> main.mesh:1:12
  |
1 | node Mic { out audio<pcm_f32, 16kHz, mono> }
  |            ------------------------------- \`Mic\` gives 16kHz
 --> main.mesh:2:12
  |
2 | node Out { in audio<pcm_f32, 48kHz, mono> }
  |            ------------------------------ \`Out\` takes 48kHz
  |
  = help: Use \`~>\`, which puts \`Resample\` between them.
`);
  });

  it("links its code to its page", () => {
    const style = styleFor({ isTTY: true, env: { TERM_PROGRAM: "vscode", NO_COLOR: "1" } });
    const text = found && renderDiagnostic(found, { style, pageOf: (code) => `file:///pages/${code}.md` });
    expect(text).toContain("error[\u001b]8;;file:///pages/MESH3001.md\u001b\\MESH3001\u001b]8;;\u001b\\]");
  });
});
