import { mediaDimensions, scalarNames, type FlowType, type MediaKind, type ScalarName } from "../interface/caps.ts";
import { MeshError } from "../interface/errors.ts";
import type { PortKindName } from "../interface/ports.ts";

/** A format as a program writes it, `audio<pcm_f32, 48kHz, mono>`, or as data. */
export type Format = string | FlowType;

/** What a port of this kind carries where a test says no more. */
export const kindFormats: Readonly<Record<PortKindName, string>> = {
  floats: "audio<pcm_f32, 48kHz, mono>",
  integers: "audio<pcm_s16, 48kHz, mono>",
  bytes: "bytes",
  text: "text",
  number: "float",
  boolean: "bool",
  value: "json",
  pulse: "signal",
};

/**
 * Reads a format: a scalar such as `text` or `json`, `signal`, `audio<codec, rate, channels>`, `video<codec, size, fps>`,
 * or one of these in `[ ]`, with a single value for each dimension.
 * @throws {MeshError} `invalid-argument`
 */
export function readFormat(format: Format): FlowType {
  if (typeof format !== "string") return format;
  const text = format.trim();
  if (text === "signal") return { kind: "signal" };
  if (isScalar(text)) return { kind: "scalar", name: text };
  const [, listed] = /^\[(.*)\]$/.exec(text) ?? [];
  if (listed !== undefined) return { kind: "list", element: readFormat(listed) };
  const [, kind, inside = ""] = /^(audio|video)(?:<(.*)>)?$/.exec(text) ?? [];
  if (kind === undefined) throw unreadable(format);
  return media(kind as MediaKind, inside, format);
}

function media(kind: MediaKind, inside: string, format: string): FlowType {
  const names = mediaDimensions[kind];
  const parts = inside.split(",").map((part) => part.trim());
  if (inside === "") return { kind, dims: {} };
  if (parts.length > names.length) throw unreadable(format);
  const dims = parts.map((part, index) => {
    const value = readValue(names[index] ?? "", part);
    if (value === undefined) throw unreadable(format);
    return [names[index], [value]] as const;
  });
  return { kind, dims: Object.fromEntries(dims) };
}

function readValue(dimension: string, text: string): string | number | { width: number; height: number } | undefined {
  const number = (pattern: RegExp, worth = 1): number | undefined => {
    const [, digits] = pattern.exec(text) ?? [];
    return digits === undefined ? undefined : Number(digits) * worth;
  };
  switch (dimension) {
    case "codec":
      return /^[a-z]\w*$/i.test(text) ? text : undefined;
    case "rate":
      return number(/^(\d+(?:\.\d+)?)kHz$/, 1000) ?? number(/^(\d+)Hz$/);
    case "channels":
      return text === "mono" ? 1 : text === "stereo" ? 2 : number(/^(\d+)ch$/);
    case "fps":
      return number(/^(\d+(?:\.\d+)?)fps$/);
    default: {
      const [, width, height] = /^(\d+)x(\d+)$/.exec(text) ?? [];
      return width === undefined || height === undefined ? undefined : { width: Number(width), height: Number(height) };
    }
  }
}

function isScalar(name: string): name is ScalarName {
  return (scalarNames as readonly string[]).includes(name);
}

function unreadable(format: string): MeshError {
  return new MeshError("invalid-argument", `\`${format}\` is no format that a test can be given as a text.`, {
    hint: 'Write `text`, `signal` or `audio<pcm_f32, 48kHz, mono>`, or take the signature from a plan: `signatureOf(plan, "Name")`.',
  });
}
