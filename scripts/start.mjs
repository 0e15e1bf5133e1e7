// `npm start`: checks the voice assistant of the examples and writes the plan of its three peers.
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const program = join(root, "dist/meshc.js");
if (!existsSync(program)) {
  const built = spawnSync(process.execPath, [join(root, "scripts/build.mjs")], { cwd: root, stdio: "inherit" });
  if (built.status !== 0) process.exit(built.status ?? 1);
}

const example = "examples/voice-assistant";
const given = process.argv.slice(2);
const args = ["build", `${example}/main.mesh`, "--out", "dist/voice-assistant"];
const child = spawn(process.execPath, [program, ...args, ...given], { cwd: root, stdio: "inherit" });
// The terminal sends Ctrl-C to both; the child ends the run and this process reports how.
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => signal === "SIGTERM" && child.kill(signal));
child.on("exit", (code, signal) => process.exit(code ?? (signal === null ? 1 : 130)));
