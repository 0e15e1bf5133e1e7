import process from "node:process";
import {
  createConnection,
  ProposedFeatures,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-languageserver/node";
import { serve } from "../../language-server/server.ts";
import { exitCode, type ExitCode } from "../exit-code.ts";
import type { Io } from "../io.ts";
import { serverEnvironment } from "./environment.ts";
import { startVerifying } from "./verifying.ts";

/** Serves a client over the streams of the process, until it says `exit` or goes. */
export function runServer(io: Io): Promise<ExitCode> {
  const reader = new StreamMessageReader(process.stdin);
  const connection = createConnection(ProposedFeatures.all, reader, new StreamMessageWriter(process.stdout));
  let isDown = false;
  connection.onShutdown(() => {
    isDown = true;
  });
  serve(connection, { ...serverEnvironment(io.cwd), verify: startVerifying() });
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
