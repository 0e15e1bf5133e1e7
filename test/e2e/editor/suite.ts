/** Runs in the editor's extension host: what the extension does, asked of the editor as any other extension would ask it. */
import { strict as assert } from "node:assert";
import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import * as vscode from "vscode";
import type { MeshApi } from "../../../vscode-extension/extension.ts";
import { marks, type HostResult, type WindowStep } from "./protocol.ts";

const tests: { readonly name: string; readonly run: () => Promise<void> }[] = [];
const test = (name: string, run: () => Promise<void>): void => void tests.push({ name, run });

/** Longer than any of it takes; only a hang runs into it. */
const limitMs = 65_000;

/** Resolves once the condition holds, which is looked at whenever the event comes. */
function until<T>(event: vscode.Event<unknown>, found: () => T | undefined, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => end(() => reject(new Error(`nothing came of it: ${what}`))), limitMs);
    const listener = event(() => look());
    const end = (done: () => void): void => {
      clearTimeout(timer);
      listener.dispose();
      done();
    };
    const look = (): void => {
      const value = found();
      if (value !== undefined) end(() => resolve(value));
    };
    look();
  });
}

/** Asks the window to look at something, or to do something. */
function step(name: WindowStep): void {
  console.log(`${marks.step}${name}`);
}

const folder = vscode.workspace.workspaceFolders?.[0]?.uri ?? vscode.Uri.file("/");
const main = vscode.Uri.joinPath(folder, "main.mesh");

function codes(uri: vscode.Uri): string[] {
  return vscode.languages.getDiagnostics(uri).map(({ code }) => String(typeof code === "object" ? code.value : code));
}

async function open(uri = main): Promise<vscode.TextEditor> {
  return vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), vscode.ViewColumn.One);
}

function placeOf({ document }: vscode.TextEditor, text: string, nth = 1): vscode.Position {
  let at = -1;
  for (let count = 0; count < nth; count += 1) at = document.getText().indexOf(text, at + 1);
  assert.notEqual(at, -1, `no ${text} in ${document.uri.path}`);
  return document.positionAt(at);
}

async function replace(editor: vscode.TextEditor, text: string, by: string): Promise<void> {
  const start = placeOf(editor, text);
  const range = new vscode.Range(start, start.translate(0, text.length));
  assert.ok(await editor.edit((edit) => edit.replace(range, by)));
}

/** Makes a document what it was, on the disk as well. */
async function put({ document }: vscode.TextEditor, text: string): Promise<void> {
  const edit = new vscode.WorkspaceEdit();
  edit.replace(document.uri, new vscode.Range(0, 0, document.lineCount, 0), text);
  assert.ok(await vscode.workspace.applyEdit(edit));
  assert.ok(await document.save());
}

async function api(): Promise<MeshApi> {
  const found = vscode.extensions.getExtension<MeshApi>("pipeline-mesh.pipeline-mesh");
  assert.ok(found, "the extension is installed");
  return found.activate();
}

const diagnosed = (found: () => true | undefined, what: string): Promise<true> =>
  until(vscode.languages.onDidChangeDiagnostics, found, what);

test("diagnostics come and go with what is typed, and their code leads to a page", async () => {
  const editor = await open();
  assert.equal(editor.document.languageId, "mesh");
  await replace(editor, "Shout(marks: 2)", "Shuot(marks: 2)");
  await diagnosed(() => codes(main).includes("MESH2001") || undefined, "MESH2001");
  const [first] = vscode.languages.getDiagnostics(main);
  assert.match(first?.message ?? "", /Shuot/);
  assert.ok(typeof first?.code === "object" && first.code.target.path.endsWith("MESH2001.md"));
  const fixes = await vscode.commands.executeCommand<vscode.CodeAction[]>(
    "vscode.executeCodeActionProvider",
    main,
    first.range,
  );
  assert.ok(
    fixes.some(({ title }) => title.includes("Shout")),
    "a quick fix",
  );
  editor.selection = new vscode.Selection(first.range.start, first.range.start);
  // The window takes the fix, as a person does.
  step("fix");
  await diagnosed(() => codes(main).length === 0 || undefined, "no diagnostics");
  assert.match(editor.document.getText(), /Shout\(marks: 2\)/);
});

/** The processes of language servers that this host has started. */
function servers(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((id) => {
      try {
        const words = readFileSync(`/proc/${id}/cmdline`, "utf8").split("\0");
        const [, parent] = /\) \S (\d+) /.exec(readFileSync(`/proc/${id}/stat`, "utf8")) ?? [];
        return words.includes("lsp") && Number(parent) === process.pid;
      } catch {
        // It has ended meanwhile.
        return false;
      }
    })
    .map(Number);
}

