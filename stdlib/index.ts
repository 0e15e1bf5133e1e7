/**
 * The door `pipeline-mesh/stdlib`: the code of the nodes that programs import from `std/…`. What a node needs beyond, such
 * as WebAssembly or a model, is loaded when the node is opened.
 */
import type { NodeDefinition } from "../runtime/interface/node.ts";
import { Gain } from "./audio/gain.node.ts";
import { OpusDecode } from "./audio/opus-decode.node.ts";
import { OpusEncode } from "./audio/opus-encode.node.ts";
import { Remix } from "./audio/remix.node.ts";
import { Resample } from "./audio/resample.node.ts";
import { ToFloat } from "./audio/to-float.node.ts";
import { ToInteger } from "./audio/to-integer.node.ts";
import { MatchPhrases } from "./speech/match-phrases.node.ts";
import { Recognise } from "./speech/recognise.node.ts";
import { Speak } from "./speech/speak.node.ts";
import { Vad } from "./speech/vad.node.ts";

export { Gain, MatchPhrases, OpusDecode, OpusEncode, Recognise, Remix, Resample, Speak, ToFloat, ToInteger, Vad };

/** The modules of the standard library and their nodes, by name. */
export const standardModules: Readonly<Record<string, Readonly<Record<string, NodeDefinition>>>> = {
  "std/audio": { Gain, OpusDecode, OpusEncode, Remix, Resample, ToFloat, ToInteger },
  "std/speech": { MatchPhrases, Recognise, Speak, Vad },
};
