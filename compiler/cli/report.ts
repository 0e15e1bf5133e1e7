import { MeshError, type ErrorCode } from "../../runtime/interface/errors.ts";
import { printable } from "../diagnostics/text-width.ts";
import { HostError } from "../host/host.ts";
import { CommandError, exitCode, type ExitCode } from "./exit-code.ts";
import type { Io } from "./io.ts";

/** What went wrong, for the user: the message and the way out, never a stack. */
export function report(error: unknown, io: Io): ExitCode {
  const { style } = io.err;
  // Some of it was said by others, over the network.
  const say = (message: string, hint: string | undefined): void => {
    io.err.write(`${style.error("error")}${style.bold(`: ${printable(message)}`)}\n`);
    if (hint !== undefined) io.err.write(`  ${style.bold("help")}: ${printable(hint)}\n`);
  };
  if (error instanceof CommandError) {
    say(error.message, error.hint);
    return error.exitCode;
  }
  if (error instanceof HostError) {
    say(error.message, undefined);
    return exitCode.environment;
  }
  if (error instanceof MeshError && error.code !== "internal") {
    say(error.message, error.hint);
    return exitCodeOf(error.code);
  }
  const message = error instanceof Error ? error.message : String(error);
  const [summary = ""] = message.split("\n");
  const ofUser = isOfUserCode(error);
  if (ofUser) say(`The code of a node threw where nobody could catch it: ${summary}`, "Await in it what it starts.");
  else say(`This is a bug in meshc: ${summary}`, "Run it again with MESHC_DEBUG=1 for the details to report.");
  if ((io.env["MESHC_DEBUG"] ?? "") !== "" && error instanceof Error) io.err.write(`${error.stack ?? message}\n`);
  return ofUser ? exitCode.programErrors : exitCode.internal;
}

/** True for what was thrown by code of the user's, which `meshc run` loads from `data:` addresses. */
function isOfUserCode(error: unknown): boolean {
  const frames = error instanceof Error ? (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line)) : [];
  return frames.find((line) => !line.includes("node:"))?.includes("data:text/javascript") ?? false;
}

/** A failure while running is the environment's, unless the code or the values of the program are to blame. */
export function exitCodeOf(code: ErrorCode): ExitCode {
  if (code === "internal") return exitCode.internal;
  return code === "node-failed" || code === "invalid-argument" ? exitCode.programErrors : exitCode.environment;
}
