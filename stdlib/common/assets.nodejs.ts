import type { Asset } from "./assets.ts";

// Asked for by name rather than imported: a bundle for browsers may then contain this file, where it is never run.
const { createRequire } = process.getBuiltinModule("node:module");
const { readFile } = process.getBuiltinModule("node:fs/promises");
const { join } = process.getBuiltinModule("node:path");
const { pathToFileURL } = process.getBuiltinModule("node:url");

/**
 * The path of a module or file of a package, looked for beside this file and then in the working directory: a `meshc`
 * installed globally runs programs whose optional packages are installed in their own project.
 * @throws what Node.js throws when it is in neither place
 */
export function resolvePackage(specifier: string): string {
  try {
    return createRequire(import.meta.url).resolve(specifier);
  } catch {
    return createRequire(pathToFileURL(join(process.cwd(), "package.json"))).resolve(specifier);
  }
}

/** `resolvePackage` as an URL to import. */
export function resolvePackageUrl(specifier: string): string {
  return pathToFileURL(resolvePackage(specifier)).href;
}

export async function readAsset(asset: Asset): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await readFile(resolvePackage(`${asset.package}/${asset.path}`)));
}
