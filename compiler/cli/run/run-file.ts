import { performance } from "node:perf_hooks";
import { resolve } from "node:path";
import { hasErrors } from "../../diagnostics/diagnostic.ts";
import type { Arguments } from "../command.ts";
import { compileFile, printDiagnostics } from "../compile-file.ts";
import { CommandError, exitCode, type ExitCode } from "../exit-code.ts";
import type { Io } from "../io.ts";
import { findSources } from "../sources.ts";
import { isChild, onParentStop } from "./child.ts";
import { choosePeers, choosePipeline } from "./choose-pipeline.ts";
import type { PlainError } from "./messages.ts";
import { jsonReporter, liveReporter, logReporter, type RunReporter } from "./reporter.ts";
import { refuseNothing, runHere } from "./run-here.ts";
import { readRunOptions, type RunOptions } from "./run-options.ts";
import { runProcesses } from "./run-processes.ts";
import { openFiles } from "./session-run.ts";
import { readParams } from "./parameters.ts";

/** What a process may take to end in good order; then it is left as it is. */
const graceMs = 500;

/** `meshc run` */
export async function runFile(args: Arguments, io: Io): Promise<ExitCode> {
  const options = readRunOptions(args);
  const [file = resolve(io.cwd, options.file)] = findSources([options.file], io.cwd);
  const { diagnostics, plan, project } = compileFile(file, io);
  printDiagnostics(diagnostics, project, io.err);
  if (plan === undefined || hasErrors(diagnostics)) return exitCode.programErrors;
  const peers = choosePeers(plan, options.peer);
  const pipeline = choosePipeline(plan, peers, options);
  refuseNothing(plan, pipeline);

  const stop = stopSignal(io);
  const startMs = performance.now();
  const reporter = reporterFor(options, {
    io,
    title: `meshc run ${options.file}`,
    peers,
    elapsedMs: () => performance.now() - startMs,
  });
  let result: { code: ExitCode; error: PlainError | undefined };
  try {
    if (options.processes) {
      checkFirst(plan, pipeline, options, io.cwd);
      result = await runProcesses({
        plan,
        file: options.file,
        peers,
        pipeline,
        options,
        cwd: io.cwd,
        env: io.env,
        reporter,
        signal: stop,
      });
      if (options.format === "json") {
        // The session's own `ended` came from its process; this is the run's.
        reporter.message({ type: "ended", code: result.code, ...(result.error && { error: result.error }) }, "");
      }
    } else {
      let error: PlainError | undefined;
      const code = await runHere({
        plan,
        root: project.root,
        peers,
        pipeline,
        options,
        cwd: io.cwd,
        env: io.env,
        signal: stop,
        send: (message) => {
          if (message.type === "ended") ({ error } = message);
          reporter.message(message, options.peer ?? "");
        },
      });
      result = { code, error };
    }
  } finally {
    reporter.close();
  }
  if (result.error !== undefined && result.code !== exitCode.interrupted && options.format === "text") {
    throw new CommandError(result.code, result.error.message, result.error.hint);
  }
  return result.code;
}

/** Mistakes in the files or parameters are told before any process starts. */
function checkFirst(
  plan: Parameters<typeof openFiles>[0],
  pipeline: string | undefined,
  options: RunOptions,
  cwd: string,
): void {
  if (pipeline === undefined) return;
  readParams(plan, pipeline, options.params);
  openFiles(plan, pipeline, options, cwd).discard();
}

function reporterFor(options: RunOptions, init: Parameters<typeof jsonReporter>[0]): RunReporter {
  if (options.format === "json") return jsonReporter(init);
  const { io } = init;
  return io.out.isTTY && io.env["TERM"] !== "dumb" && (io.env["CI"] ?? "") === ""
    ? liveReporter(init)
    : logReporter(init);
}

/**
 * Aborts on Ctrl-C. A child leaves Ctrl-C, which a terminal sends to all processes, to its parent, and ends with it.
 * What has not ended in good order soon after is left behind.
 */
function stopSignal(io: Io): AbortSignal {
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) return;
    controller.abort(new CommandError(exitCode.interrupted, "Interrupted."));
    setTimeout(() => process.exit(exitCode.interrupted), isChild() ? graceMs : graceMs * 2).unref();
  };
  if (isChild()) {
    io.onInterrupt(() => undefined);
    onParentStop(stop);
  } else io.onInterrupt(stop);
  return controller.signal;
}
