import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { compile } from "../../../compiler/compile.ts";
import { nodejsHost } from "../../../compiler/host/nodejs.ts";
import { compileText, expectOnly, summary } from "../support/marked.ts";

const library = `
record Word { text: text }
enum Mood { calm, loud }
interface Talks { in t: text
 out u: text }
node Say { in text
 out text
 from "./say.ts" }
policy patient { retry 3 times }
pipeline Far: Talks { in t: text
 out u: text
 t -> Say() -> u }
peer box { runs Far
 listens "webrtc://127.0.0.1:7443" }
`;
const files = {
  "lib.mesh": library,
  "deep/down/more.mesh":
    'import { Say } from "../../lib.mesh"\npipeline More { in text\n out text\n in -> Say() -> out }',
};

describe("imports", () => {
  it.each([
    ["a node", 'import { Say } from "./lib.mesh"\npipeline P { in text\n out text\n in -> Say() -> out }'],
    [
      "under another name",
      'import { Say as Speak } from "./lib.mesh"\npipeline P { in text\n out text\n in -> Speak() -> out }',
    ],
    ["types", 'import { Word, Mood } from "./lib.mesh"\nrecord R { w: Word, m: Mood = "calm" }'],
    [
      "an interface, a policy, a peer and a pipeline",
      'import { Talks, patient, box, Far } from "./lib.mesh"\npipeline P { in text\n out text\n remote r: Talks with patient { at box.Far\n else Far() }\n in -> r -> out }',
    ],
    [
      "from folders below",
      'import { More } from "./deep/down/more.mesh"\npipeline P { in text\n out text\n in -> More() -> out }',
    ],
    [
      "with a path that turns back",
      'import { Say } from "./deep/../lib.mesh"\npipeline P { in text\n out text\n in -> Say() -> out }',
    ],
    [
      "from the standard library",
      'import { Gain } from "std/audio"\npipeline P { in audio<pcm_f32>\n out audio<pcm_f32>\n in -> Gain() -> out }',
    ],
    [
      "in several statements",
      'import { Word } from "./lib.mesh"\nimport { Mood } from "./lib.mesh"\nrecord R { w: Word, m: Mood }',
    ],
  ])("take %s", (_, text) => {
    expectOnly(undefined, text, files);
  });

  it("may go in a circle", () => {
    const circle = {
      "a.mesh": 'import { B } from "./b.mesh"\nrecord A { b: B? }\nnode FromA { out A }',
      "b.mesh": 'import { A } from "./a.mesh"\nimport { Main } from "./main.mesh"\nrecord B { a: A?, m: Main? }',
    };
    expectOnly(
      undefined,
      'import { FromA, A } from "./a.mesh"\nrecord Main { a: A? }\npipeline P { out A\n FromA() -> out }',
      circle,
    );
  });

  it("of pipelines may go in a circle as long as none stands in itself", () => {
    const other = (stands: string): Record<string, string> => ({
      "other.mesh": `import { Main } from "./main.mesh"\nnode T { in text\n out text }\npipeline Other { in text\n out text\n in -> ${stands}() -> out }\npipeline Third { in text\n out text\n in -> Main() -> out }`,
    });
    const text = 'import { Other } from "./other.mesh"\npipeline Main { in text\n out text\n in -> Other() -> out }';
    expectOnly(undefined, text, other("T"));
    const { diagnostics } = compileText(text, other("Main"));
    expect(diagnostics.map((one) => one.code)).toEqual(["MESH5008"]);
  });

  it.each([
    ["a file that is not there", "MESH2004", 'import { A } from «"./nowhere.mesh"»'],
    ["a misspelt file", "MESH2004", 'import { Say } from «"./lob.mesh"»'],
    ["a folder that is not there", "MESH2004", 'import { Say } from «"./lib/lib.mesh"»'],
    ["a path out of the project", "MESH2004", 'import { A } from «"../../etc/passwd"»'],
    ["a path out of the project and back", "MESH2004", 'import { A } from «"../main/lib.mesh"»'],
    ["an absolute path", "MESH2004", 'import { A } from «"/etc/passwd.mesh"»'],
    ["a path with backslashes", "MESH2004", 'import { A } from «".\\\\lib.mesh"»'],
    ["a name without a path", "MESH2004", 'import { A } from «"lib.mesh"»'],
    ["code", "MESH2004", 'import { A } from «"./say.ts"»'],
    ["a file without its ending", "MESH2004", 'import { Say } from «"./lib"»'],
    ["an unknown standard module", "MESH2004", 'import { A } from «"std/audo"»'],
    ["nothing of a module", "MESH2004", 'import { A } from «""»'],
    ["what the file does not declare", "MESH2005", 'import { «Sai» } from "./lib.mesh"'],
    ["what the file only imports", "MESH2005", 'import { «Say» } from "./deep/down/more.mesh"'],
    ["what the standard library does not declare", "MESH2005", 'import { «Gainn» } from "std/audio"'],
    ["one name twice", "MESH2003", 'import { Word, «Word» } from "./lib.mesh"\nrecord R { w: int }'],
    ["two things under one name", "MESH2003", 'import { Say as X, Far as «X» } from "./lib.mesh"'],
    [
      "what is declared here too",
      "MESH2003",
      'import { «Word» } from "./lib.mesh"\nrecord Word { a: int }\nrecord R { w: Word }',
    ],
    ["from itself", "MESH2003", 'import { «R» } from "./main.mesh"\nrecord R { a: int }'],
  ])("refuse %s", (_, code, text) => {
    // What is imported once and wrongly used has no second mistake in it.
    const { diagnostics } = compileText(text.replace("«", "").replace("»", ""), files);
    expectOnly(code, text, files);
    expect(diagnostics).toHaveLength(1);
  });

  it("suggest what is near", () => {
    expect(expectOnly("MESH2004", 'import { Say } from «"./lob.mesh"»', files).fixes[0]?.edits[0]?.newText).toBe(
      '"./lib.mesh"',
    );
    expect(expectOnly("MESH2004", 'import { A } from «"std/audo"»').fixes[0]?.edits[0]?.newText).toBe('"std/audio"');
    expect(expectOnly("MESH2004", 'import { Say } from «"./lib"»', files).fixes[0]?.edits[0]?.newText).toBe(
      '"./lib.mesh"',
    );
    expect(expectOnly("MESH2005", 'import { «Sai» } from "./lib.mesh"', files).fixes[0]?.edits[0]?.newText).toBe("Say");
    expect(expectOnly("MESH2005", 'import { «Say» } from "./deep/down/more.mesh"', files).hint).toContain(
      "../../lib.mesh",
    );
    expect(expectOnly("MESH2001", "pipeline P { in text\n in -> «Say»() }\n", files).hint).not.toContain("Import");
    const used =
      'import { More } from "./deep/down/more.mesh"\npipeline P { in text\n out text\n in -> More() -> «Say»() -> out }';
    expect(expectOnly("MESH2001", used, files).hint).toBe('Import it: `import { Say } from "lib.mesh"`.');
  });

  it("say nothing of what follows from an import that is wrong", () => {
    const text = `import { Say, Word } from «"./nowhere.mesh"»
record R { w: Word }
pipeline P { in t: text
 out u: text
 let say = Say(voice: "x")
 t -> say.in
 say.out -> u }`;
    expectOnly("MESH2004", text);
    expectOnly(
      "MESH2005",
      text.replace("Say, Word", "«Sayy» as Say, Word").replace('«"./nowhere.mesh"»', '"./lib.mesh"'),
      files,
    );
  });

  it("say nothing of names in a file that cannot be read as a whole", () => {
    const broken = { "lib.mesh": "node Say { in text out text\n}}} node\nnode Other { in" };
    const { diagnostics } = compileText(
      'import { Say, Missing } from "./lib.mesh"\npipeline P { in text\n in -> Say() -> Missing() }',
      broken,
    );
    expect(diagnostics.filter((one) => !one.code.startsWith("MESH1"))).toEqual([]);
  });

  it("are followed however long the chain of them is", () => {
    const chain = Object.fromEntries(
      Array.from({ length: 5_000 }, (_, index) => [
        `f${index}.mesh`,
        `import { R${index + 1} } from "./f${index + 1}.mesh"\nrecord R${index} { r: R${index + 1} }`,
      ]),
    );
    expectOnly(undefined, 'import { R0 } from "./f0.mesh"\nrecord R { r: R0 }', {
      ...chain,
      "f5000.mesh": "record R5000 { a: int }",
    });
  });

  it("warn where nothing uses them, in every file of the project", () => {
    expectOnly("MESH2006", 'import { Word, «Mood» } from "./lib.mesh"\nrecord R { w: Word }', files);
    expectOnly(undefined, 'import { Resample } from "std/audio"');
    const { diagnostics } = compileText('import { A } from "./a.mesh"\nrecord R { a: A }', {
      ...files,
      "a.mesh": 'import { Word } from "./lib.mesh"\nrecord A { a: int }',
    });
    expect(diagnostics.map((one) => `${one.code} ${one.place.source.path}`)).toEqual(["MESH2006 a.mesh"]);
  });

  it("do not warn where the name may only be misspelt", () => {
    expectOnly("MESH2001", 'import { Word } from "./lib.mesh"\nrecord R { w: «Wrod» }', files);
  });
});

