import { spawnSync } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, realpathSync } from "node:fs";
import { rmSync, statSync, symlinkSync, writeFileSync, chmodSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HostError, type Host } from "../../../compiler/host/host.ts";
import { memoryHost } from "../../../compiler/host/memory.ts";
import { makeFolder, nodejsHost, projectRootOf, replaceFile } from "../../../compiler/host/nodejs.ts";
import { insideRoot } from "../../../compiler/host/paths.ts";

let top: string;
let root: string;

beforeEach(() => {
  top = realpathSync(mkdtempSync(join(tmpdir(), "mesh-host-")));
  root = join(top, "project");
  mkdirSync(join(root, "sub"), { recursive: true });
  writeFileSync(join(root, "package.json"), "{}");
  writeFileSync(join(root, "main.mesh"), "pipeline A {}");
  writeFileSync(join(top, "secret.mesh"), "secret");
});
afterEach(() => rmSync(top, { recursive: true, force: true }));

const escapes = ["../secret.mesh", "sub/../../secret.mesh", "/etc/passwd", "C:/secret", "a\\b", "main.mesh\0.txt"];

describe("paths of a program", () => {
  it.each([
    ["main.mesh", "main.mesh"],
    ["./a//b/./c", "a/b/c"],
    ["a/b/../c", "a/c"],
    ["a/..", ""],
    ["", ""],
    ["..a/b..", "..a/b.."],
  ])("%j is %j", (given, plain) => {
    expect(insideRoot(given)).toBe(plain);
  });

  it.each(escapes)("%j is none", (given) => {
    expect(insideRoot(given)).toBeUndefined();
  });
});

describe.each<[string, () => Host]>([
  ["the disk", () => nodejsHost(root)],
  ["a host in memory", () => memoryHost({ "main.mesh": "pipeline A {}" })],
])("%s", (_name, make) => {
  it("reads what is there and nothing else", () => {
    expect(make().readFile("main.mesh")).toBe("pipeline A {}");
    expect(make().readFile("sub/../main.mesh")).toBe("pipeline A {}");
    expect(make().readFile("other.mesh")).toBeUndefined();
    expect(make().readFile("main.mesh/more")).toBeUndefined();
  });

  it.each(escapes)("neither reads nor writes %j", (path) => {
    expect(() => make().readFile(path)).toThrow(HostError);
    expect(() => make().writeFile(path, "x")).toThrow(/outside the project/);
    expect(readFileSync(join(top, "secret.mesh"), "utf8")).toBe("secret");
  });

  it("writes files in folders that it makes", () => {
    const host = make();
    host.writeFile("gen/deep/a.ts", "one");
    host.writeFile("gen/deep/a.ts", "two");
    expect(host.readFile("gen/deep/a.ts")).toBe("two");
    expect(host.siblings("gen/deep/b.ts")).toEqual(["a.ts"]);
  });
});

describe("the disk", () => {
  it("does not follow a link out of the project", () => {
    symlinkSync(join(top, "secret.mesh"), join(root, "link.mesh"));
    symlinkSync(top, join(root, "out"));
    const host = nodejsHost(root);
    expect(() => host.readFile("link.mesh")).toThrow("link.mesh is a link that leads out of the project");
    expect(() => host.readFile("out/secret.mesh")).toThrow("leads out of the project");
    expect(() => host.writeFile("link.mesh", "x")).toThrow("leads out of the project");
    expect(() => host.writeFile("out/new.mesh", "x")).toThrow("outside the project");
    expect(readFileSync(join(top, "secret.mesh"), "utf8")).toBe("secret");
    expect(existsSync(join(top, "new.mesh"))).toBe(false);
  });

  it("follows a link that stays in the project, and leaves it one", () => {
    symlinkSync("main.mesh", join(root, "alias.mesh"));
    const host = nodejsHost(root);
    expect(host.readFile("alias.mesh")).toBe("pipeline A {}");
    host.writeFile("alias.mesh", "changed");
    expect(host.readFile("main.mesh")).toBe("changed");
    expect(lstatSync(join(root, "alias.mesh")).isSymbolicLink()).toBe(true);
  });

  it("works in a project that is itself reached by a link", () => {
    symlinkSync(root, join(top, "shortcut"));
    const host = nodejsHost(join(top, "shortcut"));
    expect(host.readFile("main.mesh")).toBe("pipeline A {}");
    host.writeFile("new.mesh", "new");
    expect(readFileSync(join(root, "new.mesh"), "utf8")).toBe("new");
  });

  it.each<[string, string, () => void]>([
    ["sub", "sub is a folder, not a file.", () => undefined],
    ["loop.mesh", "links lead in a circle", () => symlinkSync("loop.mesh", join(root, "loop.mesh"))],
    ["pipe.mesh", "pipe.mesh is not an ordinary file.", () => void spawnSync("mkfifo", [join(root, "pipe.mesh")])],
    [
      "noise.mesh",
      "noise.mesh is not text in UTF-8.",
      () => writeFileSync(join(root, "noise.mesh"), Uint8Array.of(0xc3, 0x28)),
    ],
    [
      "huge.mesh",
      "huge.mesh is 5.0 MiB large; a program may have 4 MiB at most.",
      () => writeFileSync(join(root, "huge.mesh"), "x".repeat(5 * 1024 * 1024)),
    ],
  ])("does not read %s", (path, message, arrange) => {
    arrange();
    expect(() => nodejsHost(root).readFile(path)).toThrow(message);
    expect(() => nodejsHost(root).readFile(path)).toThrow(HostError);
  });

  it("knows the standard library beside it", () => {
    const host = nodejsHost(root);
    expect(host.standardModules()).toContain("std/audio");
    expect(host.readStandard("std/audio")).toContain("node OpusEncode");
    for (const module of ["std/none", "std/../audio", "std/", "audio", "std/audio/audio"]) {
      expect(host.readStandard(module)).toBeUndefined();
    }
  });
});

describe("a file that is replaced", () => {
  it("keeps its permissions, and nothing stays beside it", () => {
    const file = join(root, "script.sh");
    writeFileSync(file, "old");
    chmodSync(file, 0o750);
    replaceFile(file, "new");
    expect(readFileSync(file, "utf8")).toBe("new");
    expect(statSync(file).mode & 0o777).toBe(0o750);
    expect(readdirSync(root).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  it("stays as it was where the new one cannot be put in its place", () => {
    const folder = join(root, "folder");
    mkdirSync(folder);
    expect(() => replaceFile(folder, "new")).toThrow();
    expect(statSync(folder).isDirectory()).toBe(true);
    expect(readdirSync(root).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });
});

describe("a folder", () => {
  it("is made with those above it, or was there", () => {
    makeFolder(join(root, "a/b/c"));
    makeFolder(join(root, "a/b/c"));
    expect(statSync(join(root, "a/b/c")).isDirectory()).toBe(true);
  });

  it("is not made where a file is in the way", () => {
    expect(() => makeFolder(join(root, "main.mesh/a/b"))).toThrow(/ENOTDIR/);
  });
});

describe("the project of a file", () => {
  it("is the nearest folder upwards with a package.json or a repository, else its own", () => {
    mkdirSync(join(root, "sub/deep/.git"), { recursive: true });
    expect(projectRootOf(join(root, "sub/deep/a/b.mesh"))).toBe(join(root, "sub/deep"));
    expect(projectRootOf(join(root, "sub/b.mesh"))).toBe(root);
    rmSync(join(root, "package.json"));
    expect(projectRootOf(join(root, "sub/b.mesh"))).toBe(join(root, "sub"));
  });
});
