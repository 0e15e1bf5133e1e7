import { performance } from "node:perf_hooks";
import { hasErrors } from "../../diagnostics/diagnostic.ts";
import type { Arguments } from "../command.ts";
import { compileFile, printDiagnostics } from "../compile-file.ts";
import type { MeshConfig } from "../../config.ts";
import { loadConfig } from "../config-file.ts";
import { CommandError, exitCode, type ExitCode } from "../exit-code.ts";
import type { Io } from "../io.ts";
import { findSource } from "../sources.ts";
import type { Parent } from "./child.ts";
import { choosePeers, choosePipeline } from "./choose-pipeline.ts";
import { captureConsole } from "./console.ts";
import type { RunEnd, RunMessage } from "./messages.ts";
import { moduleProblems } from "./module-problems.ts";
import { readParams } from "./parameters.ts";
import { jsonReporter, liveReporter, logReporter, type ReporterInit, type RunReporter } from "./reporter.ts";
import { refuseNothing, runHere } from "./run-here.ts";
import { iceOf, readRunOptions, type RunOptions } from "./run-options.ts";
import { runProcesses } from "./run-processes.ts";
import { openFiles } from "./session-run.ts";

/** What a process may take to end in good order; then it is left as it is. */
const graceMs = 500;

/**
 * `meshc run`
 * @param parent the process that runs this one as one of its peers, if any
 */
export async function runFile(args: Arguments, io: Io, parent: Parent | undefined): Promise<ExitCode> {
  // From the first moment, for compiling and loading take a while.
  const stop = stopSignal(io, parent);
  const options = await withConfig(readRunOptions(args), io.cwd);
  const file = findSource(options.file, io.cwd);
  const compiled = compileFile(file, io);
  const { diagnostics, plan, project } = compiled;
  // The parent has told of warnings.
  if (parent === undefined || hasErrors(diagnostics)) printDiagnostics(diagnostics, project, io.err);
  if (plan === undefined || hasErrors(diagnostics)) return exitCode.programErrors;
  const peers = choosePeers(plan, options.peer);
  const pipeline = choosePipeline(plan, peers, options);
  refuseNothing(plan, pipeline);
  const misfits = moduleProblems(compiled, plan, peers, pipeline);
  if (misfits.length > 0) {
    printDiagnostics(misfits, project, io.err);
    return exitCode.programErrors;
  }
  if (options.processes && pipeline !== undefined) {
    // Mistakes in the files or parameters are told before any process starts.
    readParams(plan, pipeline, options.params);
    openFiles(plan, pipeline, options, io.cwd).discard();
  }
  // Compiling kept the process busy; what came meanwhile is heard before anything is started.
  await new Promise((resolve) => setImmediate(resolve));
  if (stop.aborted) return exitCode.interrupted;

  const startMs = performance.now();
  const reporter = reporterFor(options, {
    io,
    title: `meshc run ${options.file}`,
    peers,
    elapsedMs: () => performance.now() - startMs,
  });
  const common = { plan, peers, pipeline, options, cwd: io.cwd, env: io.env, signal: stop };
  const send = (message: RunMessage): void => reporter.message(message, "");
  let end: RunEnd;
  try {
    end = options.processes
      ? await runProcesses({ ...common, file: options.file, reporter })
      : await withConsole(send, () => runHere({ ...common, root: project.root, send, go: parent?.go }));
    send({ type: "ended", ...end });
  } finally {
    reporter.close();
  }
  if (end.error !== undefined && end.code !== exitCode.interrupted && options.format === "text") {
    throw new CommandError(end.code, end.error.message, end.error.hint);
  }
  return end.code;
}

/** What the command line leaves open is as `mesh.config.ts` has it. */
async function withConfig(options: RunOptions, cwd: string): Promise<RunOptions> {
  const { engine, iceServers, iceTransportPolicy } = options;
  const isWhole = engine !== undefined && iceServers !== undefined && iceTransportPolicy !== undefined;
  const config: MeshConfig = isWhole ? {} : (await loadConfig(cwd)).config;
  const known: RunOptions = {
    ...options,
    engine: engine ?? config.engine ?? "auto",
    iceServers: iceServers ?? config.iceServers ?? [],
    iceTransportPolicy: iceTransportPolicy ?? config.iceTransportPolicy ?? "all",
  };
  // Before anything is started with it.
  iceOf(known);
  return known;
}

/** What the code of nodes prints goes the way of all messages, so that it neither tears the picture nor the JSON. */
async function withConsole<T>(send: (message: RunMessage) => void, work: () => Promise<T>): Promise<T> {
  const release = captureConsole((level, message) => send({ type: "log", level, message }));
  try {
    return await work();
  } finally {
    release();
  }
}

function reporterFor(options: RunOptions, init: ReporterInit): RunReporter {
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
function stopSignal(io: Io, parent: Parent | undefined): AbortSignal {
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) return;
    controller.abort(new CommandError(exitCode.interrupted, "Interrupted."));
    setTimeout(() => process.exit(exitCode.interrupted), parent === undefined ? graceMs * 2 : graceMs).unref();
  };
  io.onInterrupt(parent === undefined ? stop : () => undefined);
  void parent?.stop.then(stop);
  return controller.signal;
}
