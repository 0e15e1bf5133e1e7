import { closeSync, constants, fstatSync, openSync, readFileSync, statSync } from "node:fs";
import { extname } from "node:path";
import { accepts, alternativesOf, formatDimension, formatType, isMedia } from "../../../runtime/interface/caps.ts";
import type { FlowType, MediaType, Schemas } from "../../../runtime/interface/caps.ts";
import { MeshError } from "../../../runtime/interface/errors.ts";
import { FrameFlag, type JsonValue, type Payload } from "../../../runtime/interface/frame.ts";
import { valueCheck } from "../../../runtime/pipeline/payload-check.ts";
import { parseWav, type Wav } from "../../../stdlib/audio/wav.ts";
import { reasonOf } from "../../host/nodejs.ts";
import { environmentError } from "../exit-code.ts";
import { nearby } from "../sources.ts";
import { loudness } from "./sound.ts";

/** Larger files are refused; ten minutes of stereo at 192 kHz still fit. */
const maxInputBytes = 512 * 1024 * 1024;

/** Sound is fed in pieces of this length, as a microphone gives it. */
const frameMs = 20;

export interface InputFrame {
  /** When it is due, from the start; 0 for what is not sound. */
  readonly atMs: number;
  readonly flags: number;
  readonly payload: Payload;
}

export interface InputFile {
  readonly type: FlowType;
  readonly frames: Iterable<InputFrame>;
  readonly count: number;
  /** Length of the sound; undefined for other kinds. */
  readonly seconds: number | undefined;
  /** The number of the last frame that holds speech rather than silence; undefined for other kinds. */
  readonly lastLoud: number | undefined;
}

/** A port that a file is meant for. */
export interface PortInfo {
  readonly pipeline: string;
  readonly port: string;
  /** Its cells filled in. */
  readonly type: FlowType;
  readonly schemas: Schemas;
}

/**
 * Opens a file for an input: `.wav` for sound, `.txt` with a text a line, `.jsonl` with a JSON value a line.
 * @param shown the path as the user wrote it
 * @throws {CommandError} with exit code 3 when it cannot be read or does not fit the port
 */
export function openInput(path: string, shown: string, port: PortInfo): InputFile {
  const kind = extname(path).toLowerCase();
  checkThere(path, shown);
  if (kind === ".wav") return soundInput(readBytes(path, shown), shown, port);
  if (kind === ".txt" || kind === ".jsonl") return lineInput(readBytes(path, shown), kind, shown, port);
  throw environmentError(
    `${shown} is no file that an input can be read from: ${kind === "" ? "it has no ending" : `\`${kind}\` is not known`}.`,
    "Inputs are read from .wav (sound), .txt (a text a line) and .jsonl (a JSON value a line).",
  );
}

/** Before the ending is looked at: one mistake, and the plainest way to say it. */
function checkThere(path: string, shown: string): void {
  let status;
  try {
    status = statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw environmentError(`${shown} cannot be read: ${reasonOf(error)}.`);
  }
  if (status === undefined) throw environmentError(`There is no file ${shown}.`, nearby(path, shown));
  if (status.isDirectory()) throw environmentError(`${shown} is a folder, and an input is read from a file.`);
}

function readBytes(path: string, shown: string): Uint8Array {
  let handle: number | undefined;
  try {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer for ever.
    handle = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const status = fstatSync(handle);
    if (!status.isFile()) throw environmentError(`${shown} is not an ordinary file.`);
    if (status.size > maxInputBytes) {
      throw environmentError(`${shown} is larger than ${maxInputBytes / 1024 / 1024} MiB.`, "Cut it into pieces.");
    }
    return readFileSync(handle);
  } catch (error) {
    if (error instanceof Error && "code" in error)
      throw environmentError(`${shown} cannot be read: ${reasonOf(error)}.`);
    throw error;
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

function soundInput(bytes: Uint8Array, shown: string, port: PortInfo): InputFile {
  const where = `The input \`${port.port}\` of ${port.pipeline} takes ${formatType(port.type)}`;
  if (port.type.kind !== "audio") throw environmentError(`${where}, and ${shown} holds sound.`);
  const sound = readSound(bytes, shown, port.type);
  const type = soundType(sound);
  const scopes = { producer: port.schemas, consumer: port.schemas };
  if (!accepts(port.type, type, scopes)) {
    // The encoding of the file, which may be one that is read as another.
    const held = formatType({ ...type, dims: { ...type.dims, codec: [sound.encoding] } });
    throw environmentError(`${where}, and ${shown} holds ${held}.`, conversionHint(shown, port.type));
  }
  const perFrame = Math.max(1, Math.round((sound.sampleRate * frameMs) / 1000)) * sound.channels;
  const count = Math.ceil(sound.samples.length / perFrame);
  if (count === 0) throw environmentError(`${shown} holds no sound: it is 0 samples long.`);
  const pieceOf = (index: number): Int16Array | Float32Array =>
    sound.samples.slice(index * perFrame, (index + 1) * perFrame);
  return {
    type,
    count,
    seconds: sound.samples.length / sound.channels / sound.sampleRate,
    lastLoud: lastLoud(sound, perFrame, count),
    frames: {
      *[Symbol.iterator]() {
        for (let index = 0; index < count; index += 1) {
          const flags = (index === 0 ? FrameFlag.segmentStart : 0) | (index === count - 1 ? FrameFlag.segmentEnd : 0);
          yield { atMs: (index * perFrame * 1000) / sound.channels / sound.sampleRate, flags, payload: pieceOf(index) };
        }
      },
    },
  };
}

