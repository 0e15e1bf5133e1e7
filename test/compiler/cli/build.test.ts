import { mkdirSync, readdirSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readPlan } from "../../../runtime/interface/plan.ts";
import { commandLine, type CommandLine } from "../support/command-line.ts";

let cli: CommandLine;
beforeEach(() => {
  cli = commandLine();
});
afterEach(() => cli[Symbol.dispose]());

const fine = "node Work { in text\n out text }\npipeline P { in t: text\n out u: text\n t -> Work() -> u }\n";
const wrong = fine.replace("Work()", "Wrok()");
const longAgo = new Date("2001-02-03T04:05:06Z");

function age(name: string): number {
  return statSync(join(cli.folder, name)).mtimeMs;
}

describe("meshc build", () => {
  it("writes a plan that the runtime reads, and says what it wrote", async () => {
    cli.write("main.mesh", fine);
    const { code, out, err } = await cli.run("build");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain("wrote main.mesh.ts\n");
    expect(out).toContain("wrote main.plan.json\n");
    expect(readPlan(JSON.parse(cli.read("main.plan.json")))).toMatchObject({ pipelines: { P: { name: "P" } } });
    // Nothing is left of what was written beside.
    expect(readdirSync(cli.folder).filter((name) => name.startsWith("."))).toEqual([]);
  });

  it("leaves alone what would not change, and writes what would", async () => {
    cli.write("main.mesh", fine);
    await cli.run("build");
    utimesSync(join(cli.folder, "main.plan.json"), longAgo, longAgo);
    const again = await cli.run("build");
    expect(again.code).toBe(0);
    expect(again.out).toBe("1 program built: nothing has changed\n");
    expect(age("main.plan.json")).toBe(longAgo.getTime());
    cli.write("main.mesh", fine.replaceAll("t:", "text:").replace(" t ->", " text ->"));
    expect((await cli.run("build")).out).toContain("wrote main.plan.json\n");
    expect(age("main.plan.json")).toBeGreaterThan(longAgo.getTime());
  });

  it("leaves what was built before when the program has errors", async () => {
    cli.write("main.mesh", fine);
    await cli.run("build");
    const before = cli.read("main.plan.json");
    cli.write("main.mesh", wrong);
    const { code, out, err } = await cli.run("build");
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toContain("error[MESH2001]");
    expect(err).toContain("main.mesh: 1 error, nothing written\n");
    expect(cli.read("main.plan.json")).toBe(before);
  });

  it("writes to the folder it is given, and makes it", async () => {
    cli.write("main.mesh", fine);
    const { code, out } = await cli.run("build", "main.mesh", "--out", "gen/plans");
    expect(code).toBe(0);
    expect(out).toContain("wrote gen/plans/main.plan.json\n");
    expect(readdirSync(cli.folder).toSorted()).toEqual(["gen", "main.mesh", "package.json"]);
    expect(JSON.parse(cli.read("gen/plans/main.plan.json"))).toMatchObject({ source: "main.mesh" });
  });

  it.each([
    ["the folder itself", "taken", "taken"],
    ["a folder above it", "taken/gen/plans", "taken"],
  ])("says in a line that a file stands in the place of %s, and what to do", async (_, out, file) => {
    cli.write("main.mesh", fine);
    cli.write("taken", "mine");
    const { code, out: said, err } = await cli.run("build", "--out", out);
    expect({ code, said }).toEqual({ code: 3, said: "" });
    expect(err).toContain(`The folder to write to cannot be there: ${file} is a file.`);
    expect(err).toContain("Give another one with `--out`, or leave it out to write beside each source.");
    expect(err).not.toContain("EEXIST");
    expect(cli.read("taken")).toBe("mine");
  });

  it("says so too of the folder of one target of two, which the configuration names", async () => {
    cli.write("main.mesh", fine);
    cli.write("gen/browser", "mine");
    cli.write("mesh.config.ts", 'export default { out: "gen", targets: ["node", "browser"] };\n');
    const { code, err } = await cli.run("build");
    expect(code).toBe(3);
    expect(err).toContain("gen/browser is a file.");
    expect(readdirSync(join(cli.folder, "gen"))).toEqual(["browser"]);
  });

  it("builds the programs below a folder, one of which may be wrong", async () => {
    cli.write("a/good.mesh", fine);
    cli.write("b/bad.mesh", wrong);
    const { code, out, err } = await cli.run("build");
    expect(code).toBe(1);
    expect(out).toContain("wrote a/good.plan.json\n");
    expect(err).toContain("b/bad.mesh: 1 error, nothing written\n");
  });

  it("keeps the folders of programs apart where all are written below one", async () => {
    cli.write("a/main.mesh", fine);
    cli.write("b/main.mesh", fine);
    const { code, err } = await cli.run("build", "--out", "gen");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(readdirSync(join(cli.folder, "gen")).toSorted()).toEqual(["a", "b"]);
    expect(JSON.parse(cli.read("gen/b/main.plan.json"))).toMatchObject({ source: "b/main.mesh" });
  });

  it("says why nothing could be written: the folder is where nobody may make one, which Node would try for ever", async () => {
    cli.write("main.mesh", fine);
    const { code, err } = await cli.run("build", "main.mesh", "--out", "/proc/gen");
    expect(code).toBe(3);
    expect(err).toMatch(/^error: \/proc\/gen\/main\.\S+ cannot be written: .*\.$/m);
  });

  it("says why nothing could be written: a folder stands in the way of the file", async () => {
    cli.write("main.mesh", fine);
    mkdirSync(join(cli.folder, "gen/main.plan.json"), { recursive: true });
    const { code, err } = await cli.run("build", "main.mesh", "--out", "gen");
    expect(code).toBe(3);
    expect(err).toMatch(/^error: gen\/main\.\S+ cannot be written: .*it is a folder.*\.$/m);
  });
});
