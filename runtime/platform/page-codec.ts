import { MeshError } from "../interface/errors.ts";

/** @throws {MeshError} `dependency-missing` where the browser has no such part of WebCodecs (https://www.w3.org/TR/webcodecs/) */
export function needCodec(part: "AudioEncoder" | "AudioDecoder" | "VideoEncoder" | "VideoDecoder", name: string): void {
  if (part in globalThis) return;
  const isSound = part.startsWith("Audio");
  throw new MeshError("dependency-missing", `This browser has no ${part}, which \`${name}\` needs.`, {
    hint: isSound
      ? "Give the port `audio<pcm_f32>`, and let `~>` put the encoder into the pipeline."
      : "Pages have it over `https://` and from `localhost`; or link the port straight to a remote that carries media tracks.",
  });
}