function readSound(bytes: Uint8Array, shown: string, type: MediaType): Wav {
  try {
    return parseWav(bytes);
  } catch (error) {
    if (!(error instanceof MeshError)) throw error;
    // Only an encoding can be converted; what is empty or cut short is not mended by that.
    const hint = error.hint === undefined ? "Record or copy it anew." : conversionHint(shown, type);
    throw environmentError(`${shown}: ${error.message.replace(/\.$/, "")}.`, hint);
  }
}

/** Speech is what is louder than a tenth of the loudest piece. */
function lastLoud(sound: Wav, perFrame: number, count: number): number | undefined {
  const levels = Array.from({ length: count }, (_, index) =>
    loudness(sound.samples.subarray(index * perFrame, (index + 1) * perFrame)),
  );
  const loudest = levels.reduce((most, level) => Math.max(most, level), 0);
  return loudest === 0 ? undefined : levels.findLastIndex((level) => level > loudest / 10);
}

function soundType({ samples, sampleRate, channels }: Wav): MediaType {
  const codec = samples instanceof Int16Array ? "pcm_s16" : "pcm_f32";
  return { kind: "audio", dims: { codec: [codec], rate: [sampleRate], channels: [channels] } };
}

/** The command that makes a file which fits. */
function conversionHint(shown: string, type: MediaType): string {
  const number = (dimension: string): number | undefined => {
    const first = alternativesOf(type, dimension)?.[0];
    if (typeof first === "number") return first;
    if (typeof first !== "object" || "width" in first) return undefined;
    return typeof first.max === "number" ? first.max : typeof first.min === "number" ? first.min : undefined;
  };
  const codecs = alternativesOf(type, "codec");
  const float = codecs !== undefined && !codecs.includes("pcm_s16") && codecs.includes("pcm_f32");
  if (codecs !== undefined && !float && !codecs.includes("pcm_s16")) {
    return `It takes ${formatDimension("codec", codecs)}, which no WAV file holds; use a pipeline that takes pcm_s16 or pcm_f32.`;
  }
  const rate = number("rate");
  const channels = number("channels");
  const options = [
    ...(rate === undefined ? [] : [`-r ${rate}`]),
    ...(channels === undefined ? [] : [`-c ${channels}`]),
    float ? "-b 32 -e floating-point" : "-b 16 -e signed-integer",
  ];
  const target = `${shown.replace(/\.[^./\\]*$/, "")}-converted.wav`;
  return `Convert it: sox ${shellWord(shown)} ${options.join(" ")} ${shellWord(target)}`;
}

/** A word that a POSIX shell takes as it is. */
function shellWord(text: string): string {
  return /^[\w./@:+-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function lineInput(bytes: Uint8Array, kind: ".txt" | ".jsonl", shown: string, port: PortInfo): InputFile {
  const isText = port.type.kind === "scalar" && port.type.name === "text";
  const where = `The input \`${port.port}\` of ${port.pipeline} takes ${formatType(port.type)}`;
  if (isMedia(port.type) || port.type.kind === "signal") {
    const hint = port.type.kind === "audio" ? "Give it a .wav file." : undefined;
    throw environmentError(`${where}, and ${shown} holds lines.`, hint);
  }
  if (kind === ".txt" && !isText) {
    throw environmentError(`${where}, and ${shown} holds text.`, "Give it a .jsonl file with one JSON value a line.");
  }
  const fits = valueCheck(port.type, port.schemas);
  const payloads = decode(bytes, shown)
    .split(/\r?\n/)
    .flatMap((line, index): JsonValue[] => {
      if (line.trim() === "") return [];
      const value = kind === ".txt" ? line : readJson(line, `${shown}, line ${index + 1},`);
      if (fits(value)) return [value];
      throw environmentError(`${where}, and line ${index + 1} of ${shown} is none.`);
    });
  if (payloads.length === 0) throw environmentError(`${shown} is empty.`);
  const flags = FrameFlag.segmentStart | FrameFlag.segmentEnd;
  return {
    type: port.type,
    count: payloads.length,
    seconds: undefined,
    lastLoud: undefined,
    frames: payloads.map((payload) => ({ atMs: 0, flags, payload })),
  };
}

function readJson(line: string, where: string): JsonValue {
  try {
    return JSON.parse(line) as JsonValue;
  } catch {
    throw environmentError(`${where} is not JSON.`, "A .jsonl file has one JSON value a line.");
  }
}

function decode(bytes: Uint8Array, shown: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw environmentError(`${shown} is not text in UTF-8.`);
  }
}
