import { checkFiles, type CheckOptions } from "../check-files.ts";
import { exitCode, type ExitCode } from "../exit-code.ts";
import type { Io } from "../io.ts";
import { report } from "../report.ts";
import { checkLocked, type Locked } from "./check-locked.ts";

/** Checks programs, and holds the interfaces that were pulled against the pipelines as they are now. */
export async function checkWithLocks(given: readonly string[], options: CheckOptions, io: Io): Promise<ExitCode> {
  const abort = new AbortController();
  const stop = io.onInterrupt(() => abort.abort());
  let locked: Locked;
  try {
    locked = await checkLocked(given, io, abort.signal);
  } catch (error) {
    if (abort.signal.aborted) return exitCode.interrupted;
    throw error;
  } finally {
    stop();
  }
  const { exitCode: code } = checkFiles(given, { ...options, known: locked.found }, io);
  for (const failure of locked.failures) report(failure, io);
  return locked.failures.length > 0 ? exitCode.environment : code;
}
