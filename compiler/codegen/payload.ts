import type {
  Alternative,
  Dimension,
  DimensionValue,
  FlowType,
  ScalarName,
  ScalarType,
} from "../../runtime/interface/caps.ts";
import { isCell, isRange } from "../../runtime/interface/caps.ts";
import type { PatternType } from "../check/types.ts";
import { patternLiteral } from "./text.ts";

/** How a record or enum is called in the module that is written. */
export interface NamedText {
  /** Type and schema, after defaults have been filled in. */
  readonly name: string;
  /** The type before; the same where nothing has a default. */
  readonly input: string;
  /** False where the schema is declared further down, or is the one being declared. */
  readonly declared: boolean;
}

/** How a module speaks of what its types are made of. */
export interface Vocabulary {
  /** A record or enum, by its key in the schemas of the program. */
  named(key: string): NamedText;
  /** The type `JsonValue`. */
  json(): string;
  /** Zod. */
  zod(): string;
}

/** What scalars are at run time, and what their number counts. */
const scalars: Readonly<
  Record<ScalarName, { readonly type: string; readonly schema: string; readonly unit?: string }>
> = {
  text: { type: "string", schema: "z.string()" },
  bytes: { type: "Uint8Array", schema: "z.instanceof(Uint8Array)" },
  json: { type: "JsonValue", schema: "z.json()" },
  bool: { type: "boolean", schema: "z.boolean()" },
  int: { type: "number", schema: "z.int()" },
  float: { type: "number", schema: "z.number()" },
  duration: { type: "number", schema: "z.number()", unit: "in microseconds" },
  frequency: { type: "number", schema: "z.number()", unit: "in hertz" },
  size: { type: "number", schema: "z.number()", unit: "in bytes" },
  bitrate: { type: "number", schema: "z.number()", unit: "in bits per second" },
  framerate: { type: "number", schema: "z.number()", unit: "in frames per second" },
  resolution: {
    type: "{ readonly width: number; readonly height: number }",
    schema: "z.object({ width: z.number(), height: z.number() })",
    unit: "in pixels",
  },
  decibel: { type: "number", schema: "z.number()", unit: "in decibels" },
  percentage: { type: "number", schema: "z.number()", unit: "as a fraction: 80% is 0.8" },
  channels: { type: "number", schema: "z.number()", unit: "as a number: stereo is 2" },
  version: { type: "string | number", schema: "z.union([z.string(), z.number()])" },
};

/** What the number of a parameter or field counts, such as `in microseconds`; undefined where it is plain. */
export function unitOf(type: FlowType | undefined): string | undefined {
  if (type?.kind === "scalar") return scalars[type.name].unit;
  return type?.kind === "optional" || type?.kind === "list" || type?.kind === "map" ? unitOf(type.element) : undefined;
}

/**
 * The TypeScript type of a value.
 * @param side `output` after defaults have been filled in, `input` before
 */
export function typeText(type: FlowType, words: Vocabulary, side: "input" | "output"): string {
  switch (type.kind) {
    case "audio":
    case "video":
    case "tensor":
      return mediaText(type.kind, type.dims["codec"]);
    case "signal":
      return "null";
    case "scalar":
      return type.name === "json" ? words.json() : scalars[type.name].type;
    case "named": {
      const found = words.named(type.name);
      return side === "input" ? found.input : found.name;
    }
    case "list": {
      const element = typeText(type.element, words, side);
      return / \| |^readonly /.test(element) ? `readonly (${element})[]` : `readonly ${element}[]`;
    }
    case "map":
      return `Readonly<Record<string, ${typeText(type.element, words, side)}>>`;
    case "optional":
      return `${typeText(type.element, words, side)} | null`;
    default:
      return type satisfies never;
  }
}

/** The type of a payload at the port of a node, whose formats may be open. */
export function patternText(type: PatternType, words: Vocabulary): string {
  if (type.kind === "unknown") return "unknown";
  // Defaults are filled in for programs that read a port, not for nodes.
  if (type.kind === "data") return typeText(type.type, words, "input");
  const codec = type.dims["codec"];
  return mediaText(type.media, codec?.kind === "values" ? codec.values : undefined);
}

/** See the table at `Payload`. */
function mediaText(kind: "audio" | "video" | "tensor", codecs: Dimension | undefined): string {
  if (kind !== "audio") return "Uint8Array";
  const values: readonly Alternative<DimensionValue>[] | undefined =
    codecs === undefined || isCell(codecs) ? undefined : codecs;
  const texts = new Set(
    (values ?? ["pcm_f32", "pcm_s16", "opus"]).map((codec) => {
      if (isRange(codec) || codec === "pcm_f32") return "Float32Array";
      return codec === "pcm_s16" ? "Int16Array" : "Uint8Array";
    }),
  );
  return [...texts].join(" | ");
}

/** The Zod schema of a value; what it makes of a value is the `output` of `typeText`. */
export function schemaText(type: FlowType, words: Vocabulary): string {
  switch (type.kind) {
    case "audio":
    case "video":
    case "tensor": {
      const classes = typeText(type, words, "output").split(" | ");
      const z = words.zod();
      const texts = classes.map((one) => `${z}.instanceof(${one})`);
      return texts.length === 1 ? texts.join("") : `${z}.union([${texts.join(", ")}])`;
    }
    case "signal":
      return `${words.zod()}.null()`;
    case "scalar":
      return scalarSchema(type, words.zod());
    case "named": {
      const { name, declared } = words.named(type.name);
      return declared ? name : `${words.zod()}.lazy(() => ${name})`;
    }
    case "list":
      return `${words.zod()}.array(${schemaText(type.element, words)})`;
    case "map":
      return `${words.zod()}.record(${words.zod()}.string(), ${schemaText(type.element, words)})`;
    case "optional":
      return `${schemaText(type.element, words)}.nullable()`;
    default:
      return type satisfies never;
  }
}

function scalarSchema(type: ScalarType, z: string): string {
  const min = type.min === undefined ? "" : `.min(${type.min})`;
  const max = type.max === undefined ? "" : `.max(${type.max})`;
  const pattern = type.pattern === undefined ? "" : `.regex(${patternLiteral(type.pattern)})`;
  return `${scalars[type.name].schema.replaceAll("z.", `${z}.`)}${min}${max}${pattern}`;
}

/** True when the kind of a payload does not say all that its type does, so that a port needs a schema. */
export function needsSchema(type: FlowType): boolean {
  switch (type.kind) {
    case "audio":
    case "video":
    case "tensor":
    case "signal":
      return false;
    case "scalar":
      return (
        type.name === "int" ||
        type.name === "resolution" ||
        type.min !== undefined ||
        type.max !== undefined ||
        type.pattern !== undefined
      );
    default:
      return true;
  }
}
