import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { meshc } from "./support/meshc.ts";

const program = (name: string, count = 1): string =>
  Array.from(
    { length: count },
    (_, index) => `pipeline ${name}${index} {\n  in  a: text\n  out b: text\n  a -> b\n}\n`,
  ).join("\n");

/** Every file of a folder by name. */
function contents(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder, { withFileTypes: true })
      .filter((one) => one.isFile() && one.name !== "filler")
      .map(({ name }) => [name, readFileSync(join(folder, name), "utf8")]),
  );
}

/** A small disk in memory; why there is none, where it may not be mounted. */
function mountSmall(folder: string): string | undefined {
  if (process.platform !== "linux") return "tmpfs is for Linux";
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], { encoding: "utf8" });
  return mounted.status === 0 ? undefined : (mounted.stderr || String(mounted.error)).trim();
}

function projectFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "mesh-disk-"));
  writeFileSync(join(folder, "package.json"), "{}");
  return folder;
}

const disk = projectFolder();
const folder = projectFolder();
afterAll(() => {
  if (missing === undefined) spawnSync("umount", [gen]);
  for (const one of [disk, folder]) rmSync(one, { recursive: true, force: true });
});
const gen = join(disk, "gen");
mkdirSync(gen);
const filler = join(gen, "filler");

/** Leaves so much room on the small disk. */
function fill(freeKiB: number): void {
  spawnSync("dd", ["if=/dev/zero", `of=${filler}`, "bs=4k"]);
  truncateSync(filler, statSync(filler).size - freeKiB * 1024);
}

const missing = mountSmall(gen);
if (missing !== undefined) console.warn(`Skipping the tests with a small disk: it cannot be mounted (${missing}).`);

describe.skipIf(missing !== undefined)("meshc build on a disk of 64 KiB", () => {
  let before: Record<string, string>;

  beforeAll(async () => {
    writeFileSync(join(disk, "main.mesh"), program("Main"));
    expect((await meshc(["build", "--out", "gen"], { cwd: disk })).code).toBe(0);
    before = contents(gen);
    expect(Object.keys(before)).toHaveLength(4);
  });

  it("leaves what was there whole where it is full, says so in one line, and goes on once there is room", async () => {
    writeFileSync(join(disk, "main.mesh"), program("Other", 8));
    // Not even the first of the files finds room, or a later one does not: both have to leave the old ones.
    for (const freeKiB of [0, 16]) {
      fill(freeKiB);
      const { code, err } = await meshc(["build", "--out", "gen"], { cwd: disk });
      expect(err).toMatch(/^error: gen\/main\.[\w.]+ cannot be written: the disk is full\.\n$/);
      expect(code).toBe(3);
      expect(contents(gen)).toEqual(before);
    }
    rmSync(filler);
    writeFileSync(join(disk, "main.mesh"), program("Other"));
    expect((await meshc(["build", "--out", "gen"], { cwd: disk })).code).toBe(0);
    expect(contents(gen)["main.mesh.ts"]).toContain("launchOther0");
    before = contents(gen);
  });

  it("leaves what was there whole where nothing may be written", async () => {
    expect(spawnSync("mount", ["-o", "remount,ro", gen]).status).toBe(0);
    writeFileSync(join(disk, "main.mesh"), program("Third"));
    const { code, err } = await meshc(["build", "--out", "gen"], { cwd: disk });
    expect(err).toBe("error: gen/main.mesh.ts cannot be written: the disk is read-only.\n");
    expect(code).toBe(3);
    expect(contents(gen)).toEqual(before);
  });
});

describe("meshc build in two processes at once", () => {
  beforeAll(() => {
    for (let index = 0; index < 12; index += 1) writeFileSync(join(folder, `p${index}.mesh`), program(`P${index}x`, 5));
  });

  it("leaves what one alone would have written, and nothing else", async () => {
    expect((await meshc(["build"], { cwd: folder })).code).toBe(0);
    const alone = contents(folder);
    for (const name of Object.keys(alone)) if (!/\.mesh$|^package/.test(name)) rmSync(join(folder, name));
    const both = await Promise.all([meshc(["build"], { cwd: folder }), meshc(["build"], { cwd: folder })]);
    expect(both.map(({ code, err }) => ({ code, err }))).toEqual([
      { code: 0, err: "" },
      { code: 0, err: "" },
    ]);
    expect(contents(folder)).toEqual(alone);
    expect(existsSync(join(folder, "p0.mesh.ts.map"))).toBe(true);
  });
});
