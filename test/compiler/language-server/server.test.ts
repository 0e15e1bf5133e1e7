import { describe, expect, it } from "vitest";
import { DiagnosticTag, type PublishDiagnosticsParams } from "vscode-languageserver/node";
import type { Environment } from "../../../compiler/language-server/environment.ts";
import { requests } from "../../../compiler/language-server/protocol.ts";
import { able, connected, type Client } from "./support/client.ts";

const codes = ({ diagnostics }: PublishDiagnosticsParams): unknown[] => diagnostics.map((one) => one.code);
const version =
  (wanted: number) =>
  (params: PublishDiagnosticsParams): boolean =>
    params.version === wanted;
const nothingFailed = (client: Client): void => expect(client.logged).toEqual([]);

/** Finds nothing wrong with any code, and tells when it has been asked. */
class Verifier {
  readonly paths: string[] = [];
  #onAsked: () => void = () => undefined;
  readonly verify = (_root: string, path: string): Promise<[]> => {
    this.paths.push(path);
    this.#onAsked();
    return Promise.resolve([]);
  };

  async asked(times: number): Promise<void> {
    while (this.paths.length < times) await new Promise<void>((resolve) => void (this.#onAsked = resolve));
  }
}

describe("the language server", () => {
  it("says what it is and what it can do", async () => {
    await using client = await connected({});
    expect(client.initialized?.serverInfo?.name).toBe("meshc");
    expect(client.initialized?.capabilities).toMatchObject({
      positionEncoding: "utf-16",
      textDocumentSync: { openClose: true, change: 2 },
    });
  });

  it("tells what is wrong, with its page, tags and other places", async () => {
    await using client = await connected({});
    client.open("main.mesh", 'import { Vad } from "std/speech"\nrecord R { a: text, a: int }\n');
    // What the names say comes before what the rules do.
    expect(codes(await client.diagnosed("main.mesh"))).toEqual(["MESH2003"]);
    const { diagnostics, version } = await client.diagnosed("main.mesh");
    expect(version).toBe(1);
    const [unused, twice] = diagnostics;
    expect(unused).toMatchObject({ code: "MESH2006", severity: 2, source: "mesh", tags: [DiagnosticTag.Unnecessary] });
    expect(unused?.codeDescription?.href).toMatch(/docs\/diagnostics\/MESH2006\.md$/);
    expect(twice).toMatchObject({
      code: "MESH2003",
      severity: 1,
      range: { start: { line: 1, character: 20 }, end: { line: 1, character: 21 } },
      relatedInformation: [{ location: { uri: client.uri("main.mesh") }, message: "first declared here" }],
    });
    nothingFailed(client);
  });

  it("leaves other places out for a client that does not know them", async () => {
    await using client = await connected({}, { capabilities: {} });
    client.open("main.mesh", "record R { a: text, a: int }\n");
    const { diagnostics } = await client.diagnosed("main.mesh");
    expect(diagnostics[0]).not.toHaveProperty("relatedInformation");
  });

  it("follows changes of ranges and of whole texts, each with its version", async () => {
    await using client = await connected({});
    client.open("main.mesh", "record R { a: txt }\n");
    expect(codes(await client.diagnosed("main.mesh"))).toEqual(["MESH2001"]);
    const range = { start: { line: 0, character: 15 }, end: { line: 0, character: 16 } };
    const second = client.change("main.mesh", { range, text: "ex" });
    expect(codes(await client.diagnosed("main.mesh", version(second)))).toEqual([]);
    const third = client.change("main.mesh", { text: "record R { a: nothing }\n" });
    expect(codes(await client.diagnosed("main.mesh", version(third)))).toEqual(["MESH2001"]);
    // A client may send ranges beyond the text, and one after another in one message.
    const far = { start: { line: 90, character: 0 }, end: { line: 99, character: 9 } };
    const fourth = client.change("main.mesh", { range: far, text: "record S { b: text }\n" }, { text: "" });
    expect(codes(await client.diagnosed("main.mesh", version(fourth)))).toEqual([]);
    nothingFailed(client);
  });

  it("tells problems of syntax before everything is checked, with what was known and has moved along", async () => {
    // From some point on checks never come to their turn: all that is told is told at once.
    let isHeld = false;
    const soon = (callback: () => void): (() => void) => {
      if (!isHeld) setImmediate(callback);
      return () => undefined;
    };
    await using client = await connected({}, { environment: { soon } });
    client.open("main.mesh", "record R { a: txt }\n");
    expect(codes(await client.diagnosed("main.mesh"))).toEqual(["MESH2001"]);
    isHeld = true;
    const range = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };
    const typed = client.change("main.mesh", { range, text: "record\n" });
    const { diagnostics } = await client.diagnosed("main.mesh", version(typed));
    expect(diagnostics.map((one) => [one.code, one.range.start.line])).toEqual([
      ["MESH1002", expect.any(Number)],
      ["MESH2001", 1],
    ]);
  });

  it("checks the files of a project together, open or not, and those that others import again", async () => {
    await using client = await connected({
      "a.mesh": 'import { R } from "./b.mesh"\nnode N { in R\n out R }\n',
      "b.mesh": "record R { a: text }\n",
    });
    client.open("b.mesh", "record R { a: text }\n");
    await client.diagnosed("b.mesh");
    client.change("b.mesh", { text: "record Q { a: text }\n" });
    expect(codes(await client.diagnosed("a.mesh"))).toEqual(["MESH2005"]);
    client.notify("textDocument/didClose", { textDocument: { uri: client.uri("b.mesh") } });
    // The file on the disk counts again.
    expect(codes(await client.diagnosed("a.mesh"))).toEqual([]);
    nothingFailed(client);
  });

  it("asks to be told of files, and looks again at those that change on the disk", async () => {
    await using client = await connected({ "a.mesh": 'import { R } from "./b.mesh"\nnode N { in R\n out R }\n' });
    client.open("c.mesh", "");
    expect(codes(await client.diagnosed("a.mesh"))).toEqual(["MESH2004"]);
    expect(client.registered).toContain("workspace/didChangeWatchedFiles");
    client.write("b.mesh", "record R { a: text }\n");
    client.notify("workspace/didChangeWatchedFiles", { changes: [{ uri: client.uri("b.mesh"), type: 1 }] });
    expect(codes(await client.diagnosed("a.mesh"))).toEqual([]);
    client.write("b.mesh", "record S { a: text }\n");
    client.notify("workspace/didChangeWatchedFiles", { changes: [{ uri: client.uri("b.mesh"), type: 2 }] });
    expect(codes(await client.diagnosed("a.mesh"))).toEqual(["MESH2005"]);
    nothingFailed(client);
  });

  it("asks to be asked anew for hints, lenses and colours when the disk has changed, where the client can", async () => {
    const refresh = { refreshSupport: true };
    const workspace = { ...able.workspace, inlayHint: refresh, codeLens: refresh, semanticTokens: refresh };
    await using client = await connected({ "a.mesh": "" }, { capabilities: { ...able, workspace } });
    const methods = ["inlayHint", "codeLens", "semanticTokens"].map((what) => `workspace/${what}/refresh`);
    // The programs of the project have been found.
    for (const method of methods) await client.refreshedTimes(method, 1);
    client.notify("workspace/didChangeWatchedFiles", { changes: [{ uri: client.uri("a.mesh"), type: 2 }] });
    for (const method of methods) await client.refreshedTimes(method, 2);
    // What is closed without having been saved is what it was on the disk.
    client.open("a.mesh", "record R { a: text }\n");
    client.notify("textDocument/didClose", { textDocument: { uri: client.uri("a.mesh") } });
    for (const method of methods) await client.refreshedTimes(method, 3);
    nothingFailed(client);
  });

  it("takes an open text along when its file comes to belong to another project", async () => {
    await using client = await connected({ "sub/main.mesh": "record R { a: text }\n", "b.mesh": "" });
    client.open("sub/main.mesh", "record R { a: txt }\n");
    expect(codes(await client.diagnosed("sub/main.mesh", version(1)))).toEqual(["MESH2001"]);
    client.write("sub/package.json", "{}");
    client.notify("workspace/didChangeWatchedFiles", { changes: [{ uri: client.uri("sub/package.json"), type: 1 }] });
    const found = await client.request(requests.graph, { textDocument: { uri: client.uri("sub/main.mesh") } });
    expect(found).toMatchObject({ version: 1, errors: 1 });
    client.published.length = 0;
    client.change("sub/main.mesh", { text: "record R { a: text, b: txt }\n" });
    expect(codes(await client.diagnosed("sub/main.mesh", version(2)))).toEqual(["MESH2001"]);
    // The project around it knows the file as well, and has nothing to say of a text that it does not hold.
    client.open("b.mesh", "record S { a: txt }\n");
    await client.diagnosed("b.mesh", version(1));
    await client.request(requests.graph, { textDocument: { uri: client.uri("b.mesh") } });
    expect(client.published.filter(({ uri }) => uri === client.uri("sub/main.mesh"))).toEqual([]);
    nothingFailed(client);
  });

  it("takes the sources from whoever has begun last to look for them, though others are done later", async () => {
    const answers: ((paths: readonly string[]) => void)[] = [];
    let onAsked: () => void = () => undefined;
    const findSources: Environment["findSources"] = () =>
      new Promise((resolve) => {
        answers.push((paths) => resolve({ paths, warningsAsErrors: false, problem: undefined }));
        onAsked();
      });
    const asked = async (times: number): Promise<void> => {
      while (answers.length < times) await new Promise<void>((resolve) => void (onAsked = resolve));
    };
    const wrong = "record R { a: txt }\n";
    await using client = await connected({ "old.mesh": wrong, "new.mesh": wrong }, { environment: { findSources } });
    await asked(1);
    client.notify("workspace/didChangeWatchedFiles", { changes: [{ uri: client.uri("mesh.config.ts"), type: 2 }] });
    await asked(2);
    answers[1]?.(["new.mesh"]);
    expect(codes(await client.diagnosed("new.mesh"))).toEqual(["MESH2001"]);
    answers[0]?.(["old.mesh"]);
    client.write("new.mesh", "record R { a: text, a: text }\n");
    client.notify("workspace/didChangeWatchedFiles", { changes: [{ uri: client.uri("new.mesh"), type: 2 }] });
    expect(codes(await client.diagnosed("new.mesh"))).toEqual(["MESH2003"]);
    expect(client.published.map(({ uri }) => uri)).toEqual([]);
    nothingFailed(client);
  });

  it("reads mesh.config.ts as the command line does", async () => {
    await using client = await connected({
      "mesh.config.ts": `import { defineConfig } from "pipeline-mesh/compiler";\nexport default defineConfig({ sources: ["src"], warningsAsErrors: true });\n`,
      "src/main.mesh": "record odd { a: text }\n",
      "other/main.mesh": "record odd { a: text }\n",
    });
    const { diagnostics } = await client.diagnosed("src/main.mesh");
    expect(diagnostics).toMatchObject([{ code: "MESH9001", severity: 1 }]);
    expect(client.published.filter((one) => one.uri.includes("other"))).toEqual([]);
    nothingFailed(client);
  });

  it("says what is wrong with a configuration where it stands, and goes on", async () => {
    await using client = await connected({
      "mesh.config.ts": "export default { source: [] };\n",
      "main.mesh": "record odd { a: text }\n",
    });
    expect(codes(await client.diagnosed("main.mesh"))).toEqual(["MESH9001"]);
    const { diagnostics } = await client.diagnosed("mesh.config.ts");
    expect(diagnostics[0]?.message).toBe("mesh.config.ts: there is no setting `source`.\nDid you mean `sources`?");
    client.write("mesh.config.ts", "export default { warningsAsErrors: true };\n");
    client.notify("workspace/didChangeWatchedFiles", { changes: [{ uri: client.uri("mesh.config.ts"), type: 2 }] });
    expect((await client.diagnosed("mesh.config.ts")).diagnostics).toEqual([]);
    nothingFailed(client);
  });

  it("runs no code of a workspace that is not trusted", async () => {
    await using client = await connected(
      { "mesh.config.ts": "throw new Error('run');\n", "main.mesh": "record odd { a: text }\n" },
      { initializationOptions: { trusted: false } },
    );
    expect(codes(await client.diagnosed("main.mesh"))).toEqual(["MESH9001"]);
    expect(client.published.filter((one) => one.uri.endsWith("config.ts"))).toEqual([]);
  });

  it.each([true, false])(
    "holds code against contracts after opening, saving and changes of code, trusted: %j",
    async (trusted) => {
      const verifier = new Verifier();
      const text = 'node odd {\n  in text\n  out text\n  from "./main.ts"\n}\n';
      await using client = await connected(
        { "main.mesh": text, "main.ts": "export const odd = {};\n" },
        { initializationOptions: { trusted }, settings: { trusted }, environment: verifier },
      );
      client.open("main.mesh", text);
      await client.diagnosed("main.mesh");
      if (trusted) await verifier.asked(1);
      client.notify("textDocument/didSave", { textDocument: { uri: client.uri("main.mesh") } });
      if (trusted) await verifier.asked(2);
      client.write("main.ts", "export const odd = {}; // again\n");
      client.notify("workspace/didChangeWatchedFiles", { changes: [{ uri: client.uri("main.ts"), type: 2 }] });
      if (trusted) await verifier.asked(3);
      client.change("main.mesh", { text: text.replace("odd", "Odd") });
      await client.diagnosed("main.mesh", (one) => codes(one).length === 0);
      expect(verifier.paths).toEqual(trusted ? ["main.mesh", "main.mesh", "main.mesh"] : []);
      nothingFailed(client);
    },
  );

  it("says by itself that code is not there, and asks nobody about programs without any", async () => {
    const verifier = new Verifier();
    const environment = {
      initializationOptions: { trusted: true },
      settings: { trusted: true },
      environment: verifier,
    };
    const gone = 'node Gone {\n  in text\n  out text\n  from "./gone.ts"\n}\n';
    await using client = await connected({ "gone.mesh": gone, "none.mesh": "record R { a: text }\n" }, environment);
    client.open("none.mesh", "record R { a: text }\n");
    client.open("gone.mesh", gone);
    expect(codes(await client.diagnosed("gone.mesh", (one) => one.diagnostics.length > 0))).toEqual(["MESH2020"]);
    expect(verifier.paths).toEqual([]);
    nothingFailed(client);
  });

  it.each([null, undefined, 3, "text", [], { mesh: null }, { mesh: { inlayHints: "no" } }])(
    "takes settings that are %j",
    async (settings) => {
      await using client = await connected({}, { settings, initializationOptions: settings });
      client.notify("workspace/didChangeConfiguration", { settings });
      client.open("main.mesh", "record R { a: txt }\n");
      expect(codes(await client.diagnosed("main.mesh"))).toEqual(["MESH2001"]);
      nothingFailed(client);
    },
  );

  it("takes texts that have no file, and files that are empty, half typed or no programs at all", async () => {
    await using client = await connected({});
    client.openUri("untitled:Untitled-1", 'import { Vad } from "std/speech"\n');
    expect(codes(await client.diagnosed("untitled:Untitled-1"))).toEqual(["MESH2006"]);
    for (const text of ["", "pipeline", "pipeline P {", "\u0000\uFFFF", "}}}}", "let x = ", '"', "/*", "a ~> "]) {
      const name = `f${client.published.length}.mesh`;
      client.open(name, text);
      expect((await client.diagnosed(name)).version).toBe(1);
    }
    nothingFailed(client);
  });

  it("reads signatures of the standard library where they stand, and says nothing of them", async () => {
    await using client = await connected({});
    client.open("main.mesh", 'import { Vad } from "std/speech"\n');
    await client.diagnosed("main.mesh");
    const uri = new URL("../../../stdlib/speech/speech.mesh", import.meta.url).href;
    client.openUri(uri, "broken {");
    client.change("main.mesh", { text: "" });
    await client.diagnosed("main.mesh", version(2));
    expect(client.published.filter((one) => one.uri === uri)).toEqual([]);
    nothingFailed(client);
  });
});
