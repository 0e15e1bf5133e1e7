import { fixedValue, formatType, type FlowType } from "../interface/caps.ts";
import { MeshError } from "../interface/errors.ts";
import { FrameFlag, type Frame } from "../interface/frame.ts";
import { hasIdr, joinAnnexB, NalType, nalType, ParameterSets, splitAnnexB } from "../media/h264-nal.ts";
import { isVp8KeyFrame } from "../media/vp8-payload.ts";

const codecs = ["vp8", "vp9", "h264", "av1"] as const;
export type PictureCodec = (typeof codecs)[number];

/** A format of pictures that a page can make and show. */
export interface PictureFormat {
  readonly codec: PictureCodec;
  /** In pixels: what is larger is made smaller. */
  readonly width: number;
  readonly height: number;
  /** Pictures in a second, at most. */
  readonly fps: number;
}

/** @throws {MeshError} `dependency-missing` for a codec that is none of a page */
export function pictureFormat(name: string, type: FlowType): PictureFormat {
  const codec = codecs.find((one) => one === fixedValue(type, "codec"));
  if (codec === undefined) {
    throw new MeshError(
      "dependency-missing",
      `A page can neither make nor show the pictures of \`${name}\`: ${formatType(type)}.`,
      { hint: "Give the port `video<vp8>` or `video<h264>`." },
    );
  }
  const size = fixedValue(type, "size");
  const fps = fixedValue(type, "fps");
  const isSize = typeof size === "object" && size !== null && "width" in size;
  return { codec, ...(isSize ? size : { width: 1280, height: 720 }), fps: typeof fps === "number" ? fps : 30 };
}

/** By pixels in a second: 1280x720 at 30, 1920x1080 at 30, and all beyond. */
const levels: readonly { readonly pixelRate: number; readonly names: Readonly<Record<PictureCodec, string>> }[] = [
  {
    pixelRate: 1280 * 720 * 30,
    names: { vp8: "vp8", vp9: "vp09.00.31.08", h264: "avc1.42E01F", av1: "av01.0.05M.08" },
  },
  {
    pixelRate: 1920 * 1080 * 30,
    names: { vp8: "vp8", vp9: "vp09.00.40.08", h264: "avc1.42E028", av1: "av01.0.08M.08" },
  },
  { pixelRate: Infinity, names: { vp8: "vp8", vp9: "vp09.00.51.08", h264: "avc1.42E033", av1: "av01.0.13M.08" } },
];

/** The name of a codec with its profile and level, as the WebCodecs codec registry has them (https://www.w3.org/TR/webcodecs-codec-registry/). */
export function codecString({ codec, width, height, fps }: PictureFormat): string {
  return levels.find(({ pixelRate }) => width * height * fps <= pixelRate)?.names[codec] ?? codec;
}

export function noCodec(what: "encode" | "decode", name: string, { codec }: PictureFormat): MeshError {
  return new MeshError("dependency-missing", `This browser cannot ${what} \`${name}\`: it has no ${codec}.`, {
    hint: "Give the port `video<vp8>`, which all have.",
  });
}

/** What a decoder is given. */
export interface CodedPicture {
  readonly data: Uint8Array<ArrayBuffer>;
  readonly isKey: boolean;
  /** As `codecString`; of a key frame, where it tells. */
  readonly codec: string | undefined;
}

/**
 * Reads frames of a stream for a decoder, in their order.
 * @returns a function that returns undefined for a frame that is no picture
 */
export function pictureReader(codec: PictureCodec): (frame: Frame<Uint8Array>) => CodedPicture | undefined {
  if (codec === "h264") return h264Reader();
  return ({ payload, flags }) =>
    payload.length === 0
      ? undefined
      : {
          data: new Uint8Array(payload),
          isKey: (flags & FrameFlag.keyFrame) !== 0 || (codec === "vp8" && isVp8KeyFrame(payload)),
          codec: undefined,
        };
}

/** A decoder gets the parameter sets with each key frame; a source may have said them once. */
function h264Reader(): ReturnType<typeof pictureReader> {
  const parameters = new ParameterSets();
  return ({ payload }) => {
    const units = parameters.complete(splitAnnexB(payload));
    if (!units.some(isSlice)) return undefined;
    const sequence = units.find((unit) => nalType(unit) === NalType.sequenceParameters);
    // The profile, what it is limited to and the level follow the first byte (ITU-T H.264, section 7.3.2.1.1).
    const profile = Array.from(sequence?.subarray(1, 4) ?? [], (byte) => byte.toString(16).padStart(2, "0")).join("");
    return {
      data: new Uint8Array(joinAnnexB(units)),
      isKey: hasIdr(units),
      codec: sequence === undefined ? undefined : `avc1.${profile}`,
    };
  };
}

function isSlice(unit: Uint8Array): boolean {
  const type = nalType(unit);
  return type >= NalType.slice && type <= NalType.idrSlice;
}

/**
 * The size at which a picture is sent: within that of the format, its sides as to one another, and even, as all codecs take them.
 */
export function fittedSize(
  { width, height }: { readonly width: number; readonly height: number },
  most: Pick<PictureFormat, "width" | "height">,
): { readonly width: number; readonly height: number } {
  // A telephone on its side has the same pixels.
  const [across, down] =
    width >= height === most.width >= most.height ? [most.width, most.height] : [most.height, most.width];
  const scale = Math.min(1, across / width, down / height);
  const even = (side: number): number => Math.max(2, 2 * Math.round((side * scale) / 2));
  return { width: even(width), height: even(height) };
}
