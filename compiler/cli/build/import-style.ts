import { tsConfigSays } from "../../host/ts-config.ts";

/** How a module names the file of another one. */
export type ImportStyle = "ts" | "js";

/**
 * How the modules of a folder import each other: by `.ts` where the `tsconfig.json` above it allows that, otherwise by
 * the name that the file has once it is compiled, which TypeScript and bundlers find in every mode.
 */
export function importStyleOf(folder: string): ImportStyle {
  const names = ["allowImportingTsExtensions", "rewriteRelativeImportExtensions"];
  return tsConfigSays(folder, names) === true ? "ts" : "js";
}

/** `./answer.ts` to `./answer.js` where that is the style. */
export function styled(specifier: string, style: ImportStyle): string {
  if (style === "ts") return specifier;
  return specifier.replace(/\.([cm]?)tsx?$/, ".$1js");
}
