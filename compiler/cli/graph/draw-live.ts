import { readFile, stat } from "node:fs/promises";
import { reasonOf } from "../../host/nodejs.ts";
import { resolve } from "node:path";
import type { TopologyPeer } from "../../../runtime/interface/topology.ts";
import { pictureText } from "../draw-file.ts";
import { environmentError, exitCode, usageError, type ExitCode } from "../exit-code.ts";
import type { GraphFormat } from "../graph.command.ts";
import type { Io } from "../io.ts";
import { askPeers } from "./ask-peers.ts";
import { pictureOfTopology } from "./from-topology.ts";
import { readTopology } from "./read-topology.ts";

/** A topology that is larger has not been made by us. */
const maxFileBytes = 64 * 1024 * 1024;

export const isAddress = (text: string): boolean => /^[a-z][a-z0-9+.-]*:\/\//i.test(text);

/**
 * Draws a mesh that runs: peers that are asked, and what programs have written of the peers in their processes.
 * @param sources addresses, and files of JSON
 */
export async function drawLive(sources: readonly string[], format: GraphFormat, io: Io): Promise<ExitCode> {
  const other = sources.find((one) => !isAddress(one) && !one.endsWith(".json"));
  if (other !== undefined) {
    throw usageError(
      `\`${other}\` is neither an address nor a file of JSON.`,
      "A program is drawn alone: `meshc graph FILE`.",
    );
  }
  const peers: TopologyPeer[] = [];
  for (const file of sources.filter((one) => !isAddress(one))) peers.push(...(await fromFile(file, io.cwd)));
  const abort = new AbortController();
  const stop = io.onInterrupt(() => abort.abort());
  try {
    const uris = sources.filter(isAddress);
    if (uris.length > 0 && io.err.isTTY) io.err.write(`${io.err.style.faint(`asking ${uris.join(", ")} …`)}\n`);
    const { peers: asked, silent } = await askPeers(uris, abort.signal);
    for (const { uri, error } of silent) {
      io.err.write(`error: ${uri}: ${error.message}\n`);
      if (error.hint !== undefined) io.err.write(`help: ${error.hint}\n`);
    }
    // Whoever tells of itself knows more than it tells to strangers.
    const known = new Set(peers.flatMap(({ addresses }) => addresses));
    peers.push(...asked.filter(({ addresses }) => addresses.every((one) => !known.has(one))));
    if (peers.length > 0) io.out.write(await pictureText(pictureOfTopology(peers, sources.join(" ")), format));
    return silent.length > 0 ? exitCode.environment : exitCode.fine;
  } catch (error) {
    if (abort.signal.aborted) return exitCode.interrupted;
    throw error;
  } finally {
    stop();
  }
}

async function fromFile(file: string, cwd: string): Promise<readonly TopologyPeer[]> {
  const path = resolve(cwd, file);
  let json: string;
  try {
    if ((await stat(path)).size > maxFileBytes) throw environmentError(`${file} is larger than 64 MiB.`);
    json = await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error)
      throw environmentError(`${file} cannot be read: ${reasonOf(error)}.`);
    throw error;
  }
  return readTopology(file, json).peers;
}
