import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { MeshError } from "../../runtime/interface/errors.ts";
import { readAsset } from "../../stdlib/common/assets.ts";
import { lazily } from "../../stdlib/common/lazy.ts";
import { importOptional } from "../../stdlib/common/packages.ts";

const neededBy = { node: "Vad", packages: ["@acme/ears", "drums"] };

const missing = (name: string) => ({
  code: "dependency-missing",
  message: `Vad needs the package ${name}, which could not be loaded`,
  hint: "Install it with `npm install @acme/ears drums`.",
});
const notFound = () => Promise.reject(new Error("not found"));

describe("what an optional package brings", () => {
  const folders: string[] = [];
  afterEach(() => {
    vi.restoreAllMocks();
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
  });

  /** Stands in a folder that has a package of its own. */
  function inFolderWith(name: string, files: Readonly<Record<string, string>>): void {
    const folder = mkdtempSync(join(tmpdir(), "mesh-packages-"));
    folders.push(folder);
    const at = join(folder, "node_modules", name);
    mkdirSync(at, { recursive: true });
    for (const [file, text] of Object.entries(files)) writeFileSync(join(at, file), text);
    vi.spyOn(process, "cwd").mockReturnValue(folder);
  }

  it("is read from its files", async () => {
    const asset = { package: "@evan/opus", path: "wasm/simd.wasm", neededBy };
    const bytes = await readAsset(asset);
    expect([...bytes.subarray(0, 4)]).toEqual([0, 0x61, 0x73, 0x6d]);
  });

  it("is found in the working directory too", async () => {
    inFolderWith("@acme/ears", {
      "package.json": `{ "name": "@acme/ears", "main": "index.mjs" }`,
      "index.mjs": "export const size = 2;",
      "drum.bin": "boom",
    });
    const bytes = await readAsset({ package: "@acme/ears", path: "drum.bin", neededBy });
    expect(new TextDecoder().decode(bytes)).toBe("boom");
    expect(await importOptional<{ size: number }>(notFound, "@acme/ears", neededBy)).toMatchObject({ size: 2 });
  });

  it.each([
    ["a package that is not there", "nowhere"],
    ["a file that is not there", "no.bin"],
  ])("is missed with the command that installs it: %s", async (_what, path) => {
    const reading = readAsset({ package: "@acme/ears", path, neededBy });
    await expect(reading).rejects.toBeInstanceOf(MeshError);
    await expect(reading).rejects.toMatchObject(missing("@acme/ears"));
  });

  it.each([
    ["@acme/ears", "@acme/ears"],
    ["@acme/ears/left", "@acme/ears"],
    ["drums/snare", "drums"],
  ])("is missed by its name when %s cannot be imported", async (specifier, name) => {
    await expect(importOptional(notFound, specifier, neededBy)).rejects.toMatchObject(missing(name));
  });

  it("is loaded once for all who ask, and again after it failed", async () => {
    const load = vi.fn<() => Promise<number>>().mockRejectedValueOnce(new Error("not yet")).mockResolvedValue(3);
    const loaded = lazily(load);
    const failures = await Promise.allSettled([loaded(), loaded()]);
    expect(failures.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(await Promise.all([loaded(), loaded()])).toEqual([3, 3]);
    expect(load).toHaveBeenCalledTimes(2);
  });
});