test("a server that is killed is started again, as is one that somebody restarts while typing", async () => {
  const editor = await open();
  const original = editor.document.getText();
  const losing: readonly (() => unknown)[] = [
    () => servers().map((id) => process.kill(id, "SIGKILL")),
    () => vscode.commands.executeCommand("mesh.restartServer"),
  ];
  for (const lose of losing) {
    assert.equal(servers().length, 1);
    const [before] = servers();
    const lost = lose();
    await replace(editor, "Shout(marks: 2)", "Shuot(marks: 2)");
    await diagnosed(() => (codes(main).includes("MESH2001") && servers()[0] !== before) || undefined, "MESH2001 anew");
    await lost;
    await put(editor, original);
    await diagnosed(() => codes(main).length === 0 || undefined, "no diagnostics");
  }
});

test("hovers tell what goes through an arrow", async () => {
  const editor = await open();
  const at = placeOf(editor, "-> loud");
  const hovers = await vscode.commands.executeCommand<vscode.Hover[]>("vscode.executeHoverProvider", main, at);
  const text = hovers
    .flatMap(({ contents }) => contents.map((one) => (typeof one === "string" ? one : one.value)))
    .join();
  assert.match(text, /text/);
});

test("completion offers what fits, and nodes with their parameters", async () => {
  const editor = await open();
  const at = placeOf(editor, "loud -> answer").translate(0, "loud -> ".length);
  const { items } = await vscode.commands.executeCommand<vscode.CompletionList>(
    "vscode.executeCompletionItemProvider",
    main,
    at,
  );
  const labels = items.map(({ label }) => (typeof label === "string" ? label : label.label));
  assert.ok(labels.includes("answer"), labels.join());
  assert.ok(labels.includes("Shout"), labels.join());
});

test("a rename goes through all files", async () => {
  const editor = await open();
  const at = placeOf(editor, "Answering");
  const edit = await vscode.commands.executeCommand<vscode.WorkspaceEdit>(
    "vscode.executeDocumentRenameProvider",
    main,
    at,
    "Replying",
  );
  const files = edit.entries().map(([uri, edits]) => `${uri.path.split("/").at(-1)} ${edits.length}`);
  assert.deepEqual(files.toSorted(), ["main.mesh 3", "other.mesh 2"]);
});

test("lays out, folds, outlines, colours, and shows lenses and hints", async () => {
  const editor = await open();
  const ask = <T>(command: string, ...more: unknown[]): Thenable<T> =>
    vscode.commands.executeCommand<T>(command, main, ...more);
  const symbols = await ask<vscode.DocumentSymbol[]>("vscode.executeDocumentSymbolProvider");
  assert.ok(symbols.some(({ name }) => name === "Front"));
  const folds = await ask<vscode.FoldingRange[]>("vscode.executeFoldingRangeProvider");
  assert.ok(folds.length > 3);
  const tokens = await ask<vscode.SemanticTokens>("vscode.provideDocumentSemanticTokens");
  assert.ok(tokens.data.length > 50);
  const lenses = await ask<vscode.CodeLens[]>("vscode.executeCodeLensProvider", 100);
  assert.deepEqual([...new Set(lenses.map(({ command }) => command?.command))].toSorted(), [
    "mesh.graph",
    "mesh.references",
    "mesh.run",
  ]);
  await replace(editor, "line -> loud", "line   ->   loud");
  const edits = await ask<vscode.TextEdit[]>("vscode.executeFormatDocumentProvider", {
    tabSize: 2,
    insertSpaces: true,
  });
  assert.equal(edits.length > 0, true);
  const all = new vscode.WorkspaceEdit();
  all.set(main, edits);
  assert.ok(await vscode.workspace.applyEdit(all));
  assert.match(editor.document.getText(), / {2}line -> loud -> answer/);
});

test("mesh.config.ts is read, and what is wrong in it told at its place", async () => {
  const config = vscode.Uri.joinPath(folder, "mesh.config.ts");
  const write = (text: string): Thenable<void> => vscode.workspace.fs.writeFile(config, new TextEncoder().encode(text));
  await write('export default { sourcez: ["."] };\n');
  await diagnosed(() => vscode.languages.getDiagnostics(config).length > 0 || undefined, "a problem of mesh.config.ts");
  assert.match(vscode.languages.getDiagnostics(config)[0]?.message ?? "", /sourcez/);
  await write('export default { sources: ["."] };\n');
  await diagnosed(() => vscode.languages.getDiagnostics(config).length === 0 || undefined, "no such problem");
});

