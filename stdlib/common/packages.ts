import { type Need, missingPackage, runsOnNodejs } from "./assets.ts";

/**
 * Imports an optional package; on Node.js also one that is installed in the working directory only, see
 * `resolvePackage`.
 * @param load `() => import("…")`, written out so that a bundler sees it
 * @param specifier what is imported, such as `onnxruntime-web/wasm`
 * @throws {MeshError} `dependency-missing` with the command that installs it
 */
export async function importOptional<T>(load: () => Promise<T>, specifier: string, neededBy: Need): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const elsewhere = runsOnNodejs() ? await importFromWorkingDirectory<T>(specifier) : undefined;
    if (elsewhere !== undefined) return elsewhere;
    const [scopeOrName = "", name] = specifier.split("/");
    throw missingPackage(scopeOrName.startsWith("@") ? `${scopeOrName}/${name}` : scopeOrName, neededBy, error);
  }
}

async function importFromWorkingDirectory<T>(specifier: string): Promise<T | undefined> {
  try {
    const { resolvePackageUrl } = await import("./assets.nodejs.ts");
    const module = (await import(/* @vite-ignore */ resolvePackageUrl(specifier))) as { default?: T };
    return module.default ?? (module as T);
  } catch {
    return undefined;
  }
}
