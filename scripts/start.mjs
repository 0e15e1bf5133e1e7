// `npm start`: asks the voice assistant of the examples a question, with a process for each of its three peers, and
// writes what it answers to answer.wav. What follows `--` goes to `meshc run` as well.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.chdir(root);
const program = join(root, "dist/meshc.js");
if (!existsSync(program)) {
  const built = spawnSync(process.execPath, [join(root, "scripts/build.mjs")], { stdio: "inherit" });
  if (built.status !== 0) process.exit(built.status ?? 1);
}

/** Where the peers listen unless these variables say otherwise, as the program has it. */
const ports = { CLIENT_LISTENS: 7441, EDGE_LISTENS: 7442, GPU_LISTENS: 7443 };
await avoidTakenPorts();

const example = "examples/voice-assistant";
const given = process.argv.slice(2);
// The command line runs in this very process: there is nothing between it and Ctrl-C.
process.argv = [
  process.execPath,
  program,
  "run",
  `${example}/main.mesh`,
  "--processes",
  ...unlessGiven("--in", "mic", `${example}/question.wav`),
  ...unlessGiven("--out", "speaker", "answer.wav"),
  ...given,
];
await import(pathToFileURL(program).href);

/** A file for a port, where the caller names none. */
function unlessGiven(option, port, file) {
  const named = given.some((word, index) => {
    const value = word.startsWith(`${option}=`)
      ? word.slice(option.length + 1)
      : given[index - 1] === option
        ? word
        : "";
    return value.startsWith(`${port}=`) || value.includes(`.${port}=`);
  });
  return named ? [] : [option, `${port}=${file}`];
}

/** A demonstration should not fail because another one runs: a port that is taken is exchanged for a free one. */
async function avoidTakenPorts() {
  for (const [variable, port] of Object.entries(ports)) {
    if (process.env[variable] !== undefined || (await freePort(port)) === port) continue;
    const other = await freePort(0);
    console.log(`Port ${port} is taken, so ${variable} is webrtc://127.0.0.1:${other} this time.`);
    process.env[variable] = `webrtc://127.0.0.1:${other}`;
  }
}

/** The port, or for 0 any, if it can be had now. */
function freePort(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen(port, "127.0.0.1", () => {
      const { port: found } = server.address();
      server.close(() => resolve(found));
    });
  });
}