test("R13.3 the graph is drawn beside the code, and a click in it leads to the code", async () => {
  const editor = await open();
  editor.selection = new vscode.Selection(0, 0, 0, 0);
  await vscode.commands.executeCommand("mesh.graph");
  const { graph } = await api();
  // The window clicks on the box of the remote, once it is there.
  step("graph");
  const there = placeOf(editor, "remote loud").translate(0, "remote ".length);
  await until(
    vscode.window.onDidChangeTextEditorSelection,
    () => (editor.selection.active.line === there.line && editor.selection.start.isEqual(there)) || undefined,
    `a selection at line ${there.line + 1}`,
  );
  assert.equal(graph.drawn?.picture?.frames.length, 2);
});

test("the graph stays while there are errors, and follows once they are mended", async () => {
  const editor = await open();
  const original = editor.document.getText();
  const { graph } = await api();
  await replace(
    editor,
    "pipeline Loud",
    "pipeline Alone {\n  in  a: text\n  out b: text\n  a -> b\n}\n\npipeline Loud",
  );
  await replace(editor, "line -> loud -> answer", "line -> loud -> answr");
  await diagnosed(() => codes(main).length > 0 || undefined, "an error");
  // The window takes the last change back, once it has seen that the picture is pale.
  step("graph-stale");
  await diagnosed(() => codes(main).length === 0 || undefined, "no diagnostics");
  step("graph-mended");
  await until(
    vscode.window.onDidChangeTextEditorSelection,
    () => editor.document.getText(editor.selection) === "Alone" || undefined,
    "a click on the new pipeline",
  );
  assert.ok(graph.drawn?.picture?.frames.some(({ label }) => label === "Alone"));
  await put(editor, original);
});

test("the graph follows what changes on the disk while nobody types", async () => {
  const uses = vscode.Uri.joinPath(folder, "uses.mesh");
  const text = `import { Murmur } from "./murmur.mesh"

pipeline Uses {
  in  a: text
  out b: text
  a -> Murmur() -> b
}
`;
  await vscode.workspace.fs.writeFile(uses, new TextEncoder().encode(text));
  const editor = await open(uses);
  await vscode.commands.executeCommand("mesh.graph");
  // The window writes what is imported, once it has seen that it is missed, and clicks on what is drawn then.
  step("graph-follows");
  await until(
    vscode.window.onDidChangeTextEditorSelection,
    () => editor.document.getText(editor.selection) === "Murmur" || undefined,
    "a click on what has come",
  );
  await open();
});

test("the graph is saved as a picture that stands by itself", async () => {
  await open();
  const saved = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(folder, "*.svg"));
  // The window presses the button, and takes the name that is offered.
  step("save");
  const written = await new Promise<vscode.Uri>((resolve) => void saved.onDidCreate(resolve));
  saved.dispose();
  assert.equal(written.path.split("/").at(-1), "main.svg");
  const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(written));
  assert.match(text, /^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
  assert.match(text, /Front/);
});

test("R13.1 a mesh runs and is stopped: its peers listen, its streams flow, and the view and the graph show it", async () => {
  const ticking = vscode.Uri.joinPath(folder, "ticking.mesh");
  await open(ticking);
  const { runs } = await api();
  await vscode.commands.executeCommand("mesh.run", ticking.toString(), "pipeline", "Clock");
  const [run] = runs.running;
  assert.ok(run, "a run");
  await until(
    runs.onDidChange,
    () => [...run.rates.counted.values()].some(({ rate }) => rate > 5) || undefined,
    "frames that flow",
  );
  const peers = run.state.peers.map(({ name, state }) => `${name} ${state}`);
  assert.deepEqual(peers.toSorted(), ["back listening", "front listening"]);
  // The window stops it, once it has seen what flows.
  step("running");
  assert.equal(await run.ended, 130);
  assert.deepEqual(runs.running, []);
});

test("one peer runs alone", async () => {
  const { runs } = await api();
  await vscode.commands.executeCommand("mesh.runPeer", main, "back");
  const [run] = runs.all;
  assert.ok(run);
  await until(
    runs.onDidChange,
    () => run.code !== undefined || run.state.peers.some(({ state }) => state === "listening") || undefined,
    "the peer",
  );
  assert.deepEqual([run.state.error, ...run.state.peers.map(({ name }) => name)], [undefined, "back"]);
  assert.equal(run.code, undefined);
  await vscode.commands.executeCommand("mesh.stopAll");
  assert.equal(run.code, 130);
});