describe("the code of a node", () => {
  it.each(['"./a.ts"', '"./deep/a.wasm"', '"./deep/../a.js"'])("may be %s", (path) => {
    expectOnly(undefined, `node N { in text\n out text\n from ${path} }`);
  });

  it.each([
    '"../a.ts"',
    '"./deep/../../a.ts"',
    '"/etc/a.ts"',
    '"a.ts"',
    '"npm:thing"',
    '"https://example.com/a.ts"',
    '""',
  ])("may not be %s", (path) => {
    expectOnly("MESH2004", `node N { in text\n from «${path}» }`);
  });

  it("is refused where it belongs to no node, and where it stands twice", () => {
    expectOnly("MESH2010", 'interface I { in text\n «from "./a.ts"» }');
    expectOnly("MESH2010", 'pipeline P { in text\n «from "./a.ts"» }');
    expectOnly("MESH2003", 'node N { in text\n from "./a.ts"\n «from "./b.ts"» }');
  });

  it("may come later", () => {
    const { plan } = compileText("node N { in text\n out text }\npipeline P { in text\n out text\n in -> N() -> out }");
    expect(plan?.pipelines["P"]?.nodes[0]).not.toHaveProperty("implementation");
  });
});

describe("declarations", () => {
  it.each([
    ["two nodes", "node N { in text }\nnode «N» { in bytes }"],
    ["a record and an enum", "record R { a: int }\nenum «R» { a }"],
    ["a peer and a policy", "pipeline Q { }\npeer x { runs Q }\npolicy «x» { retry 3 times }"],
  ])("of one name are refused: %s", (_, text) => {
    const found = expectOnly("MESH2003", text);
    expect(found.related).toHaveLength(1);
  });

  it("of one name cause nothing else, whichever is meant", () => {
    expectOnly(
      "MESH2003",
      "node N { in text\n out text }\nnode «N» { in a: bytes }\npipeline P { in text\n out text\n let n = N()\n in -> n.in\n n.out -> out }",
    );
  });

  it("of one name in two files are kept apart", () => {
    const { plan, diagnostics } = compileText(
      'import { Far } from "./far.mesh"\nrecord R { a: int }\nnode N { in R }\npipeline P { Far() -> N() }',
      {
        "far.mesh": "record R { a: int, b: text }\nnode Near { out R }\npipeline Far { out R\n Near() -> out }",
      },
    );
    expect(diagnostics.map(summary)).toEqual([]);
    expect(Object.keys(plan?.schemas ?? {})).toEqual(["R", "R (far.mesh)"]);
  });
});

