import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { commandLine, type CommandLine } from "../support/command-line.ts";
import { sarifSchema } from "../support/sarif-schema.ts";

let cli: CommandLine;
beforeEach(() => {
  cli = commandLine();
});
afterEach(() => cli[Symbol.dispose]());

const fine = "node Work { in text\n out text }\npipeline P { in t: text\n out u: text\n t -> Work() -> u }\n";
const wrong = fine.replace("Work()", "Wrok()");

const position = z.strictObject({ line: z.int().min(0), character: z.int().min(0) });
const range = z.strictObject({ start: position, end: position });
const edit = z.strictObject({ file: z.string(), range, newText: z.string() });
const jsonFormat = z.array(
  z.strictObject({
    code: z.string().regex(/^MESH\d{4}$/),
    severity: z.enum(["error", "warning", "information"]),
    message: z.string(),
    file: z.string(),
    range,
    related: z.array(z.strictObject({ file: z.string(), range, message: z.string() })),
    fixes: z.array(
      z.strictObject({ title: z.string(), applicability: z.enum(["safe", "suggested"]), edits: z.array(edit) }),
    ),
  }),
);

describe("meshc check", () => {
  it("ends with 0 for a program without errors and with 1 for one with errors", async () => {
    cli.write("main.mesh", fine);
    expect(await cli.run("check", "main.mesh")).toEqual({ code: 0, out: "1 file checked: no problems\n", err: "" });
    cli.write("main.mesh", wrong);
    const { code, out } = await cli.run("check", "main.mesh");
    expect(code).toBe(1);
    expect(out).toContain("error[MESH2001]");
    expect(out).toContain("--> main.mesh:5:7");
    expect(out).toContain("1 file checked: 1 error\n");
  });

  it("prints JSON with positions that count from 0", async () => {
    cli.write("main.mesh", wrong);
    const { code, out } = await cli.run("check", "--format", "json");
    expect(code).toBe(1);
    const [found, ...more] = jsonFormat.parse(JSON.parse(out));
    expect(more).toEqual([]);
    expect(found).toMatchObject({
      code: "MESH2001",
      file: "main.mesh",
      range: { start: { line: 4, character: 6 }, end: { line: 4, character: 10 } },
      fixes: [{ applicability: "suggested", edits: [{ newText: "Work" }] }],
    });
    cli.write("main.mesh", fine);
    expect((await cli.run("check", "--format", "json")).out).toBe("[]\n");
  });

  it("prints SARIF 2.1.0 that holds to its schema", async () => {
    const odd = `${wrong}pipeline Q { in t: text\n out u: text\n remote r: Nowhere { at Gone() }\n t => Work() -> u; }\n`;
    cli.write("a folder/ma?n ü.mesh", odd);
    cli.write("other.mesh", 'import { Gain } from "std/audio"\n');
    cli.write("third.mesh", "record R { a: text, a: text }\nrecord R { b: text }\n");
    const { code, out } = await cli.run("check", "--format", "sarif");
    expect(code).toBe(1);
    const log = sarifSchema.parse(JSON.parse(out));
    const results = log.runs[0]?.results ?? [];
    expect(results.length).toBeGreaterThan(4);
    expect(results.some((one) => one.relatedLocations !== undefined)).toBe(true);
    const uris = results.map((one) => one.locations[0]?.physicalLocation.artifactLocation);
    expect(uris).toContainEqual({ uri: "a%20folder/ma%3Fn%20%C3%BC.mesh", uriBaseId: "%SRCROOT%" });
    const unused = results.find((one) => one.ruleId === "MESH2006" && one.fixes !== undefined);
    expect(unused?.level).toBe("warning");
    expect(unused?.fixes?.[0]?.artifactChanges[0]?.replacements[0]).toEqual({
      deletedRegion: { startLine: 1, startColumn: 1, endLine: 2, endColumn: 1 },
    });
  });

  it("prints SARIF for a program without problems", async () => {
    cli.write("main.mesh", fine);
    const { code, out } = await cli.run("check", "--format=sarif");
    expect(code).toBe(0);
    expect(sarifSchema.parse(JSON.parse(out)).runs[0]?.results).toEqual([]);
  });

  it("tells once of a file that two programs import", async () => {
    cli.write("lib.mesh", "record small { a: text }\n");
    cli.write("one.mesh", 'import { small } from "./lib.mesh"\nnode One { in small }\n');
    cli.write("two.mesh", 'import { small } from "./lib.mesh"\nnode Two { in small }\n');
    const { out } = await cli.run("check", "--format", "json");
    expect(jsonFormat.parse(JSON.parse(out)).map((one) => `${one.code} ${one.file}`)).toEqual(["MESH9001 lib.mesh"]);
  });

  it("refuses an unknown format", async () => {
    expect((await cli.run("check", "--format", "xml")).code).toBe(2);
  });
});

