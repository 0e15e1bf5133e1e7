/** The nodes of `std/speech`. */
export { MatchPhrases } from "./match-phrases.node.ts";
export { Recognise } from "./recognise.node.ts";
export { Speak } from "./speak.node.ts";
export { Vad } from "./vad.node.ts";
