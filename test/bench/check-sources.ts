/** Long programs to check, of one file and of many, and TypeSpec files that say as much of the same things. */
import { readFileSync } from "node:fs";
import { typeSpecSource } from "./parse-sources.ts";

const sample = readFileSync(new URL("../grammar/fixtures/assistant.mesh", import.meta.url), "utf8");
const lineCount = sample.split("\n").length;

/** Names of declarations, which get a number in each copy. */
const declared =
  /\b(?:Transcript|Word|Transcriber|Speaker|Answer|Summarise|patient|Assistant|Hearing|LocalHearing|edge)\b(?!["])/g;

/** The sample without its imports, as the copy of a number. */
function copyOf(number: number): string {
  const [, ...rest] = sample.split("\n\n");
  return (
    rest
      .join("\n\n")
      // As a peer the word stands here; elsewhere it is what a peer provides.
      .replaceAll(/\bgpu\.Hearing\b/g, "box.Hearing")
      .replaceAll(/\b(peer|kill) gpu\b/g, "$1 box")
      .replaceAll(/"the GPU dies"/g, `"the GPU dies ${number}"`)
      .replaceAll(/\bbox\b/g, `box${number}`)
      .replaceAll(declared, (name) => `${name}${number}`)
  );
}

const [standardImports = ""] = sample.split("\n\n");

/** A program of about so many lines in one file: records, interfaces, nodes, pipelines with remotes, peers, scenarios. */
export function meshProgram(lines: number): string {
  const copies = Math.ceil(lines / lineCount);
  return [standardImports, ...Array.from({ length: copies }, (_, number) => copyOf(number))].join("\n\n");
}

/** The file that another one of a project leans on: a tree in which each has at most three that lean on it. */
export function parentOf(number: number): number | undefined {
  return number === 0 ? undefined : Math.floor((number - 1) / 3);
}

export function meshPath(number: number): string {
  return `file${number}.mesh`;
}

/**
 * A project of files of about a hundred lines. Each takes a record and an interface from its parent, tries the parent's
 * pipeline and peer as targets, and puts a pipeline of its parent in.
 */
export function meshProject(files: number): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: files }, (_, number): [string, string] => {
      const parent = parentOf(number);
      const text = copyOf(number);
      if (parent === undefined) return [meshPath(number), `${standardImports}\n\n${text}`];
      const imports = `import { Word${parent}, Speaker${parent}, LocalHearing${parent}, box${parent} } from "./${meshPath(parent)}"`;
      const leaning = text
        .replace(/record Word\d+ \{[^}]*\}\n\n/, "")
        .replaceAll(new RegExp(`\\bWord${number}\\b`, "g"), `Word${parent}`)
        .replace(/interface Speaker\d+ \{[^}]*\}\n\n/, "")
        .replaceAll(new RegExp(`\\bSpeaker${number}\\b`, "g"), `Speaker${parent}`)
        .replace(`else LocalHearing${number}()`, `else box${parent}.Hearing${parent}\n    else LocalHearing${number}()`)
        .replace(
          `speech ~> Recognise(model: "tiny") ~> words`,
          `let far = LocalHearing${parent}()\n  speech -> far\n  speech ~> Recognise(model: "tiny") ~> words`,
        );
      return [meshPath(number), `${standardImports}\n${imports}\n\n${exported(leaning, number)}`];
    }),
  );
}

/** Each file has a record and an interface for those that lean on it. */
function exported(text: string, number: number): string {
  return `${text}\nrecord Word${number} { text: text, start: duration, end: duration }\n\ninterface Speaker${number} {\n  in  sentence: text\n  out speech: audio<opus, 48kHz, mono>\n}\n`;
}

/** The text that TypeSpec parses in the other bench speaks of HTTP; what its checker knows nothing of is left out. */
export function typeSpecText(count: number, number = 0): string {
  return `namespace File${number};\n${typeSpecSource(count)
    .replaceAll(/@(?:route|get|post|path|query|body)\b(?:\("[^"]*"\))? ?/g, "")
    .replaceAll("@maxLength(64) ", "")
    .replaceAll(/<Speech extends string = "opus">/g, "")
    .replaceAll("codec: Speech", "codec: string")}`;
}
