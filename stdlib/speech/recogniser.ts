import { MeshError } from "../../runtime/interface/errors.ts";
import { runsOnNodejs } from "../common/assets.ts";

/** What was understood of an utterance. */
export interface Heard {
  /** Empty when there were no words. */
  readonly text: string;
  /** 0..1 */
  readonly confidence: number;
}

/** Recognises utterances one after the other, until it is released. Failures reject with a `MeshError`. */
export interface Recogniser {
  /** Begins an utterance; one that was not finished is dropped. */
  start(): Promise<void>;
  /** Takes sound at 16 kHz; resolves when it was worked off, which is faster than real time. */
  hear(samples: Float32Array): Promise<void>;
  finish(): Promise<Heard>;
  release(): Promise<void>;
}

/**
 * @param model which language, and which variety of it
 * @throws {MeshError} `dependency-missing`, `invalid-argument`
 */
export type OpenRecogniser = (model: string) => Promise<Recogniser>;

/** PocketSphinx, which is a native library: on Node.js only. */
export const pocketSphinx: OpenRecogniser = async (model) => {
  if (!runsOnNodejs()) {
    throw new MeshError("dependency-missing", "Recognise needs PocketSphinx, which browsers cannot load", {
      hint: "Run it on a peer with Node.js and reach it by a `remote`.",
    });
  }
  const { openPocketSphinx } = await import("./pocketsphinx.nodejs.ts");
  return openPocketSphinx(model);
};
