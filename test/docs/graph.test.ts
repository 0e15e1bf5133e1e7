import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { pictureOf } from "../../compiler/graph/from-plan.ts";
import { mermaid } from "../../compiler/graph/mermaid.ts";
import type { Picture } from "../../compiler/graph/picture.ts";
import { svg } from "../../compiler/graph/svg.ts";
import { createFormatter } from "../../grammar/index.ts";
import { compileText } from "../compiler/support/marked.ts";
import { blocksOf, withTexts } from "../support/markdown.ts";

const at = (name: string): string => fileURLToPath(new URL(`../../docs/${name}`, import.meta.url));
const page = readFileSync(at("graph.md"), "utf8");
const program = blocksOf(page).find((one) => one.language === "mesh")?.text ?? "";

function draw(): Picture {
  const { plan, diagnostics } = compileText(program);
  expect(diagnostics).toEqual([]);
  if (plan === undefined) throw new Error("no plan");
  return pictureOf(plan, "captions.mesh");
}

describe("the page of pictures", () => {
  it("shows a program that is laid out as it should be", () => {
    expect(createFormatter()(program)).toMatchObject({ text: program });
  });

  it("shows what is drawn", async () => {
    // `vitest -u` writes both anew.
    await expect(await svg(draw())).toMatchFileSnapshot(at("graph.svg"));
    const fresh = withTexts(page, ({ language }) => (language === "mermaid" ? mermaid(draw()) : undefined));
    await expect(fresh).toMatchFileSnapshot(at("graph.md"));
  });
});
