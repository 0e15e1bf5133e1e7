import { MeshError } from "../../runtime/interface/errors.ts";

/** Who cannot do without a package; for the error message. */
export interface Need {
  /** The node, such as `Vad`. */
  readonly node: string;
  /** All packages that the node needs, so that one command installs them. */
  readonly packages: readonly string[];
}

/** A file that a package ships: a WebAssembly module, a model. */
export interface Asset {
  /** The package, such as `@evan/opus`. */
  readonly package: string;
  /** The path inside the package, such as `wasm/simd.wasm`. */
  readonly path: string;
  readonly neededBy: Need;
}

/** The bytes of an asset. Rejects with whatever the platform says when it is not there. */
export type ReadAsset = (asset: Asset) => Promise<Uint8Array<ArrayBuffer>>;

export function runsOnNodejs(): boolean {
  return typeof process === "object" && typeof process.versions?.node === "string";
}

/**
 * Reads a file of an installed package: from the disk on Node.js, over HTTP in a browser.
 * @throws {MeshError} `dependency-missing` when the package or the file is not there
 */
export async function readAsset(asset: Asset): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const platform = runsOnNodejs() ? await import("./assets.nodejs.ts") : await import("./assets.browser.ts");
    return await platform.readAsset(asset);
  } catch (error) {
    throw missingPackage(asset.package, asset.neededBy, error);
  }
}

/** `dependency-missing` with the command that installs what is needed. */
export function missingPackage(name: string, { node, packages }: Need, cause: unknown): MeshError {
  return new MeshError("dependency-missing", `${node} needs the package ${name}, which could not be loaded`, {
    cause,
    hint: `Install it with \`npm install ${packages.join(" ")}\`.`,
  });
}
