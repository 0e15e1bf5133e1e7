// Everything that must hold before a change lands: `npm test [-- FILTER…]`.
//
// Types, lint, layout, then the tests. The last line is `N passed, N failed`; each of the first three counts as one.
// With filters only the test files that match them run, and nothing else.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const filters = process.argv.slice(2);
const counts = { passed: 0, failed: 0 };

function npm(script, ...args) {
  console.log(`\n> npm run ${[script, ...args].join(" ")}`);
  const result = spawnSync("npm", ["run", "--silent", script, ...args], { cwd: root, stdio: "inherit" });
  if (result.status === 0) counts.passed += 1;
  else counts.failed += 1;
  return result.status === 0;
}

function tests() {
  const folder = mkdtempSync(join(tmpdir(), "mesh-test-"));
  const report = join(folder, "report.json");
  try {
    const args = ["vitest", "run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`, ...filters];
    console.log(`\n> ${args.slice(0, 2).join(" ")}`);
    const result = spawnSync("npx", ["--no-install", ...args], { cwd: root, stdio: "inherit" });
    const found = readReport(report);
    counts.passed += found.passed;
    counts.failed += found.failed;
    // A suite that cannot even load fails without failing a test.
    if (result.status !== 0 && found.failed === 0) counts.failed += 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readReport(file) {
  try {
    const report = JSON.parse(readFileSync(file, "utf8"));
    return { passed: report.numPassedTests, failed: report.numFailedTests };
  } catch {
    return { passed: 0, failed: 0 };
  }
}

/** Runs a script beside what is done here, which waits for the network and the disk most of the time. */
function beside(script, stdout) {
  return spawn(process.execPath, [join(root, "scripts", script)], { cwd: root, stdio: ["ignore", stdout, "inherit"] });
}

const packages = once(beside("system-packages.mjs", "inherit"), "close");
if (filters.length === 0) {
  // The editor that the extension is tested in takes a minute to install; its test waits for what is left of that, and says why where it fails.
  beside("editor-host.mjs", "ignore").unref();
  npm("typecheck");
  npm("lint");
  npm("format:check");
}
await packages;
// The command line is tested as it ships, and programs that import the package against its types.
if (npm("build", "--", "--types")) tests();

console.log(`\n${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
