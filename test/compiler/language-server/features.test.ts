import { describe, expect, it } from "vitest";
import { CancellationTokenSource, type Hover, type Location, type WorkspaceEdit } from "vscode-languageserver/node";
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

  it("answers nothing for files that are not there, and for places beyond a file", async () => {
    await using client = await opened();
    for (const method of ["textDocument/hover", "textDocument/definition", "textDocument/signatureHelp"]) {
      expect(await client.at(method, "none.mesh", 0, 0)).toBeNull();
      const beyond = await client.at<unknown>(method, "main.mesh", 10_000, 10_000);
      expect(Array.isArray(beyond) ? beyond : (beyond ?? [])).toEqual([]);
    }
    expect(client.logged).toEqual([]);
  });

  it("a request that is cancelled while other files are checked ends there, and the session goes on", async () => {
    let turn = 0;
    const nowMs = (): number => (turn += 100);
    await using client = await connected(
      Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`f${n}.mesh`, `record R${n} { a: text }\n`])),
      { environment: { nowMs } },
    );
    client.open("main.mesh", program);
    const source = new CancellationTokenSource();
    const params = { textDocument: { uri: client.uri("main.mesh") }, position: { line: 0, character: 0 } };
    const asked = client.connection.sendRequest("textDocument/hover", params, source.token);
    source.cancel();
    // Whatever was done until then, an answer comes, or that it was cancelled.
    await asked.catch((error: { code: number }) => expect(error.code).toBe(-32_800));
    expect((await client.diagnosed("main.mesh")).diagnostics).toEqual([]);
    expect(client.logged).toEqual([]);
  });
});
