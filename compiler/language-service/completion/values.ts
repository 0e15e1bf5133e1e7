import { codecNames, dimensionsOfMedia } from "../../check/media.ts";
import type { MediaKind } from "../../../runtime/interface/caps.ts";
import { typeDocs } from "../words.ts";
import { words, type CompletionItem } from "./item.ts";

const media: readonly string[] = ["audio", "video", "tensor"];

/** Usual values of a dimension or of a scalar type, the most usual first. */
const usual: Readonly<Record<string, readonly string[]>> = {
  rate: ["48kHz", "16kHz", "44100Hz", "24kHz", "8kHz"],
  channels: ["mono", "stereo", "6ch"],
  size: ["1280x720", "1920x1080", "640x360"],
  fps: ["30fps", "25fps", "60fps"],
  bool: ["true", "false"],
  duration: ["20ms", "100ms", "1s", "5min", "1h"],
  frequency: ["48kHz", "16kHz", "44100Hz"],
  memory: ["2GiB", "8GiB", "512MiB"],
  bitrate: ["32kbps", "64kbps", "2.5Mbps"],
  framerate: ["30fps", "25fps", "60fps"],
  resolution: ["1280x720", "1920x1080"],
  decibel: ["0dB", "-6dB", "3dB"],
  percentage: ["50%", "100%"],
  version: ["12.4"],
};

/** Values of a scalar type, by its name. */
export function scalarValues(type: string): CompletionItem[] {
  if (type === "text") return [{ label: '""', kind: "value", rank: 1, snippet: '"${1:text}"' }];
  return words(usual[type === "size" ? "memory" : type] ?? [], "unit");
}

/** The types that may stand somewhere. @param isPort ports carry media and pulses; fields and parameters do not */
export function typeItems(isPort: boolean): CompletionItem[] {
  const snippets: Readonly<Record<string, string>> = {
    audio: "audio<${1:opus}, ${2:48kHz}, ${3:mono}>",
    video: "video<${1:vp8}, ${2:1280x720}, ${3:30fps}>",
    tensor: "tensor<${1:f32}, [${2:1, 3, 224, 224}]>",
    map: "map<${1:text}>",
  };
  const all = Object.entries({ ...typeDocs, map: "Values by texts: `map<int>`." });
  return all.flatMap(([label, documentation]): CompletionItem[] => {
    const isStream = media.includes(label) || label === "signal";
    if (isStream && !isPort) return [];
    return [{ label, kind: "type", rank: isStream ? 1 : 3, documentation, snippet: snippets[label] }];
  });
}

/**
 * What may stand between the angle brackets of a media type: the dimensions that are not told yet.
 * @param given what stands there already
 */
export function formatItems(kind: string, given: readonly string[]): CompletionItem[] {
  if (!media.includes(kind)) return [];
  const codecs = codecNames[kind as MediaKind];
  const told = new Set(given.map(dimensionOf));
  const open = dimensionsOfMedia[kind as MediaKind].filter((one) => !told.has(one));
  return open.flatMap((dimension, index) => {
    const isName = dimension === "codec" || dimension === "element";
    const values = isName ? codecs : (usual[dimension] ?? []);
    return values.map((label): CompletionItem => ({ label, kind: "value", rank: index, detail: dimension }));
  });
}

function dimensionOf(text: string): string {
  if (text.endsWith("Hz")) return "rate";
  if (/^\d+x\d+$/.test(text)) return "size";
  if (text.endsWith("fps")) return "fps";
  if (/^(?:mono|stereo|\d+ch)$/.test(text)) return "channels";
  if (codecNames.tensor.includes(text)) return "element";
  return [...codecNames.audio, ...codecNames.video].includes(text) ? "codec" : "";
}
