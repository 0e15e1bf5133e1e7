import process from "node:process";
import {
  createConnection,
  ProposedFeatures,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-languageserver/node";
import type { Environment } from "../../language-server/environment.ts";
import { serve } from "../../language-server/server.ts";
import { exitCode, type ExitCode } from "../exit-code.ts";
import type { Io } from "../io.ts";
import { startingEngine } from "./engine.ts";
import { serverEnvironment } from "./environment.ts";
import { YoungObjects } from "./young-objects.ts";

/** What a server is given by the program that starts it, for it needs none of that before it has answered. */
export interface ServerTools extends Pick<Environment, "findSources" | "verify"> {
  /** Keeps compiled code for the next process. */
  keepCode(): void;
}

/** Serves a client over the streams of the process, until it says `exit` or goes. */
export function runServer(io: Io, { keepCode, ...tools }: ServerTools): Promise<ExitCode> {
  const reader = new StreamMessageReader(process.stdin);
  const connection = createConnection(ProposedFeatures.all, reader, new StreamMessageWriter(process.stdout));
  const engine = startingEngine(keepCode);
  let isDown = false;
  connection.onShutdown(() => {
    isDown = true;
    engine.ending();
  });
  const young = new YoungObjects();
  serve(connection, {
    ...serverEnvironment(io.cwd),
    ...tools,
    started: engine.started,
    told: () => young.told(),
  });
  return new Promise((resolve) => {
    // A client that goes without a word has crashed. An input that is a file ends without being closed.
    const gone = (): void => resolve(isDown ? exitCode.fine : exitCode.programErrors);
    reader.onClose(gone);
    process.stdin.once("end", gone);
    const stop = io.onInterrupt(() => {
      stop();
      resolve(exitCode.interrupted);
    });
  });
}
