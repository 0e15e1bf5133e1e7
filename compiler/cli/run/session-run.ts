import { resolve } from "node:path";
import { fillCells, isCell, isMedia, type FlowType } from "../../../runtime/interface/caps.ts";
import { delay, type Clock } from "../../../runtime/interface/clock.ts";
import { MeshError } from "../../../runtime/interface/errors.ts";
import type { Frame, JsonValue } from "../../../runtime/interface/frame.ts";
import type { Link } from "../../../runtime/interface/link.ts";
import type { Params } from "../../../runtime/interface/node.ts";
import type { PipelinePlan, Plan } from "../../../runtime/interface/plan.ts";
import type { PipelineSession, SessionEnd, SessionRequest } from "../../../runtime/interface/session.ts";
import { CommandError, usageError } from "../exit-code.ts";
import { openInput, type InputFile } from "./input-file.ts";
import type { PortTotals, SessionSummary } from "./messages.ts";
import { openOutput, type OutputFile } from "./output-file.ts";
import type { RunOptions } from "./run-options.ts";
import { loudness } from "./sound.ts";

/** Quieter sound is no answer, but silence around one. */
const answerLevel = 0.005;

/** The files of a session, opened and found to fit before anything runs. */
export interface SessionFiles {
  readonly pipeline: string;
  readonly inputs: ReadonlyMap<string, InputFile & { readonly shown: string }>;
  readonly outputs: ReadonlyMap<string, OutputFile & { readonly shown: string }>;
  /** Outputs that are shown instead of written. */
  readonly shown: ReadonlyMap<string, FlowType>;
  discard(): void;
}

export function portType(pipeline: PipelinePlan, type: FlowType): FlowType {
  return fillCells(
    type,
    pipeline.cells.map(({ allowed }) => (allowed === null || isCell(allowed) ? undefined : allowed)),
  );
}

/**
 * Opens the files of a session with a pipeline.
 * @throws {CommandError} with exit code 3 for a file, 2 for an input that no file was given for
 */
export function openFiles(plan: Plan, key: string, options: RunOptions, cwd: string): SessionFiles {
  const pipeline = plan.pipelines[key];
  if (pipeline === undefined) throw new Error(`no pipeline ${key}`);
  const inputs = new Map<string, InputFile & { shown: string }>();
  for (const [port, { type, optional }] of Object.entries(pipeline.inputs)) {
    const given = options.inputs.find((one) => one.port === port);
    if (given === undefined) {
      if (optional === true || type.kind === "signal") continue;
      throw usageError(`\`${key}\` needs its input \`${port}\`.`, `Give it a file: \`--in ${port}=FILE\`.`);
    }
    const info = { pipeline: key, port, type: portType(pipeline, type), schemas: plan.schemas };
    inputs.set(port, { ...openInput(resolve(cwd, given.file), given.file, info), shown: given.file });
  }
  const outputs = new Map<string, OutputFile & { shown: string }>();
  const shown = new Map<string, FlowType>();
  const discard = (): void => {
    for (const output of outputs.values()) output.discard();
  };
  try {
    for (const [port, { type }] of Object.entries(pipeline.outputs)) {
      const given = options.outputs.find((one) => one.port === port);
      const full = portType(pipeline, type);
      if (given !== undefined) {
        const file = openOutput(resolve(cwd, given.file), given.file, { pipeline: key, port, type: full });
        outputs.set(port, { ...file, shown: given.file });
      } else if (!isMedia(full) && !(full.kind === "scalar" && full.name === "bytes")) shown.set(port, full);
    }
  } catch (error) {
    discard();
    throw error;
  }
  return { pipeline: key, inputs, outputs, shown, discard };
}

export interface SessionRunInit {
  readonly files: SessionFiles;
  readonly plan: Plan;
  readonly params: Params;
  readonly open: (pipeline: string, request: SessionRequest) => Promise<PipelineSession>;
  readonly clock: Clock;
  readonly onOutput: (port: string, value: JsonValue) => void;
  readonly signal: AbortSignal;
}

export interface SessionOutcome {
  readonly error: MeshError | undefined;
  readonly summary: SessionSummary;
}

interface Times {
  speechEndUs: number | undefined;
  answerUs: number | undefined;
}

/**
 * Opens a session, feeds its files in real time and writes its outputs until it ends.
 * @throws {MeshError} when no session can be had; {CommandError} when a file cannot be written
 */
