import { existsSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";

/**
 * The address by which Node can import a module that stands in another one. Modules are compiled together: the one beside a
 * `.js` is a `.js`, and the one beside a `.ts` a `.ts`, whatever the import of it says.
 * @param from address of the module that names it, where that is known
 */
export async function importable(url: string, from = ""): Promise<string> {
  const [, path, kind = "", given] = /^(file:.*)\.([cm]?)([jt]s)x?$/.exec(url) ?? [];
  if (path === undefined) return url;
  const [, neighbour = given] = /\.[cm]?([jt]s)x?$/.exec(from) ?? [];
  const likely = `${path}.${kind}${neighbour}`;
  const wanted = existsSync(fileURLToPath(likely)) ? likely : url;
  // Node 22.18 and later leave the types out by themselves.
  if (/\.[cm]?jsx?$/.test(wanted) || (process.features as { readonly typescript?: unknown }).typescript) return wanted;
  const { moduleOf } = await import("./typescript.nodejs.ts");
  return moduleOf(fileURLToPath(wanted));
}
