import { execFile } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { folderWith } from "./support/files.ts";
import { meshc } from "./support/meshc.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const execute = promisify(execFile);
const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
const tsc = join(root, "node_modules/typescript/bin/tsc");

const program = `
import { Gain } from "std/audio"

node Where(word: text) { in text
 out text
 from "./where.ts" }
pipeline Main { in line: text
 out answer: text
 let there = Where(word: "there") with { worker: true }
 line -> Where(word: "here") -> there -> answer }
pipeline Loud { in mic: audio<pcm_f32, 48kHz, mono>
 out loud: audio<pcm_f32, 48kHz, mono>
 let gain = Gain(gain: 20dB) with { worker: true }
 mic -> gain -> loud }
`;

/** Says whether it runs where its pipeline does; what it says comes from a module of its own. */
const code = {
  "where.ts": `import { defineNode } from "pipeline-mesh";
import { thread } from "./thread.ts";

export const Where = defineNode<{ word: string }>({
  open: ({ word }) => ({ process: ({ payload }) => \`\${String(payload)} \${word}:\${thread() === 0 ? "main" : "thread"}\` }),
});
`,
  "thread.ts": `import { threadId } from "node:worker_threads";

export function thread(): number {
  return threadId;
}
`,
};

const use = `import { launchLoud, launchMain } from "./main.mesh.ts";

const main = await launchMain();
await main.line.write("x");
main.end();
for await (const answer of main.answer) console.log(answer);
await main.closed;

const loud = await launchLoud();
await loud.mic.write(new Float32Array(960).fill(0.05));
loud.end();
for await (const sound of loud.loud) console.log(sound.length, sound[3]?.toFixed(3));
await loud.closed;
`;

function project(): string {
  const folder = folderWith({
    "main.mesh": program,
    "use.ts": use,
    "package.json": JSON.stringify({ type: "module" }),
    "line.txt": "hello\n",
    ...code,
  });
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules/pipeline-mesh"));
  return folder;
}

describe("nodes on threads of their own", () => {
  it("run by `meshc run`, written in TypeScript", async () => {
    const cwd = project();
    const options = ["--pipeline", "Main", "--in", "line=line.txt", "--out", "answer=out.txt"];
    const result = await meshc(["run", "main.mesh", ...options], { cwd });
    expect(result).toMatchObject({ code: 0 });
    const { readFileSync } = await import("node:fs");
    expect(readFileSync(join(cwd, "out.txt"), "utf8")).toBe("hello here:main there:thread\n");
  });

  it.each(["tsx", "tsc"])("run by the module that a build writes, by %s", async (how) => {
    const cwd = project();
    expect(await meshc(["build", "main.mesh"], { cwd })).toMatchObject({ code: 0, err: "" });
    if (how === "tsc") {
      const compilerOptions = {
        target: "es2022",
        lib: ["es2023", "esnext.disposable", "dom"],
        module: "nodenext",
        rewriteRelativeImportExtensions: true,
        strict: true,
        skipLibCheck: true,
        types: ["node"],
        typeRoots: [join(root, "node_modules/@types")],
        outDir: "out",
      };
      writeFileSync(join(cwd, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["use.ts", "where.ts"] }));
      await execute(process.execPath, [tsc, "-p", "."], { cwd }).catch(({ stdout }: { stdout: string }) => {
        throw new Error(stdout);
      });
    }
    const args = how === "tsx" ? ["--import", tsx, "use.ts"] : ["out/use.js"];
    const { stdout } = await execute(process.execPath, args, { cwd });
    expect(stdout).toBe("x here:main there:thread\n960 0.500\n");
  });
});