export async function runSession(init: SessionRunInit): Promise<SessionOutcome> {
  const { files, plan, clock } = init;
  const stop = new AbortController();
  const signal = AbortSignal.any([init.signal, stop.signal]);
  const times: Times = { speechEndUs: undefined, answerUs: undefined };
  const fed = new Map<string, number>();
  const got = new Map<string, number>();
  let failure: CommandError | undefined;
  const sink = (port: string, take: (frame: Frame) => void): Link =>
    openLink((frame) => {
      got.set(port, (got.get(port) ?? 0) + 1);
      try {
        take(frame);
      } catch (error) {
        // A full disk ends the run; the link itself has no way to say so.
        failure ??= error instanceof CommandError ? error : undefined;
        stop.abort(MeshError.from(error));
      }
    });
  const held: HeldLink[] = [];
  const outputs: Record<string, { type: FlowType; link: Link }> = {};
  for (const [port, type] of files.shown) {
    outputs[port] = { type, link: sink(port, ({ payload }) => init.onOutput(port, payload as JsonValue)) };
  }
  for (const [port, file] of files.outputs) {
    const link = sink(port, ({ payload }) => {
      if (times.answerUs === undefined && isLoud(payload)) times.answerUs = clock.nowUs();
      file.write(payload);
    });
    const waiting = heldUntil(link);
    held.push(waiting);
    outputs[port] = { type: file.type, link: waiting };
  }
  try {
    const session = await init.open(files.pipeline, {
      params: init.params,
      inputs: Object.fromEntries([...files.inputs].map(([port, { type }]) => [port, type])),
      outputs,
      schemas: plan.schemas,
      signal,
    });
    for (const [port, file] of files.outputs) {
      file.start(session.formats.outputs[port] ?? file.type);
    }
    for (const link of held) link.release();
    void session.closed.then(() => stop.abort(new MeshError("cancelled", "The session is over.")));
    const feeding = [...files.inputs].map(([port, file]) => {
      const link = session.inputs[port];
      return link === undefined
        ? undefined
        : feed(link, file, { clock, signal, times, count: (n) => fed.set(port, n) });
    });
    // Who interrupts does not wait for the other peers to say goodbye, and neither do the files.
    const { error } = await Promise.race([session.closed, aborted(init.signal)]);
    stop.abort(new MeshError("cancelled", "The session is over."));
    await Promise.allSettled(feeding);
    if (failure !== undefined) throw failure;
    const seconds = new Map<string, number | undefined>();
    // What was heard up to a failure is worth keeping; what was never begun is not.
    for (const [port, file] of files.outputs) {
      if (error === undefined || (got.get(port) ?? 0) > 0) seconds.set(port, file.finish());
    }
    return {
      error,
      summary: { pipeline: files.pipeline, ports: totals(files, fed, got, seconds), latencyMs: latency(times) },
    };
  } finally {
    stop.abort(new MeshError("cancelled", "The run is over."));
    files.discard();
  }
}

/** How a session ends that is interrupted. */
function aborted(signal: AbortSignal): Promise<SessionEnd> {
  return new Promise((done) => {
    const end = (): void => done({ error: new MeshError("cancelled", "The run was interrupted.") });
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
  });
}

function isLoud(payload: unknown): boolean {
  return (payload instanceof Int16Array || payload instanceof Float32Array) && loudness(payload) > answerLevel;
}

function latency({ speechEndUs, answerUs }: Times): number | undefined {
  if (speechEndUs === undefined || answerUs === undefined || answerUs < speechEndUs) return undefined;
  return (answerUs - speechEndUs) / 1000;
}

interface FeedContext {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly times: Times;
  readonly count: (frames: number) => void;
}

/** Sends the frames of a file when they are due. */
async function feed(link: Link, file: InputFile, { clock, signal, times, count }: FeedContext): Promise<void> {
  const startUs = clock.nowUs();
  let seq = 0;
  try {
    for (const { atMs, flags, payload } of file.frames) {
      const waitMs = atMs - (clock.nowUs() - startUs) / 1000;
      if (waitMs > 0) await delay(clock, waitMs, signal);
      signal.throwIfAborted();
      if (!link.writable) await link.ready(signal);
      link.send({ timestampUs: Math.round(atMs * 1000), seq, epoch: 0, flags, payload });
      if (seq === file.lastLoud) times.speechEndUs = clock.nowUs();
      seq += 1;
      count(seq);
    }
    link.end();
  } catch (error) {
    // Why the session ended is what its `closed` says; a link that closed under us only follows from that.
    link.abort(MeshError.from(error, "cancelled"));
  }
}

function totals(
  files: SessionFiles,
  fed: ReadonlyMap<string, number>,
  got: ReadonlyMap<string, number>,
  seconds: ReadonlyMap<string, number | undefined>,
): PortTotals[] {
  const ins = [...files.inputs].map(([port, file]): PortTotals => {
    const frames = fed.get(port) ?? 0;
    const length = file.seconds === undefined ? undefined : (file.seconds * frames) / file.count;
    return { port, direction: "in", frames, seconds: length, file: file.shown };
  });
  const written = [...files.outputs].map(([port, file]): PortTotals => {
    const kept = seconds.has(port) ? { file: file.shown } : {};
    return { port, direction: "out", frames: got.get(port) ?? 0, seconds: seconds.get(port), ...kept };
  });
  const shown = [...files.shown.keys()].map((port): PortTotals => ({
    port,
    direction: "out",
    frames: got.get(port) ?? 0,
  }));
  return [...ins, ...written, ...shown];
}

/** A link whose reader is always ready: the terminal, and a disk that takes sound faster than it is spoken. */
function openLink(take: (frame: Frame) => void): Link {
  return { writable: true, ready: () => Promise.resolve(), send: take, end: () => undefined, abort: () => undefined };
}

interface HeldLink extends Link {
  release(): void;
}

/** Keeps what comes before the format is known. */
function heldUntil(link: Link): HeldLink {
  let held: Frame[] | undefined = [];
  return {
    ...link,
    send(frame) {
      if (held === undefined) link.send(frame);
      else held.push(frame);
    },
    release() {
      const waiting = held ?? [];
      held = undefined;
      for (const frame of waiting) link.send(frame);
    },
  };
}
