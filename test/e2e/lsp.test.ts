import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, openSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Client, folderWith } from "../compiler/language-server/support/client.ts";
import { meshc as meshcCommand } from "./support/meshc.ts";

const meshc = fileURLToPath(new URL("../../dist/meshc.js", import.meta.url));

function started(
  files: Readonly<Record<string, string>> = {},
  caches?: string,
): {
  readonly client: Client;
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<number>;
} {
  const folder = folderWith(files);
  const env = { ...process.env, ...(caches !== undefined && { XDG_CACHE_HOME: caches, LOCALAPPDATA: caches }) };
  const child = spawn(process.execPath, [meshc, "lsp", "--stdio"], { cwd: folder, env });
  const ended = once(child, "exit").then(([code]) => Number(code));
  const client = new Client(folder, child.stdout, child.stdin, {}, () => child.kill());
  return { client, child, ended };
}

async function meshcHere(words: readonly string[], cwd: string): Promise<string> {
  return (await meshcCommand(words, { cwd })).err;
}

describe("meshc lsp --stdio", () => {
  it("serves a client, and ends with 0 after shutdown and exit", async () => {
    const { client, ended } = started({ "main.mesh": "record R { a: txt }\n" });
    await using _ = await client.start();
    const { diagnostics } = await client.diagnosed("main.mesh");
    expect(diagnostics).toMatchObject([{ code: "MESH2001" }]);
    await client.request("shutdown", undefined);
    // After that nothing is to be asked of it.
    await expect(client.request("textDocument/hover", {})).rejects.toThrow();
    client.notify("exit", undefined);
    expect(await ended).toBe(0);
  });

  it("keeps its code for the next start, which takes it", async () => {
    const caches = mkdtempSync(join(tmpdir(), "mesh-caches-"));
    try {
      const kept = (): { name: string; writtenMs: number }[] => {
        const folder = join(caches, "pipeline-mesh", "code");
        return readdirSync(folder).map((name) => ({ name, writtenMs: statSync(join(folder, name)).mtimeMs }));
      };
      const session = async (): Promise<void> => {
        const { client, ended } = started({ "main.mesh": "record R { a: txt }\n" }, caches);
        await using _ = await client.start();
        expect((await client.diagnosed("main.mesh")).diagnostics).toMatchObject([{ code: "MESH2001" }]);
        await client.request("shutdown", undefined);
        client.notify("exit", undefined);
        expect(await ended).toBe(0);
      };
      await session();
      const first = kept();
      expect(first).toHaveLength(1);
      await session();
      // One that could not be taken would have been written anew.
      expect(kept()).toEqual(first);
    } finally {
      rmSync(caches, { recursive: true, force: true });
    }
  });

  it("ends with 1 where a client exits without shutting it down, or goes without a word", async () => {
    const told = started();
    await using first = await told.client.start();
    first.notify("exit", undefined);
    expect(await told.ended).toBe(1);
    const left = started();
    await using _ = await left.client.start();
    left.child.stdin.end();
    expect(await left.ended).toBe(1);
    const unheard = spawn(process.execPath, [meshc, "lsp", "--stdio"], {
      stdio: [openSync("/dev/null", "r"), "ignore", "ignore"],
    });
    expect((await once(unheard, "exit"))[0]).toBe(1);
  });

  it("answers before it is greeted, and to what it does not know, with errors of the protocol, and goes on", async () => {
    const { client } = started();
    await using _ = client;
    const early = client.at("textDocument/hover", "main.mesh", 0, 0);
    await expect(early).rejects.toMatchObject({ code: -32_002 });
    await client.start();
    await expect(client.request("mesh/nothing", {})).rejects.toMatchObject({ code: -32_601 });
    client.open("main.mesh", "record R { a: txt }\n");
    expect((await client.diagnosed("main.mesh")).diagnostics).toHaveLength(1);
  });

  it("says of the code of nodes what a build says, without building", async () => {
    const main = `node Shout {
  in  quiet: text
  out loud: text
  from "./shout.ts"
}
`;
    const shout = (type: string): string => `import type { ShoutNode } from "./main.mesh.ts";
export const Shout: ShoutNode = { open: () => ({ process: ({ payload }) => payload satisfies ${type} }) };
`;
    const { client } = started({ "main.mesh": main, "shout.ts": shout("number") });
    await using _ = await client.start();
    client.open("main.mesh", main);
    const wrong = await client.diagnosed("main.mesh", ({ diagnostics }) => diagnostics.length > 0);
    expect(wrong.diagnostics).toMatchObject([
      { code: "MESH3020", severity: 1, range: { start: { line: 3, character: 7 }, end: { line: 3, character: 19 } } },
    ]);
    const built = await meshcHere(["build", "--out", "built"], client.folder);
    expect(built).toContain("error[MESH3020]: The code of `Shout` in `shout.ts` does not fit its declaration.");
    expect(wrong.diagnostics[0]?.message).toContain("The code of `Shout` in `shout.ts` does not fit its declaration.");
    client.write("shout.ts", shout("string"));
    client.notify("workspace/didChangeWatchedFiles", { changes: [{ uri: client.uri("shout.ts"), type: 2 }] });
    await client.diagnosed("main.mesh", ({ diagnostics }) => diagnostics.length === 0);
    expect(readdirSync(client.folder).toSorted()).toEqual(["built", "main.mesh", "package.json", "shout.ts"]);
  });
});
