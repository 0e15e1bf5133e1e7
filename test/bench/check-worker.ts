/**
 * One contender of the check bench in a process of its own, so that nobody has the garbage of the others to collect. It
 * does what it is asked for, and answers with the milliseconds that somebody would have waited.
 */
import { readFileSync } from "node:fs";
import type { memoryHost, Workspace } from "../../compiler/index.ts";
import { TypeSpecProject } from "./check-peers.ts";
import { meshPath, meshProgram, meshProject, typeSpecText } from "./check-sources.ts";
import { files, lines, type CheckAnswer, type CheckTask, type ContenderName } from "./check-tasks.ts";
import { langiumParser } from "./parse-peers.ts";

interface Compiler {
  readonly Workspace: typeof Workspace;
  readonly memoryHost: typeof memoryHost;
}

type Work = () => unknown;
type Contender = (task: CheckTask) => Promise<Work> | Work;

/** @param path the compiler as it ships: bundled, without what a loader of TypeScript adds to each function */
async function mesh(path: string): Promise<Contender> {
  const { Workspace, memoryHost } = (await import(path)) as Compiler;
  const standard = Object.fromEntries(
    ["audio", "speech"].map((name) => [
      `std/${name}`,
      readFileSync(new URL(`../../stdlib/${name}/${name}.mesh`, import.meta.url), "utf8"),
    ]),
  );
  const texts = { one: { "main.mesh": meshProgram(lines) }, many: meshProject(files) };
  const checked = (project: CheckTask["project"]): Workspace => {
    const workspace = new Workspace(memoryHost(texts[project], standard));
    for (const file of Object.keys(texts[project])) workspace.add(file);
    const [wrong] = workspace.diagnostics();
    if (wrong !== undefined) throw new Error(`Mesh: ${wrong.message}`);
    return workspace;
  };
  let kept: Workspace | undefined;
  return ({ project, edit }) => {
    if (edit === undefined) return () => checked(project);
    if (kept === undefined) {
      kept = checked(project);
      kept.prepare();
    }
    const workspace = kept;
    const { number, round, what } = edit;
    const path = meshPath(number);
    const inside = (texts.many[path] ?? "").replace("threshold: 0.6", `threshold: 0.${round + 1}${number}`);
    const field = `record Word${number} { more${round}: text = "a",`;
    const text = what === "body" ? inside : inside.replace(`record Word${number} {`, field);
    return () => (workspace.update(path, text), workspace.diagnostics());
  };
}

async function langium(): Promise<Contender> {
  const parse = await langiumParser();
  const text = meshProgram(lines);
  return () => () => parse(text);
}

function typeSpecProject(): Record<string, string> {
  const names = Array.from({ length: files }, (_, number) => `file${number}.tsp`);
  const texts = names.map((name, number): [string, string] => [name, typeSpecText(100, number)]);
  return { ...Object.fromEntries(texts), "main.tsp": names.map((name) => `import "./${name}";`).join("\n") };
}

function typespec(): Contender {
  const whole = new TypeSpecProject({ "main.tsp": typeSpecText(lines) }, "main.tsp");
  let kept: TypeSpecProject | undefined;
  return async ({ edit }) => {
    if (edit === undefined) return () => whole.compile(false);
    if (kept === undefined) {
      kept = new TypeSpecProject(typeSpecProject(), "main.tsp");
      await kept.compile(false);
    }
    const project = kept;
    const { number, round } = edit;
    return () => {
      project.update(`file${number}.tsp`, `${typeSpecText(100, number)}\n// ${round}`);
      return project.compile(true);
    };
  };
}

async function msOf(work: Work): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}

async function answer(contender: Contender, task: CheckTask): Promise<CheckAnswer> {
  try {
    return { ms: await msOf(await contender(task)) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

const [name = "mesh", compilerPath = ""] = process.argv.slice(2) as [ContenderName?, string?];
const contender = name === "mesh" ? await mesh(compilerPath) : name === "langium" ? await langium() : typespec();
process.on("message", (task: CheckTask) => {
  void answer(contender, task).then((answered) => process.send?.(answered));
});
process.send?.("ready");
