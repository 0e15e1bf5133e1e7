import { closeSync, openSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import process from "node:process";
import { alternativesOf, fixedValue, formatType, isMedia } from "../../../runtime/interface/caps.ts";
import type { FlowType, MediaType } from "../../../runtime/interface/caps.ts";
import type { Payload } from "../../../runtime/interface/frame.ts";
import { wavHeader, wavSamples } from "../../../stdlib/audio/wav.ts";
import { makeFolder, reasonOf } from "../../host/nodejs.ts";
import { environmentError } from "../exit-code.ts";
import { toIntegers } from "./sound.ts";

/** A file that an output is written to while it comes; it takes its name only when it is complete. */
export interface OutputFile {
  /** What it can take of the port's formats. */
  readonly type: FlowType;
  /** Called once, before the first frame, with the format that was settled on. */
  start(format: FlowType): void;
  write(payload: Payload): void;
  /** Gives the file its name. @returns seconds of sound, undefined for other kinds */
  finish(): number | undefined;
  /** Leaves nothing behind; after `finish` it does nothing. */
  discard(): void;
}

/**
 * Opens a file for an output: `.wav` for sound (16-bit samples), `.txt` for texts, `.jsonl` for a JSON value a line.
 * @throws {CommandError} with exit code 3 when it cannot be written or its kind does not fit the port
 */
export function openOutput(
  path: string,
  shown: string,
  port: { pipeline: string; port: string; type: FlowType },
): OutputFile {
  const kind = extname(path).toLowerCase();
  const where = `The output \`${port.port}\` of ${port.pipeline} gives ${formatType(port.type)}`;
  const wanted = wantedKinds(port.type);
  if (isFolder(path)) throw environmentError(`${shown} cannot be written: it is a folder.`);
  if (wanted.length === 0) throw environmentError(`${where}, which meshc cannot write to a file.`);
  if (!wanted.includes(kind)) {
    const named = shown.slice(0, shown.length - kind.length);
    throw environmentError(
      `${where}; ${shown} is no file for that.`,
      `Write it to ${named}${wanted.join(` or ${named}`)}.`,
    );
  }
  const file = new FileBeside(path, shown);
  return kind === ".wav" && port.type.kind === "audio" ? wavFile(file, port.type) : lineFile(file, kind, port.type);
}

function wantedKinds(type: FlowType): string[] {
  if (type.kind === "audio") {
    const codecs = alternativesOf(type, "codec");
    return codecs === undefined || codecs.some((one) => one === "pcm_s16" || one === "pcm_f32") ? [".wav"] : [];
  }
  if (isMedia(type) || type.kind === "signal" || (type.kind === "scalar" && type.name === "bytes")) return [];
  return type.kind === "scalar" && type.name === "text" ? [".txt", ".jsonl"] : [".jsonl"];
}

function isFolder(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch {
    // Opening it says why.
    return false;
  }
}

function besidePath(path: string, pid: number): string {
  return join(dirname(path), `.${basename(path)}.${pid}.tmp`);
}

/** Takes away what a process that was killed had begun to write. */
export function removeUnfinished(path: string, pid: number): void {
  rmSync(besidePath(path, pid), { force: true });
}

/** Writes go beside the file until it is complete. */
class FileBeside {
  readonly #path: string;
  readonly #shown: string;
  readonly #beside: string;
  #handle: number | undefined;
  #size = 0;
  /** However the process ends, nothing unfinished stays. */
  readonly #onExit = (): void => this.discard();

  constructor(path: string, shown: string) {
    this.#path = path;
    this.#shown = shown;
    this.#beside = besidePath(path, process.pid);
    this.#try(() => {
      makeFolder(dirname(path));
      this.#handle = openSync(this.#beside, "wx");
    });
    process.once("exit", this.#onExit);
  }

  get size(): number {
    return this.#size;
  }

  append(bytes: Uint8Array | string): void {
    const { handle } = this;
    this.#try(() => {
      const data = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
      for (let at = 0; at < data.length;) at += writeSync(handle, data, at, data.length - at, this.#size + at);
      this.#size += data.length;
    });
  }

  overwriteStart(bytes: Uint8Array): void {
    const { handle } = this;
    this.#try(() => void writeSync(handle, bytes, 0, bytes.length, 0));
  }

  finish(): void {
    if (this.#handle === undefined) return;
    this.#try(() => {
      closeSync(this.handle);
      this.#handle = undefined;
      process.off("exit", this.#onExit);
      try {
        renameSync(this.#beside, this.#path);
      } finally {
        rmSync(this.#beside, { force: true });
      }
    });
  }

  discard(): void {
    if (this.#handle === undefined) return;
    closeSync(this.#handle);
    this.#handle = undefined;
    rmSync(this.#beside, { force: true });
    process.off("exit", this.#onExit);
  }

  get handle(): number {
    if (this.#handle === undefined) throw new Error(`${this.#shown} is closed`);
    return this.#handle;
  }

  #try(work: () => void): void {
    try {
      work();
    } catch (error) {
      throw environmentError(`${this.#shown} cannot be written: ${reasonOf(error)}.`);
    }
  }
}

function wavFile(file: FileBeside, type: MediaType): OutputFile {
  const codecs = alternativesOf(type, "codec") ?? [];
  const taken =
    codecs.length === 0 ? ["pcm_f32", "pcm_s16"] : codecs.filter((one) => one === "pcm_s16" || one === "pcm_f32");
  const format = { sampleRate: 48_000, channels: 1, encoding: "pcm_s16" as const };
  const headerBytes = wavHeader(format, 0).length;
  return {
    type: { kind: "audio", dims: { ...type.dims, codec: taken } },
    start(settled) {
      format.sampleRate = Number(fixedValue(settled, "rate") ?? format.sampleRate);
      format.channels = Number(fixedValue(settled, "channels") ?? format.channels);
      file.append(wavHeader(format, 0));
    },
    write(payload) {
      if (payload instanceof Int16Array || payload instanceof Float32Array)
        file.append(wavSamples(toIntegers(payload)));
    },
    finish() {
      const frames = Math.max(0, file.size - headerBytes) / 2 / format.channels;
      file.overwriteStart(wavHeader(format, frames));
      file.finish();
      return frames / format.sampleRate;
    },
    discard: () => file.discard(),
  };
}

function lineFile(file: FileBeside, kind: string, type: FlowType): OutputFile {
  return {
    type,
    start: () => undefined,
    write(payload) {
      // A text of several lines would read back as several texts.
      const line = kind === ".txt" ? String(payload).replaceAll(/\r?\n/g, " ") : JSON.stringify(payload);
      file.append(`${line}\n`);
    },
    finish() {
      file.finish();
      return undefined;
    },
    discard: () => file.discard(),
  };
}