test("scenarios are tests of the workspace, which are played and told at their lines", async () => {
  const { scenarios } = await api();
  await scenarios.find();
  assert.deepEqual(scenarios.titles, ["the back dies", "the back lives"]);
  const ticking = vscode.Uri.joinPath(folder, "ticking.mesh");
  const editor = await open(ticking);
  // As the lens above it does.
  const passed = await vscode.commands.executeCommand("mesh.run", ticking.toString(), "scenario", "the back dies");
  assert.deepEqual(passed, { status: "passed", failures: [] });
  const failed = await vscode.commands.executeCommand("mesh.run", ticking.toString(), "scenario", "the back lives");
  assert.deepEqual(failed, {
    status: "failed",
    failures: ["`loud` uses `Loud()` in the end, and not `back.Loud`."],
  });
  const line = placeOf(editor, "expect loud uses back.Loud");
  editor.selection = new vscode.Selection(line, line);
  editor.revealRange(editor.selection, vscode.TextEditorRevealType.InCenter);
  // The window sees it there, and says so by going to the first line.
  step("scenario");
  await until(
    vscode.window.onDidChangeTextEditorSelection,
    () => editor.selection.active.line === 0 || undefined,
    "the failure at its line",
  );
});

test("each peer runs in a process of its own", async () => {
  const apart = vscode.Uri.joinPath(folder, "apart.mesh");
  await open(apart);
  const settings = vscode.workspace.getConfiguration("mesh", apart);
  await settings.update("run.processes", true, vscode.ConfigurationTarget.Workspace);
  const { runs } = await api();
  const run = (await vscode.commands.executeCommand("mesh.run", apart)) as (typeof runs.all)[number];
  const listening = (): true | undefined =>
    run.code !== undefined || run.state.peers.filter(({ state }) => state === "listening").length === 2 || undefined;
  await until(runs.onDidChange, listening, "two peers that listen");
  assert.equal(run.code, undefined, run.state.error?.message);
  await vscode.commands.executeCommand("mesh.stopAll");
  assert.equal(run.code, 130);
  // Only of a process it is known that it has ended.
  const peers = run.state.peers.map(({ name, state }) => `${name} ${state}`);
  assert.deepEqual(peers.toSorted(), ["back ended", "front ended"]);
  await settings.update("run.processes", false, vscode.ConfigurationTarget.Workspace);
});

test("a pipeline is fed from a file and heard in a file, which are picked", async () => {
  const sound = vscode.Uri.joinPath(folder, "sound.mesh");
  await open(sound);
  // The window picks another file than those that are offered, and where the sound goes.
  step("pick");
  const run = (await vscode.commands.executeCommand("mesh.run", sound.toString(), "pipeline", "Heard")) as {
    readonly ended: Promise<number>;
  };
  assert.equal(await run.ended, 0);
  const heard = await vscode.workspace.fs.stat(vscode.Uri.joinPath(folder, "heard.wav"));
  const fed = await vscode.workspace.fs.stat(vscode.Uri.joinPath(folder, "question.wav"));
  assert.equal(heard.size, fed.size);
});

test("a new project is written where somebody wants it, and opened", async () => {
  step("new-project");
  await vscode.commands.executeCommand("mesh.newProject");
  const made = vscode.Uri.joinPath(folder, "my-hello");
  const names = (await vscode.workspace.fs.readDirectory(made)).map(([name]) => name);
  assert.ok(names.includes("main.mesh") && names.includes("package.json"), names.join());
  const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(vscode.Uri.joinPath(made, "package.json")));
  assert.equal((JSON.parse(text) as { readonly name: string }).name, "my-hello");
});

test("tasks check and build the project, and the pages of codes are shown", async () => {
  const found = await vscode.tasks.fetchTasks({ type: "mesh" });
  assert.deepEqual(found.map(({ name }) => name).toSorted(), ["build", "check", "watch"]);
  const check = found.find(({ name }) => name === "check");
  assert.ok(check);
  const ended = new Promise<number | undefined>((resolve) => {
    const listener = vscode.tasks.onDidEndTaskProcess(({ execution, exitCode }) => {
      if (execution.task.name !== "check") return;
      listener.dispose();
      resolve(exitCode);
    });
  });
  await vscode.tasks.executeTask(check);
  const problems = vscode.languages
    .getDiagnostics()
    .flatMap(([uri, all]) => all.map(({ message }) => [uri.path, message]));
  assert.deepEqual([await ended, ...problems.flat()], [0]);
  await open();
  assert.equal(await vscode.commands.executeCommand("mesh.explain", "MESH3001"), true);
});

/** Called by the editor. @throws {Error} when a test has failed */
export async function run(): Promise<void> {
  let failed = 0;
  for (const { name, run: body } of tests) {
    const startMs = performance.now();
    let error: string | undefined;
    try {
      await body();
    } catch (thrown) {
      failed += 1;
      error = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    }
    const result: HostResult = {
      name,
      tookMs: Math.round(performance.now() - startMs),
      ...(error !== undefined && { error }),
    };
    console.log(`${marks.result}${JSON.stringify(result)}`);
  }
  if (failed > 0) throw new Error(`${failed} of ${tests.length} tests have failed`);
}
