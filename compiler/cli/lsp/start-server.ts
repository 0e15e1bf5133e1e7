import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { ExitCode } from "../exit-code.ts";
import type { Io } from "../io.ts";
import { codeFolder, loadProgram, type LoadedProgram } from "./code-cache.ts";
import type * as server from "./run-server.ts";

type Program = Pick<typeof server, "runServer">;

/** The server as a build makes it, in one file; where the compiler runs from its sources there is none. */
const built = new URL("../language-server.cjs", import.meta.url);

/** Serves a client over the streams of the process. What the server does not need for its first answer is loaded when it is. */
export async function startServer(io: Io): Promise<ExitCode> {
  const { runServer, keepCode } = await loadServer(io);
  let verifying: server.ServerTools["verify"];
  return runServer(io, {
    keepCode,
    async findSources(root, trusted) {
      const { sourcesOfProject } = await import("./project-sources.ts");
      return sourcesOfProject(root, trusted);
    },
    async verify(root, path) {
      const { startVerifying } = await import("./verifying.ts");
      verifying ??= startVerifying();
      return (await verifying?.(root, path)) ?? [];
    },
  });
}

async function loadServer({ env }: Io): Promise<Program & Pick<LoadedProgram, "keepCode">> {
  const file = fileURLToPath(built);
  if (existsSync(file)) {
    const { exports, keepCode } = loadProgram(file, codeFolder(env));
    return { ...(exports as Program), keepCode };
  }
  const { runServer } = await import("./run-server.ts");
  return { runServer, keepCode: () => undefined };
}
