import { MeshError } from "../../../runtime/interface/errors.ts";
import type { Plan } from "../../../runtime/interface/plan.ts";
import { launchPlan, type Mesh } from "../../../runtime/mesh/launch.ts";
import { placeOf } from "../../../runtime/pipeline/value-place.ts";
import { nodejsPlatform } from "../../../runtime/platform/nodejs.ts";
import { CommandError, environmentError, exitCode, type ExitCode } from "../exit-code.ts";
import { exitCodeOf } from "../report.ts";
import type { certificateOf } from "./certificate.ts";
import { listenError } from "./listen-error.ts";
import { plainError, plainEvent, type PlainError, type RunEnd, type RunMessage } from "./messages.ts";
import { readParams } from "./parameters.ts";
import { loadNodes } from "./registry.ts";
import { drainMsOf, iceOf, type RunOptions } from "./run-options.ts";
import { openFiles, runSession, type SessionFiles, type SessionOutcome } from "./session-run.ts";

/** How often the sessions are described. */
const describeMs = 250;

export interface RunHere {
  readonly plan: Plan;
  /** The folder that paths of the plan are relative to. */
  readonly root: string;
  readonly peers: readonly string[];
  /** The pipeline that a session is opened with; undefined to wait for callers. */
  readonly pipeline: string | undefined;
  readonly options: RunOptions;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What is shown by TLS. */
  readonly tls: ReturnType<typeof certificateOf>;
  readonly send: (message: RunMessage) => void;
  /** The session is opened when this has resolved; undefined for at once. */
  readonly go: Promise<void> | undefined;
  /** Aborts when the run is to end. */
  readonly signal: AbortSignal;
  /** Aborts when it is not to wait for callers any longer. */
  readonly atOnce: AbortSignal;
}

/** Runs peers in this process until the session with its files ends, or until it is told to stop. */
export async function runHere(run: RunHere): Promise<RunEnd> {
  try {
    const outcome = await launchAndRun(run);
    const error = outcome?.error && plainError(outcome.error, run.cwd);
    const code = outcome?.error === undefined ? exitCode.fine : exitCodeOf(outcome.error.code);
    return { code: run.signal.aborted ? exitCode.interrupted : code, error, summary: outcome?.summary };
  } catch (thrown) {
    const { code, error } = failureOf(thrown, run.cwd);
    return { code: run.signal.aborted ? exitCode.interrupted : code, error };
  }
}

function failureOf(thrown: unknown, cwd: string): { code: ExitCode; error: PlainError } {
  if (thrown instanceof MeshError) return { code: exitCodeOf(thrown.code), error: plainError(thrown, cwd) };
  if (!(thrown instanceof CommandError)) throw thrown;
  return {
    code: thrown.exitCode,
    error: { code: "invalid-argument", message: thrown.message, hint: thrown.hint },
  };
}

async function launchAndRun(run: RunHere): Promise<SessionOutcome | undefined> {
  const { plan, pipeline, peers, options } = run;
  const params = pipeline === undefined ? {} : readParams(plan, pipeline, options.params);
  const files = pipeline === undefined ? undefined : openFiles(plan, pipeline, options, run.cwd);
  try {
    const served = peers.flatMap((name) => plan.peers[name]?.runs ?? []).map((one) => one.pipeline);
    const registry = await loadNodes(
      plan,
      pipeline === undefined ? served : [...served, pipeline],
      run.root,
      run.signal,
    );
    const platform = nodejsPlatform(
      {
        log: (level, message, fields) => {
          if (level !== "warn" && level !== "error") return;
          const details = fields === undefined ? "" : ` ${JSON.stringify(fields)}`;
          run.send({ type: "log", level, message: `${message}${details}` });
        },
        env: (name) => run.env[name],
      },
      {
        engine: options.engine,
        ice: iceOf(options),
        allowedOrigins: options.allowedOrigins,
        compression: options.compression,
        ...(run.tls !== undefined && { tls: run.tls }),
      },
    );
    const mesh = await launchPlan(plan, platform, {
      peers,
      registry,
      checks: placeOf,
      registers: options.registers,
      discovers: options.discovers,
      ...(options.id !== undefined && options.peer !== undefined && { ids: { [options.peer]: options.id } }),
      onEvent: (event) => run.send({ type: "event", event: plainEvent(event, run.cwd) }),
    }).catch((error: unknown) => {
      throw listenError(error, plan, peers, run.env);
    });
    const stop = describeRegularly(mesh, run.send);
    try {
      run.send({ type: "ready", peers: mesh.peers.map(({ name, addresses }) => ({ peer: name, addresses })) });
      if (files === undefined) {
        await aborted(run.signal);
        return undefined;
      }
      await Promise.race([run.go, aborted(run.signal)]);
      run.signal.throwIfAborted();
      return await inSession(run, mesh, files, params, platform.clock);
    } finally {
      stop();
      await closeMesh(mesh, run);
    }
  } finally {
    files?.discard();
  }
}

/** A run with a session of its own is over with that; the peers of another may have callers that wait for answers. */
async function closeMesh(mesh: Mesh, { options, pipeline, signal, atOnce }: RunHere): Promise<void> {
  const limitMs = pipeline === undefined && signal.aborted && !atOnce.aborted ? drainMsOf(options) : 0;
  const hurry = (): void => void mesh.close({ callsMs: 0, streamsMs: 0 });
  atOnce.addEventListener("abort", hurry, { once: true });
  await mesh.close({ callsMs: limitMs, streamsMs: limitMs });
  atOnce.removeEventListener("abort", hurry);
}

function inSession(
  run: RunHere,
  mesh: Mesh,
  files: SessionFiles,
  params: ReturnType<typeof readParams>,
  clock: Parameters<typeof runSession>[0]["clock"],
): Promise<SessionOutcome> {
  return runSession({
    files,
    plan: run.plan,
    params,
    open: (name, request) => mesh.open(name, request),
    clock,
    onOutput: (port, value) => run.send({ type: "output", port, value }),
    signal: run.signal,
  });
}

function describeRegularly(mesh: Mesh, send: RunHere["send"]): () => void {
  const timer = setInterval(() => {
    const sessions = mesh.sessions();
    if (sessions.length > 0) send({ type: "describe", sessions });
  }, describeMs);
  return () => clearInterval(timer);
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  // A timer keeps the process alive where no peer listens.
  const alive = setInterval(() => undefined, 60_000);
  return new Promise((resolve) => {
    signal.addEventListener(
      "abort",
      () => {
        clearInterval(alive);
        resolve();
      },
      { once: true },
    );
  });
}

/** A file without peers runs nothing unless a session is asked for. */
export function refuseNothing(plan: Plan, pipeline: string | undefined): void {
  if (pipeline !== undefined || Object.keys(plan.peers).length > 0) return;
  throw environmentError(
    `${plan.source} declares no peer, so there is nothing to run.`,
    "Declare a `peer` that runs a pipeline, or name one with `--pipeline`.",
  );
}
