import { describe, expect, it } from "vitest";
import {
  notifications,
  requests,
  type GraphResult,
  type OutlineResult,
} from "../../../compiler/language-server/protocol.ts";
import { framesOf } from "../../../compiler/graph/picture.ts";
import { program } from "../language-service/support/program.ts";
import { able, connected, type Client } from "./support/client.ts";

const ask = <T>(client: Client, method: string, more: object = {}): Promise<T> =>
  client.request<T>(method, { textDocument: { uri: client.uri("main.mesh") }, ...more });

/** The text that a place of a picture stands at, to the end of the word. */
function textAt(text: string, at: { line: number; column: number } | undefined): string | undefined {
  return at && /^\S+/.exec(text.split("\n")[at.line - 1]?.slice(at.column - 1) ?? "")?.[0];
}

describe("what the server answers beyond the protocol", () => {
  it("R13.3 a picture of the text as it is, with the place of everything that the text declares", async () => {
    await using client = await connected({ "main.mesh": program });
    client.open("main.mesh", program);
    const { picture, errors, version, uris } = await ask<GraphResult>(client, requests.graph);
    expect([errors, version]).toEqual([0, 1]);
    expect(uris).toEqual({ "main.mesh": client.uri("main.mesh") });
    const frames = [...framesOf(picture?.frames ?? [])];
    const declared = frames.map(({ label, at }) => [label, textAt(program, at)]);
    expect(declared).toEqual([
      ["box", "box"],
      ["Near", "Near:"],
      ["Main", "Main(level:"],
      ["Near()", "Near:"],
    ]);
    const boxes = frames.find(({ label }) => label === "Main")?.boxes ?? [];
    expect(boxes.map(({ label, kind, at, node }) => [label, kind, textAt(program, at), node])).toEqual([
      ["mic", "input", "mic:", undefined],
      ["loud", "node", "Loud(gain:", "loud"],
      ["OpusDecode", "converter", "~>", "OpusDecode"],
      ["OpusEncode", "converter", "~>", "OpusEncode"],
      ["far", "remote", "far:", "far"],
      ["heard", "output", "heard:", undefined],
    ]);
    const streams = (picture?.arrows ?? []).flatMap(({ stream, at }) =>
      stream === undefined ? [] : [[stream, textAt(program, at)]],
    );
    expect(streams).toContainEqual(["OpusDecode.out -> loud.sound", "~>"]);
    expect(streams).toContainEqual(["far.words -> heard", expect.stringContaining("->")]);
  });

  it("no picture while there are errors, and a new one after the change that mends them", async () => {
    await using client = await connected({});
    client.open("main.mesh", "pipeline P {\n  in a: text\n  out b: text\n  a -> c\n}\n");
    expect(await ask<GraphResult>(client, requests.graph)).toMatchObject({ picture: null, errors: 1, version: 1 });
    const range = { start: { line: 3, character: 7 }, end: { line: 3, character: 8 } };
    client.change("main.mesh", { range, text: "b" });
    const mended = await ask<GraphResult>(client, requests.graph);
    expect(mended).toMatchObject({ errors: 0, version: 2, picture: { frames: [{ label: "P" }] } });
  });

  it("the word that graphs look different, once what has changed on the disk is checked, and not for an edit", async () => {
    const text = 'import { N } from "./n.mesh"\npipeline P {\n  in a: text\n  out b: text\n  a -> N() -> b\n}\n';
    const capabilities = { ...able, experimental: { meshGraphRefresh: true } };
    await using client = await connected({ "main.mesh": text }, { capabilities });
    client.open("main.mesh", text);
    // The programs of the project have been found.
    await client.refreshedTimes(notifications.graphRefresh, 1);
    expect(await ask<GraphResult>(client, requests.graph)).toMatchObject({ picture: null, errors: 1 });
    client.change("main.mesh", { text: `${text}// edited\n` });
    await client.diagnosed("main.mesh", (one) => one.version === 2);
    expect(client.refreshed).toHaveLength(1);
    client.write("n.mesh", "node N {\n  in text\n  out text\n}\n");
    client.notify("workspace/didChangeWatchedFiles", { changes: [{ uri: client.uri("n.mesh"), type: 1 }] });
    await client.refreshedTimes(notifications.graphRefresh, 2);
    expect(await ask<GraphResult>(client, requests.graph)).toMatchObject({ errors: 0, picture: { frames: [{}] } });
    expect(client.logged).toEqual([]);
  });

  it("a picture at any moment while the programs of the project are looked for anew", async () => {
    // Each step of a check counts as a long one, so that there are moments in between.
    let nowMs = 0;
    await using client = await connected({ "main.mesh": program }, { environment: { nowMs: () => (nowMs += 10) } });
    client.open("main.mesh", program);
    const changes = [{ uri: client.uri("mesh.config.mjs"), type: 2 }];
    for (const sources of ["main.mesh", "other", ".", "main.mesh", "other"]) {
      client.write("mesh.config.mjs", `export default { sources: ["${sources}"] };\n`);
      client.notify("workspace/didChangeWatchedFiles", { changes });
      const asked = Array.from({ length: 8 }, () => ask<GraphResult>(client, requests.graph));
      for (const found of await Promise.all(asked)) expect(found).toMatchObject({ version: 1, errors: 0, picture: {} });
    }
    expect(client.logged).toEqual([]);
  });

  it("what of a file can be run, half-typed files included", async () => {
    await using client = await connected({});
    client.open("main.mesh", `${program}\nscenario\npipeline  {\n}\npeer `);
    const outline = await ask<OutlineResult>(client, requests.outline);
    expect(outline.peers.map(({ name }) => name)).toEqual(["box"]);
    expect(outline.pipelines.map(({ name, inputs, outputs }) => ({ name, inputs, outputs }))).toEqual([
      {
        name: "Main",
        inputs: [{ name: "mic", type: "audio<opus, 48kHz, mono>" }],
        outputs: [{ name: "heard", type: "Word" }],
      },
      {
        name: "Near",
        inputs: [{ name: "speech", type: "audio<opus, 48kHz, mono>" }],
        outputs: [{ name: "words", type: "Word" }],
      },
    ]);
    expect(outline.scenarios).toMatchObject([{ title: "it goes", pipeline: "Main" }]);
  });

  it("the page of a code, and what was decided at a line", async () => {
    await using client = await connected({});
    client.open("main.mesh", program);
    expect(await client.request(requests.explain, { code: "MESH2001" })).toMatch(/^# MESH2001/);
    expect(await client.request(requests.explain, { code: "../../package" })).toBeNull();
    const line = program.split("\n").findIndex((one) => one.includes("mic ~> loud"));
    const told = await ask<string>(client, requests.explain, { position: { line, character: 0 } });
    expect(told).toContain("mic ~> loud");
    expect(told).toContain("OpusDecode");
    expect(await ask(client, requests.explain, { position: { line: 0, character: 0 } })).toBeNull();
    expect(client.logged).toEqual([]);
  });
});
