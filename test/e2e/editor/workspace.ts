import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { tone } from "../support/files.ts";

const answering = `interface Answering {
  in  line: text
  out answer: text
}
`;

/** Peers that find each other in one process need no ports of their own. */
const peers = (front: string): string => `peer front {
  runs ${front}
  listens "webrtc://127.0.0.1:0"
}

peer back {
  runs Loud
  listens "webrtc://127.0.0.1:0"
}
`;

const loud = `pipeline Loud: Answering {
  in  line: text
  out answer: text
  line -> Shout(marks: 2) -> answer
}
`;

const shout = `/// Says things louder.
node Shout(marks: int in 0..3 = 1) {
  in  text
  out text
  from "./shout.ts"
}
`;

const asking = `${shout}
${answering}
pipeline Front {
  in  line: text
  out answer: text

  remote loud: Answering {
    at   back.Loud
    else Loud()
  }

  line -> loud -> answer
}

${loud}
${peers("Front")}`;

const files: Readonly<Record<string, string>> = {
  "package.json": JSON.stringify({ name: "tested", private: true, type: "module" }),
  ".vscode/settings.json": JSON.stringify({
    "mesh.run.processes": false,
  }),
  "main.mesh": asking,
  "other.mesh": `import { Answering } from "./main.mesh"

node Echo {
  in  text
  out text
}

pipeline Quiet: Answering {
  in  line: text
  out answer: text
  line -> Echo() -> answer
}
`,
  "ticking.mesh": `${shout}
/// Says what time it is.
node Ticks(every: duration in 10ms.. = 20ms) {
  out tick: text
  from "./ticks.ts"
}

${answering}
pipeline Clock {
  out answer: text

  remote loud: Answering {
    at   back.Loud
    else Loud()
  }

  Ticks() -> loud -> answer
}

${loud}
${peers("Clock")}
scenario "the back dies" for Clock {
  at 2s kill back
  expect loud uses Loud within 2s
}

scenario "the back lives" for Clock {
  at 2s kill back
  expect loud uses back.Loud
}
`,
  "sound.mesh": `pipeline Heard {
  in  mic: audio<pcm_s16, 16kHz, mono>
  out speaker: audio<pcm_s16, 16kHz, mono>
  mic -> speaker
}
`,
  "shout.ts": `import { defineNode } from "pipeline-mesh";

export const Shout = defineNode<{ marks: number }>({
  open: ({ marks }, { emit }) => ({
    process: ({ payload }) => emit("out", \`\${String(payload).toUpperCase()}\${"!".repeat(marks)}\`),
  }),
});
`,
  "ticks.ts": `import { defineNode } from "pipeline-mesh";

export const Ticks = defineNode<{ every: number }>({
  open: ({ every }, { clock, signal }) => ({
    async *run() {
      for (let tick = 0; !signal.aborted; tick += 1) {
        yield \`tick \${tick}\`;
        await new Promise<void>((resolve) => {
          const go = (): void => {
            cancel();
            signal.removeEventListener("abort", go);
            resolve();
          };
          const cancel = clock.schedule(every / 1000, go);
          signal.addEventListener("abort", go);
        });
      }
    },
  }),
});
`,
  "README.md": "# Tested\n\n```mesh\npipeline Front {\n}\n```\n",
};

/**
 * A project with programs that run, in which the package is installed.
 * @param root the repository
 * @param ports two that are free, for peers in processes of their own
 */
export function writeWorkspace(folder: string, root: string, ports: readonly number[]): void {
  const [front, back] = ports;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "apart.mesh"), asking.replace(":0", `:${front}`).replace(":0", `:${back}`));
  writeFileSync(join(folder, "question.wav"), tone(0.4));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules/pipeline-mesh"), "dir");
}

/** What of a project has been run, one line each. */
export const tracks = "ran.txt";

/** The same project, in which everything that could be run leaves a track: its configuration, the code of a node, the Node.js that it names. */
export function writeTracking(folder: string, root: string, ports: readonly number[]): void {
  writeWorkspace(folder, root, ports);
  const file = join(folder, tracks);
  const track = (name: string): string =>
    `import { appendFileSync } from "node:fs";\nappendFileSync(${JSON.stringify(file)}, "${name}\\n");\n`;
  writeFileSync(join(folder, "mesh.config.ts"), `${track("configuration")}export default { sources: ["."] };\n`);
  writeFileSync(join(folder, "shout.ts"), `${track("code")}${readFileSync(join(folder, "shout.ts"), "utf8")}`);
  const node = join(folder, "node.sh");
  writeFileSync(node, `#!/bin/sh\necho node >> '${file}'\nexec '${process.execPath}' "$@"\n`);
  chmodSync(node, 0o755);
  const settings = { "mesh.run.processes": false, "mesh.node": node };
  writeFileSync(join(folder, ".vscode/settings.json"), JSON.stringify(settings));
}
