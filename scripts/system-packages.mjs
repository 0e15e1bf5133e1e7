// What the tests need beside Node: a recogniser with its English model, and a browser.
import { existsSync, readdirSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const libraryFolders = [
  "/usr/lib",
  "/usr/local/lib",
  "/usr/lib64",
  "/usr/lib/x86_64-linux-gnu",
  "/usr/lib/aarch64-linux-gnu",
];

/** Each with the Debian package that brings it and a test for its being there. */
const needed = [
  {
    debian: "libpocketsphinx3",
    present: () => libraryFolders.some((folder) => hasFile(folder, /^libpocketsphinx\.so\.3/)),
  },
  { debian: "pocketsphinx-en-us", present: () => existsSync("/usr/share/pocketsphinx/model/en-us") },
  { debian: "chromium", present: () => ["chromium", "chromium-browser", "google-chrome"].some(onPath) },
];

function hasFile(folder, pattern) {
  try {
    return readdirSync(folder).some((name) => pattern.test(name));
  } catch {
    return false;
  }
}

function onPath(program) {
  return (process.env.PATH ?? "").split(":").some((folder) => existsSync(join(folder, program)));
}

/** Installs what is missing where that is possible, else says what to install; the tests run either way. */
export function ensureSystemPackages() {
  const missing = needed.filter((one) => !one.present()).map((one) => one.debian);
  if (missing.length === 0) return;
  const mayInstall = process.getuid?.() === 0 && onPath("apt-get");
  if (!mayInstall) {
    console.log(`These system packages are missing, and what needs them will fail: ${missing.join(", ")}`);
    console.log(`  Debian, Ubuntu:  sudo apt-get install ${missing.join(" ")}`);
    return;
  }
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const install = ["install", "-y", "--no-install-recommends", ...missing];
  for (const args of [["update"], install]) {
    console.log(`> apt-get ${args.join(" ")}`);
    const result = spawnSync("apt-get", ["-q", ...args], { stdio: ["ignore", "inherit", "inherit"], env });
    // An update that failed may still leave lists that serve.
    if (result.status !== 0) console.log(`apt-get ${args[0]} ended with code ${result.status ?? result.signal}`);
  }
}
