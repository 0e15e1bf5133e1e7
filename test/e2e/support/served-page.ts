import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished } from "vitest";
import { blocksOf, type Block } from "../../support/markdown.ts";
import { folderWith } from "./files.ts";
import { meshc, RunningMeshc } from "./meshc.ts";
import { freePorts } from "./processes.ts";

export const root = fileURLToPath(new URL("../../..", import.meta.url));

export function readPage(name: string): { readonly text: string; readonly blocks: readonly Block[] } {
  const text = readFileSync(join(root, "docs", name), "utf8");
  return { text, blocks: blocksOf(text) };
}

/** A page whose program has a peer `server`, which runs until the test ends. */
export interface ServedPage {
  /** Has the files of the page, and the package among its modules. */
  readonly cwd: string;
  /** A text of the page with the addresses at which the peer listens now. */
  readonly placed: (text: string) => string;
}

/** @param modules further packages that the files of the page import */
export async function servedPage(blocks: readonly Block[], modules: readonly string[] = []): Promise<ServedPage> {
  const cwd = folderWith({ "package.json": '{"type":"module"}' });
  mkdirSync(join(cwd, "node_modules"));
  symlinkSync(root, join(cwd, "node_modules/pipeline-mesh"));
  for (const name of modules) symlinkSync(join(root, "node_modules", name), join(cwd, "node_modules", name));
  const [webrtc, grpc] = await freePorts(2);
  const placed = (text: string): string =>
    text.replaceAll("127.0.0.1:7443", `127.0.0.1:${webrtc}`).replaceAll("127.0.0.1:7444", `127.0.0.1:${grpc}`);
  for (const { file, text } of blocks) if (file !== undefined) writeFileSync(join(cwd, file), text);
  expect(await meshc(["fmt", "--check", "main.mesh"], { cwd })).toMatchObject({ code: 0 });
  for (const { file, text } of blocks) if (file !== undefined) writeFileSync(join(cwd, file), placed(text));
  const peer = new RunningMeshc(["run", "main.mesh", "--peer", "server"], { cwd });
  onTestFinished(() => peer.end());
  // It tells of each address when it listens there.
  for (const port of [webrtc, grpc]) {
    const isUsed = blocks.some(({ file, text }) => file !== undefined && placed(text).includes(`:${port}`));
    if (isUsed) await peer.line((line) => line.includes(`:${port}`));
  }
  return { cwd, placed };
}
