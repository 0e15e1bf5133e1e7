import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** A folder for projects in which the package is installed as npm packs it, and all that it may need beside it. */
export interface InstalledPackage extends Disposable {
  readonly folder: string;
  /** Writes the files of a project into a folder of that name, and gives its path. */
  project(name: string, files: Readonly<Record<string, string>>): string;
}

/**
 * @param types whether TypeScript is to find the package's types, which takes a while to write
 * @throws when it cannot be packed; dist/ has to be built
 */
export function installedPackage(types = false): InstalledPackage {
  const folder = mkdtempSync(join(tmpdir(), "mesh-installed-"));
  const packages = join(folder, "node_modules");
  mkdirSync(packages);
  for (const name of readdirSync(join(root, "node_modules"))) {
    if (name !== "pipeline-mesh" && !name.startsWith(".") && name !== "voice-assistant") {
      symlinkSync(join(root, "node_modules", name), join(packages, name));
    }
  }
  run("tar", ["-xzf", packed()], folder);
  renameSync(join(folder, "package"), join(packages, "pipeline-mesh"));
  // What `npm test` has built has them.
  if (types && !existsSync(join(packages, "pipeline-mesh/dist/types"))) {
    const out = join(packages, "pipeline-mesh/dist/types");
    const options = ["--noEmit", "false", "--emitDeclarationOnly", "--declaration", "--rootDir", root, "--outDir", out];
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    run(process.execPath, [tsc, "-p", "scripts/tsconfig.types.json", ...options], root);
  }
  mkdirSync(join(packages, ".bin"));
  for (const [name, target] of [
    ["meshc", "../pipeline-mesh/dist/meshc.js"],
    ["tsc", "../typescript/bin/tsc"],
    ["vite", "../vite/bin/vite.js"],
  ] as const) {
    symlinkSync(target, join(packages, ".bin", name));
  }
  return {
    folder,
    project(name, files) {
      const project = join(folder, name);
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(dirname(join(project, path)), { recursive: true });
        writeFileSync(join(project, path), text);
      }
      return project;
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** What npm packs, once for each build: several files of tests install the same. */
function packed(): string {
  const { ino, mtimeMs } = statSync(join(root, "dist"));
  const cache = join(root, "node_modules/.cache/pipeline-mesh");
  const file = join(cache, `packed-${ino}-${Math.round(mtimeMs)}.tgz`);
  if (existsSync(file)) return file;
  const fresh = mkdtempSync(join(tmpdir(), "mesh-packed-"));
  try {
    run("npm", ["pack", "--ignore-scripts", "--pack-destination", fresh], root);
    const [tarball = ""] = readdirSync(fresh);
    mkdirSync(cache, { recursive: true });
    const old = readdirSync(cache).filter((name) => name.startsWith("packed-") && name !== basename(file));
    for (const name of old) rmSync(join(cache, name), { force: true });
    // Beside, then renamed: another worker may look for it meanwhile.
    const own = join(cache, `${process.pid}.tgz.tmp`);
    copyFileSync(join(fresh, tarball), own);
    renameSync(own, file);
    return file;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

function run(command: string, args: readonly string[], cwd: string): void {
  const { status, stderr } = spawnSync(command, args, { cwd, encoding: "utf8", env: process.env });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}: ${stderr}`);
}
