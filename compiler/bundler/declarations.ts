import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { anyTsConfigSays } from "../host/ts-config.ts";

/**
 * Whether TypeScript is to find the types of a program in a `NAME.d.mesh.ts` beside it: where it is asked for, else where
 * its configuration lets it look there and no module of `meshc build` is in the way.
 * @param file a `.mesh` file, absolute
 */
export function wantsDeclarations(file: string, asked: boolean | undefined): boolean {
  return asked ?? (!existsSync(`${file}.ts`) && anyTsConfigSays(dirname(file), ["allowArbitraryExtensions"]));
}