describe("meshc check --fix", () => {
  it("applies what is safe, leaves the rest, and tells how much", async () => {
    const statement = 'import { Vad } from "std/speech";\n';
    cli.write("main.mesh", `${statement}${wrong.replace("->", "=>")}`);
    const { code, out } = await cli.run("check", "--fix", "main.mesh");
    expect(code).toBe(1);
    expect(out).toContain("1 file checked: 1 error, 3 fixes applied");
    expect(cli.read("main.mesh")).toBe(wrong);
  });

  it("goes on until nothing is left to fix", async () => {
    const imports = 'import { Remix, Gain, ToFloat } from "std/audio"\n';
    cli.write("main.mesh", `${imports}${fine}`);
    const { code, out } = await cli.run("check", "--fix");
    expect(code).toBe(0);
    expect(out).toContain("1 fix applied");
    expect(cli.read("main.mesh")).toBe(`import { Remix, ToFloat } from "std/audio"\n${fine}`);
  });

  it("says what it could fix when it is not asked to", async () => {
    cli.write("main.mesh", `import { Gain } from "std/audio"\n${fine}`);
    expect((await cli.run("check")).out).toContain("1 warning; `meshc check --fix` puts 1 of them right");
  });

  it("does not touch a file without safe fixes", async () => {
    cli.write("main.mesh", wrong);
    await cli.run("check", "--fix");
    expect(cli.read("main.mesh")).toBe(wrong);
  });

  it("keeps an import while a part of the file cannot be read", async () => {
    const text = `import { Gain } from "std/audio"\npipeline P { in a: audio<pcm_f32>\n out b: audio<pcm_f32>\n a -> Gain(gain: ) -> b }\n`;
    cli.write("main.mesh", text);
    await cli.run("check", "--fix");
    expect(cli.read("main.mesh")).toBe(text);
  });
});

describe("meshc check --watch", () => {
  it("checks again when a file changes, and ends with what it last found", async () => {
    cli.write("main.mesh", wrong);
    const watching = cli.start("check", "--watch", "main.mesh");
    await watching.said("1 file checked: 1 error");
    await watching.said("waiting for changes");
    cli.write("main.mesh", fine);
    await watching.said("1 file checked: no problems");
    await watching.said("waiting for changes");
    watching.interrupt();
    expect(await watching.ended).toBe(0);
  });

  it("follows what a file imports", async () => {
    cli.write("lib/work.mesh", fine);
    cli.write(
      "main.mesh",
      'import { Work } from "./lib/work.mesh"\npipeline Q { in t: text\n out u: text\n t -> Work() -> u }\n',
    );
    const watching = cli.start("check", "--watch", "main.mesh");
    await watching.said("no problems");
    await watching.said("waiting for changes");
    cli.write("lib/work.mesh", fine.replaceAll("Work", "Toil"));
    await watching.said("MESH2005");
    await watching.said("waiting for changes");
    watching.interrupt();
    expect(await watching.ended).toBe(1);
  });

  it("prints text only", async () => {
    expect((await cli.run("check", "--watch", "--format", "json")).code).toBe(2);
  });
});