describe("files on the disk", () => {
  const folders: string[] = [];
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });

  it("that a link leads to out of the project are refused", () => {
    const folder = mkdtempSync(join(tmpdir(), "mesh-"));
    folders.push(folder);
    mkdirSync(join(folder, "project", "inside"), { recursive: true });
    writeFileSync(join(folder, "secret.mesh"), "record Secret { a: int }");
    writeFileSync(join(folder, "project", "inside", "own.mesh"), "record Own { a: int }");
    symlinkSync(join(folder, "secret.mesh"), join(folder, "project", "link.mesh"));
    symlinkSync(folder, join(folder, "project", "outer"));
    symlinkSync(join(folder, "project", "inside"), join(folder, "project", "other"));
    const check = (path: string, name: string): string[] => {
      writeFileSync(join(folder, "project", "main.mesh"), `import { ${name} } from "${path}"\nrecord R { a: ${name} }`);
      const { diagnostics } = compile("main.mesh", nodejsHost(join(folder, "project")), { compilerVersion: "test" });
      return diagnostics.map((one) => `${one.code} ${one.message}`);
    };
    expect(check("./link.mesh", "Secret")).toEqual([
      expect.stringMatching(/^MESH2004 link\.mesh is a link that leads out of the project/),
    ]);
    expect(check("./outer/secret.mesh", "Secret")).toEqual([
      expect.stringMatching(/^MESH2004 .*leads out of the project/),
    ]);
    expect(check("./other/own.mesh", "Own")).toEqual([]);
    expect(check("./inside", "Own")).toEqual([expect.stringMatching(/^MESH2004 .*no `\.mesh` file/)]);
  });
});
