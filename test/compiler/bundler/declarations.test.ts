import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Programs } from "../../../compiler/bundler/programs.ts";

const files = {
  "package.json": "{}",
  "tsconfig.json": JSON.stringify({ compilerOptions: { allowArbitraryExtensions: true } }),
  "lines.mesh": "record Line { text: text }\n",
  "words.mesh": "record Word { text: text }\n",
  "main.mesh": `import { Line } from "./lines.mesh"
import { Word } from "./words.mesh"
pipeline Main {
  in  line: Line
  in  word: Word
  out same: Line
  out other: Word
  line -> same
  word -> other
}
`,
  // As `meshc build` has left it for Node.
  "words.mesh.ts": "export interface Word { readonly text: string }\n",
};

describe("declarations that a bundler keeps beside programs", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "mesh-declarations-"));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const written = async (declarations: boolean | undefined): Promise<readonly string[]> => {
    const settings = { target: "browser", warningsAsErrors: false, declarations } as const;
    const { problems } = await new Programs().load(join(folder, "main.mesh"), settings);
    expect(problems).toEqual([]);
    return readdirSync(folder).filter((name) => name.endsWith(".d.mesh.ts"));
  };

  it("are those of a program and of what it imports, where no module of `meshc build` stands", async () => {
    expect(await written(undefined)).toEqual(["lines.d.mesh.ts", "main.d.mesh.ts"]);
  });

  it("are all where that is asked for, and none where it is not", async () => {
    expect(await written(false)).toEqual([]);
    expect(await written(true)).toEqual(["lines.d.mesh.ts", "main.d.mesh.ts", "words.d.mesh.ts"]);
  });
});
