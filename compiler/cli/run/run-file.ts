import { performance } from "node:perf_hooks";
import process from "node:process";
import { nodejsClock } from "../../../runtime/platform/clock.nodejs.ts";
import { hasErrors } from "../../diagnostics/diagnostic.ts";
import type { Arguments } from "../command.ts";
import { compileFile, printDiagnostics } from "../compile-file.ts";
import type { MeshConfig } from "../../config.ts";
import { loadConfig } from "../config-file.ts";
import { CommandError, exitCode, type ExitCode } from "../exit-code.ts";
import type { Io } from "../io.ts";
import { findSource } from "../sources.ts";
import { startChild, type Parent } from "./child.ts";
import { certificateOf } from "./certificate.ts";
import { choosePeers, choosePipeline } from "./choose-pipeline.ts";
import { captureConsole } from "./console.ts";
import type { RunEnd, RunMessage } from "./messages.ts";
import { moduleProblems } from "./module-problems.ts";
import { readParams } from "./parameters.ts";
import { jsonReporter, liveReporter, logReporter, type ReporterInit, type RunReporter } from "./reporter.ts";
import { refuseNothing, runHere } from "./run-here.ts";
import { drainMsOf, iceOf, readRunOptions, type RunOptions } from "./run-options.ts";
import { runProcesses } from "./run-processes.ts";
import { openFiles } from "./session-run.ts";
import { stopSignal } from "./stop.ts";

/**
 * `meshc run`
 * @param parent the process that runs this one as one of its peers, if any
 */
export async function runFile(args: Arguments, io: Io, parent: Parent | undefined): Promise<ExitCode> {
  // From the first moment, for compiling and loading take a while.
  const exit = (code: ExitCode): never => process.exit(code);
  const stop = stopSignal({ clock: nodejsClock, onInterrupt: io.onInterrupt, parent, exit });
  const options = await withConfig(readRunOptions(args), io.cwd);
  const drainMs = drainMsOf(options);
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
  const tls = certificateOf({ plan, peers, options, env: io.env });
  if (options.processes && pipeline !== undefined) {
    // Mistakes in the files or parameters are told before any process starts.
    readParams(plan, pipeline, options.params);
    openFiles(plan, pipeline, options, io.cwd).discard();
  }
  if (pipeline === undefined) stop.waits(drainMs);
  // Compiling kept the process busy; what came meanwhile is heard before anything is started.
  await new Promise((resolve) => setImmediate(resolve));
  if (stop.signal.aborted) return exitCode.interrupted;

  const startMs = performance.now();
  const reporter = reporterFor(options, {
    io,
    title: `meshc run ${options.file}`,
    peers,
    elapsedMs: () => performance.now() - startMs,
  });
  const common = { plan, peers, pipeline, options, cwd: io.cwd, env: io.env, signal: stop.signal, atOnce: stop.atOnce };
  const send = (message: RunMessage): void => reporter.message(message, "");
  let end: RunEnd;
  try {
    end = options.processes
      ? await runProcesses({ ...common, file: options.file, reporter, clock: nodejsClock, start: startChild })
      : await withConsole(send, () => runHere({ ...common, root: project.root, send, go: parent?.go, tls }));
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
  const { engine, iceServers, iceTransportPolicy, compression, drain } = options;
  const isWhole = [engine, iceServers, iceTransportPolicy, compression, drain].every((one) => one !== undefined);
  const config: MeshConfig = isWhole ? {} : (await loadConfig(cwd)).config;
  const known: RunOptions = {
    ...options,
    engine: engine ?? config.engine ?? "auto",
    iceServers: iceServers ?? config.iceServers ?? [],
    iceTransportPolicy: iceTransportPolicy ?? config.iceTransportPolicy ?? "all",
    compression: compression ?? config.compression,
    drain: drain ?? config.drain,
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
