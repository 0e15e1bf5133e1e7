import { describe, expect, it } from "vitest";
import { FrameFlag, type Frame } from "../../../runtime/interface/frame.ts";
import { joinAnnexB } from "../../../runtime/media/h264-nal.ts";
import { codecString, fittedSize, pictureFormat, pictureReader } from "../../../runtime/platform/page-pictures.ts";

const frame = (payload: Uint8Array, flags = 0): Frame<Uint8Array> => {
  return { payload, flags, seq: 0, epoch: 0, timestampUs: 0 };
};

describe("formats of pictures that a page makes and shows", () => {
  it("have the codec, and at most the size and rate, of their port", () => {
    const dims = { codec: ["vp8"], size: [{ width: 640, height: 480 }], fps: [15] };
    expect(pictureFormat("camera", { kind: "video", dims })).toEqual({
      codec: "vp8",
      width: 640,
      height: 480,
      fps: 15,
    });
  });

  it("have the level that their size asks for", () => {
    const named = (width: number, height: number, fps: number) =>
      (["vp8", "vp9", "h264", "av1"] as const).map((codec) => codecString({ codec, width, height, fps }));
    expect(named(1280, 720, 30)).toEqual(["vp8", "vp09.00.31.08", "avc1.42E01F", "av01.0.05M.08"]);
    expect(named(1920, 1080, 30)).toEqual(["vp8", "vp09.00.40.08", "avc1.42E028", "av01.0.08M.08"]);
    expect(named(3840, 2160, 30)).toEqual(["vp8", "vp09.00.51.08", "avc1.42E033", "av01.0.13M.08"]);
  });

  it("keep the sides of a picture as they are to each other, and make none larger", () => {
    const most = { width: 640, height: 480 };
    expect(fittedSize({ width: 1280, height: 720 }, most)).toEqual({ width: 640, height: 360 });
    expect(fittedSize({ width: 720, height: 1280 }, most)).toEqual({ width: 360, height: 640 });
    expect(fittedSize({ width: 320, height: 240 }, most)).toEqual({ width: 320, height: 240 });
    expect(fittedSize({ width: 101, height: 57 }, most)).toEqual({ width: 102, height: 58 });
    expect(fittedSize({ width: 4_000, height: 1 }, most)).toEqual({ width: 640, height: 2 });
  });

  it("tell by VP8 itself what decodes without earlier pictures, and by the flag for others", () => {
    const vp8 = pictureReader("vp8");
    expect(vp8(frame(Uint8Array.of(0x10, 1, 2)))?.isKey).toBe(true);
    expect(vp8(frame(Uint8Array.of(0x11, 1, 2)))?.isKey).toBe(false);
    const av1 = pictureReader("av1");
    expect(av1(frame(Uint8Array.of(1), FrameFlag.keyFrame))?.isKey).toBe(true);
    expect(av1(frame(Uint8Array.of(1)))?.isKey).toBe(false);
    expect(av1(frame(new Uint8Array()))).toBeUndefined();
  });

  it("have the parameter sets of H.264 before each key frame, and the profile that they tell", () => {
    const [sequence, picture] = [Uint8Array.of(0x67, 0x64, 0x00, 0x1f, 9), Uint8Array.of(0x68, 1)];
    const [idr, delta] = [Uint8Array.of(0x65, 1, 2), Uint8Array.of(0x41, 1, 2)];
    const read = pictureReader("h264");
    expect(read(frame(joinAnnexB([sequence, picture])))).toBeUndefined();
    const whole = { data: joinAnnexB([sequence, picture, idr]), isKey: true, codec: "avc1.64001f" };
    expect(read(frame(joinAnnexB([idr])))).toEqual(whole);
    expect(read(frame(joinAnnexB([delta])))).toEqual({ data: joinAnnexB([delta]), isKey: false, codec: undefined });
    expect(read(frame(joinAnnexB([sequence, picture, idr])))).toEqual(whole);
  });
});
