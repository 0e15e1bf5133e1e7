import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** What a build of esbuild has read from the disk, without what plugins have made up. */
export function onDisk({ metafile }, root) {
  return Object.keys(metafile.inputs).filter((name) => existsSync(join(root, name)));
}

/** The licences of the packages that files come from, as one text: what is bundled keeps its licence beside it. */
export function licencesOf(inputs, root) {
  const folders = new Set(
    inputs.flatMap((file) => {
      const [before, after] = splitLast(file, "node_modules/");
      const name = after?.split("/").slice(0, after.startsWith("@") ? 2 : 1);
      return name === undefined ? [] : [join(root, before, "node_modules", ...name)];
    }),
  );
  const texts = [...folders].toSorted().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file === undefined ? "" : `\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
    return `${name} ${version} (${license})\n${text}`;
  });
  return texts.join(`\n${"-".repeat(80)}\n\n`);
}

function splitLast(text, separator) {
  const at = text.lastIndexOf(separator);
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}
