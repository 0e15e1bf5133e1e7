import { describe, expect, it } from "vitest";
import {
  CancellationTokenSource,
  type ClientCapabilities,
  type CodeAction,
  type CompletionItem,
  type CompletionList,
  type Hover,
  type Location,
  type SemanticTokens,
  type SemanticTokensDelta,
  type WorkspaceEdit,
} from "vscode-languageserver/node";
import type { Environment } from "../../../compiler/language-server/environment.ts";
import { program } from "../language-service/support/program.ts";
import { connected, type Client } from "./support/client.ts";

/** Line and character of the n-th time that a text stands in the program. */
function place(text: string): [number, number] {
  const before = program.slice(0, program.indexOf(text)).split("\n");
  return [before.length - 1, before.at(-1)?.length ?? 0];
}

async function opened(): Promise<Client> {
  const client = await connected({ "main.mesh": program });
  client.open("main.mesh", program);
  return client;
}

describe("over the protocol", () => {
  it("definitions, references and highlights are places", async () => {
    await using client = await opened();
    const [line, character] = place("loud ~>");
    const found = await client.at<Location[]>("textDocument/definition", "main.mesh", line, character);
    const [there, column] = place("loud = Loud");
    expect(found).toEqual([
      {
        uri: client.uri("main.mesh"),
        range: { start: { line: there, character: column }, end: { line: there, character: column + 4 } },
      },
    ]);
    const context = { includeDeclaration: true };
    expect(await client.at("textDocument/references", "main.mesh", line, character, { context })).toHaveLength(2);
    expect(await client.at("textDocument/documentHighlight", "main.mesh", line, character)).toHaveLength(2);
    expect(client.logged).toEqual([]);
  });

  it("a name of the standard library leads into its file", async () => {
    await using client = await connected({});
    client.open("main.mesh", 'import { Vad } from "std/speech"\n');
    const found = await client.at<Location[]>("textDocument/definition", "main.mesh", 0, 10);
    expect(found[0]?.uri).toMatch(/stdlib\/speech\/speech\.mesh$/);
    expect(found[0]?.range.start.line).toBeGreaterThan(0);
  });

  it("a rename is an edit, and what is refused an error with its reason", async () => {
    await using client = await opened();
    const [line, character] = place("loud ~>");
    const edit = await client.at<WorkspaceEdit>("textDocument/rename", "main.mesh", line, character, {
      newName: "strong",
    });
    expect(edit.changes?.[client.uri("main.mesh")]).toHaveLength(2);
    const refused = client.at("textDocument/rename", "main.mesh", line, character, { newName: "far" });
    await expect(refused).rejects.toThrow("`Main` has a remote named `far` already.");
    expect(await client.at("textDocument/prepareRename", "main.mesh", 0, 0)).toBeNull();
  });

  it("hovering, signature help and symbols answer", async () => {
    await using client = await opened();
    const hover = await client.at<Hover>("textDocument/hover", "main.mesh", ...place("~> loud"));
    expect(hover.contents).toMatchObject({ kind: "markdown", value: expect.stringContaining("OpusDecode") });
    expect(await client.at("textDocument/signatureHelp", "main.mesh", ...place("gain: level"))).toMatchObject({
      activeParameter: 0,
      signatures: [{ label: "Loud(gain: decibel = 0dB, mood: Mood = calm)" }],
    });
    const textDocument = { uri: client.uri("main.mesh") };
    expect(await client.request("textDocument/documentSymbol", { textDocument })).toHaveLength(11);
    expect(await client.request("workspace/symbol", { query: "Hears" })).toMatchObject([{ name: "Hears" }]);
    expect(client.logged).toEqual([]);
  });

  it("a list leaves out what its client fills in by itself or asks for later", async () => {
    const capabilities: ClientCapabilities = {
      textDocument: {
        completion: {
          completionItem: { resolveSupport: { properties: ["documentation", "additionalTextEdits"] } },
          completionList: { itemDefaults: ["editRange"] },
        },
      },
    };
    await using client = await connected({}, { capabilities });
    client.open("main.mesh", "pipeline P {\n  let v = Va\n}\n");
    const list = await client.at<CompletionList>("textDocument/completion", "main.mesh", 1, 12);
    const range = { start: { line: 1, character: 10 }, end: { line: 1, character: 12 } };
    expect(list.itemDefaults).toEqual({ editRange: range });
    const item = list.items.find((one) => one.label === "Vad");
    expect(item).toMatchObject({ textEditText: "Vad()" });
    expect(item).not.toHaveProperty("textEdit");
    expect(item).not.toHaveProperty("additionalTextEdits");
    const resolved = await client.connection.sendRequest<CompletionItem>("completionItem/resolve", item);
    expect(resolved.documentation).toMatchObject({ value: expect.stringContaining("node Vad") as unknown });
    expect(resolved.additionalTextEdits?.map((one) => one.newText)).toEqual(['import { Vad } from "std/speech"\n\n']);
    client.change("main.mesh", { text: 'import { Vad } from "std/speech"\npipeline P {\n  let v = Va\n}\n' });
    const again = await client.connection.sendRequest<CompletionItem>("completionItem/resolve", item);
    expect(again.additionalTextEdits).toBeUndefined();
    expect(client.logged).toEqual([]);
  });

  it("a list is whole for a client that can neither", async () => {
    await using client = await connected({}, { capabilities: {} });
    client.open("main.mesh", "pipeline P {\n  let v = Va\n}\n");
    const list = await client.at<CompletionList>("textDocument/completion", "main.mesh", 1, 12);
    const range = { start: { line: 1, character: 10 }, end: { line: 1, character: 12 } };
    expect(list).not.toHaveProperty("itemDefaults");
    const item = list.items.find((one) => one.label === "Vad");
    expect(item).toMatchObject({ textEdit: { range, newText: "Vad()" } });
    expect(item?.documentation).toMatchObject({ value: expect.stringContaining("node Vad") as unknown });
    expect(item?.additionalTextEdits?.map((one) => one.newText)).toEqual(['import { Vad } from "std/speech"\n\n']);
    expect(client.logged).toEqual([]);
  });

  it("colours come whole at first, and then as what has changed", async () => {
    await using client = await opened();
    const textDocument = { uri: client.uri("main.mesh") };
    const whole = await client.request<SemanticTokens>("textDocument/semanticTokens/full", { textDocument });
    const delta = (previousResultId: string | undefined): Promise<Partial<SemanticTokens & SemanticTokensDelta>> =>
      client.request("textDocument/semanticTokens/full/delta", { textDocument, previousResultId });
    const same = await delta(whole.resultId);
    expect(same.edits).toEqual([]);
    const at = { line: 1, character: 0 };
    client.change("main.mesh", { range: { start: at, end: at }, text: "record Other { a: int }\n" });
    const { edits = [], resultId } = await delta(same.resultId);
    const after = [...whole.data];
    for (const { start, deleteCount, data = [] } of edits) after.splice(start, deleteCount, ...data);
    const fresh = await client.request<SemanticTokens>("textDocument/semanticTokens/full", { textDocument });
    expect(after).toEqual(fresh.data);
    expect(edits.flatMap((one) => one.data ?? []).length).toBeLessThan(60);
    // An id that the server does not know any more brings everything.
    expect((await delta(resultId)).data).toEqual(fresh.data);
    const range = { start: { line: 1, character: 0 }, end: { line: 2, character: 0 } };
    const part = await client.request<SemanticTokens>("textDocument/semanticTokens/range", { textDocument, range });
    expect(part.data.length).toBe(4 * 5);
    expect(client.logged).toEqual([]);
  });

  it("layout, folds, selections, hints, lenses and links come as the protocol has them", async () => {
    await using client = await connected({ "main.mesh": program, "b.mesh": "record R { a: text }\n" });
    client.open("main.mesh", program);
    const textDocument = { uri: client.uri("main.mesh") };
    const [line, character] = place("level, mood: excited");
    const folds = await client.request<{ startLine: number }[]>("textDocument/foldingRange", { textDocument });
    expect(folds.map((one) => one.startLine)).toContain(place("pipeline Main")[0]);
    const positions = [{ line, character }];
    expect(await client.request("textDocument/selectionRange", { textDocument, positions })).toMatchObject([
      { range: { start: { line, character }, end: { line, character: character + 5 } }, parent: { range: {} } },
    ]);
    const range = { start: { line: 0, character: 0 }, end: { line: 1000, character: 0 } };
    const hints = await client.request<{ label: string }[]>("textDocument/inlayHint", { textDocument, range });
    expect(hints.map((one) => one.label)).toContain(" OpusDecode ~>");
    const lenses = await client.request<object[]>("textDocument/codeLens", { textDocument });
    expect(lenses.length).toBeGreaterThan(4);
    const rough = "record   Q {a:text}\n";
    client.open("c.mesh", `import { R } from "./b.mesh"\n${rough}`);
    const other = { textDocument: { uri: client.uri("c.mesh") } };
    expect(await client.request("textDocument/documentLink", other)).toMatchObject([{ target: client.uri("b.mesh") }]);
    const options = { tabSize: 2, insertSpaces: true };
    for (const [method, more] of [
      ["formatting", {}],
      ["rangeFormatting", { range: { start: { line: 1, character: 0 }, end: { line: 2, character: 0 } } }],
      ["onTypeFormatting", { position: { line: 1, character: rough.length - 1 }, ch: "}" }],
    ] as const) {
      const edits = await client.request<object[]>(`textDocument/${method}`, { ...other, ...more, options });
      expect(edits, method).not.toEqual([]);
    }
    expect(client.logged).toEqual([]);
  });

  it("an extraction is an edit of the whole file, and kinds that are not asked for stay away", async () => {
    await using client = await opened();
    const textDocument = { uri: client.uri("main.mesh") };
    const [line, character] = place("Hear() -> words");
    const range = { start: { line, character }, end: { line, character: character + 6 } };
    const ask = (only: string[]): Promise<CodeAction[]> =>
      client.request("textDocument/codeAction", { textDocument, range, context: { diagnostics: [], only } });
    const [found, ...others] = await ask(["refactor"]);
    expect(others).toEqual([]);
    expect(found).toMatchObject({ title: "Extract pipeline `Extracted`", kind: "refactor.extract" });
    expect(found?.edit?.changes?.[textDocument.uri]).toHaveLength(2);
    expect(await ask(["quickfix"])).toEqual([]);
    expect(client.logged).toEqual([]);
  });

  it("calls go there and back, and an import follows its file", async () => {
    await using client = await connected({ "main.mesh": program, "lib/b.mesh": "record R { a: text }\n" });
    client.open("main.mesh", program);
    const [item] = await client.at<object[]>("textDocument/prepareCallHierarchy", "main.mesh", ...place("Main(level"));
    expect(item).toMatchObject({ name: "Main" });
    const out = await client.request<{ to: { name: string } }[]>("callHierarchy/outgoingCalls", { item });
    expect(out.map((one) => one.to.name)).toEqual(["Loud", "Hears", "box", "Near"]);
    const near = out.find((one) => one.to.name === "Near")?.to;
    const back = await client.request<{ from: { name: string } }[]>("callHierarchy/incomingCalls", { item: near });
    expect(back.map((one) => one.from.name)).toContain("Main");
    client.open("c.mesh", 'import { R } from "./lib/b.mesh"\nrecord Q { r: R }\n');
    const files = [{ oldUri: client.uri("lib/b.mesh"), newUri: client.uri("b.mesh") }];
    const edit = await client.request<WorkspaceEdit>("workspace/willRenameFiles", { files });
    expect(edit.changes?.[client.uri("c.mesh")]).toMatchObject([{ newText: '"./b.mesh"' }]);
    expect(client.logged).toEqual([]);
  });

  it("answers nothing for files that are not there, and for places beyond a file", async () => {
    await using client = await opened();
    for (const method of ["textDocument/hover", "textDocument/definition", "textDocument/signatureHelp"]) {
      expect(await client.at(method, "none.mesh", 0, 0)).toBeNull();
      const beyond = await client.at<unknown>(method, "main.mesh", 10_000, 10_000);
      expect(Array.isArray(beyond) ? beyond : (beyond ?? [])).toEqual([]);
    }
    expect(client.logged).toEqual([]);
  });

  it("a request that is cancelled while the program is checked ends there with an error, and the session goes on", async () => {
    // Each look at the clock is later than a turn may take, so that the server lets messages in after every step; turns that wait
    // are held until the cancellation has been sent.
    let time = 0;
    const waiting: (() => void)[] = [];
    let isHeld = false;
    const soon: Environment["soon"] = (callback) => {
      if (isHeld) waiting.push(callback);
      else setImmediate(callback);
      return () => undefined;
    };
    await using client = await connected(
      { "main.mesh": program },
      { environment: { nowMs: () => (time += 100), soon } },
    );
    client.open("main.mesh", program);
    expect((await client.diagnosed("main.mesh")).diagnostics).toEqual([]);
    isHeld = true;
    const at = { line: 0, character: 0 };
    client.change("main.mesh", { range: { start: at, end: at }, text: "// changed\n" });
    const source = new CancellationTokenSource();
    const params = { textDocument: { uri: client.uri("main.mesh") }, position: at };
    const asked = client.connection.sendRequest("textDocument/hover", params, source.token).then(
      () => "answered",
      (error: { code: number }) => error.code,
    );
    // What is sent later is taken later, so that the hover waits by now.
    await client.request("textDocument/foldingRange", params);
    expect(waiting.length).toBeGreaterThan(0);
    source.cancel();
    await client.request("textDocument/foldingRange", params);
    isHeld = false;
    for (const callback of waiting.splice(0)) callback();
    expect(await asked).toBe(-32_800);
    const [line, character] = place("~> loud");
    const hover = await client.at<Hover>("textDocument/hover", "main.mesh", line + 1, character);
    expect(hover.contents).toMatchObject({ value: expect.stringContaining("OpusDecode") });
    expect(client.logged).toEqual([]);
  });
});
