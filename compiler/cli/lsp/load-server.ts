import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Io } from "../io.ts";
import { codeFolder, loadProgram } from "./code-cache.ts";
import type * as server from "./run-server.ts";

/** The server as a build makes it, in one file; where the compiler runs from its sources there is none. */
const built = new URL("../language-server.cjs", import.meta.url);

/** The language server, and what keeps its code for the next time. */
export async function loadServer({ env }: Io): Promise<Pick<typeof server, "runServer"> & { keepCode(): void }> {
  const file = fileURLToPath(built);
  if (existsSync(file)) {
    const { exports, keepCode } = loadProgram(file, codeFolder(env));
    return { ...(exports as Pick<typeof server, "runServer">), keepCode };
  }
  const { runServer } = await import("./run-server.ts");
  return { runServer, keepCode: () => undefined };
}
