/**
 * The door `pipeline-mesh/stdlib`: the code of the nodes that programs import from `std/…`. What a node needs beyond, such
 * as WebAssembly or a model, is loaded when the node is opened.
 */
export { Gain, OpusDecode, OpusEncode, Remix, Resample, ToFloat, ToInteger } from "./audio/nodes.ts";
export { isStandardModule, standardModules, type StandardModule } from "./modules.ts";
export { MatchPhrases, Recognise, Speak, Vad } from "./speech/nodes.ts";
