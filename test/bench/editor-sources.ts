/** A project in which somebody edits one long file: once in Mesh, once in TypeSpec. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { meshProgram, meshProject, typeSpecText } from "./check-sources.ts";

export const fileCount = 100;
export const lineCount = 5_000;

/** What somebody types in the file that is open; the text is found in it, at the n-th time that it stands there. */
export interface Typed {
  /** Behind this. */
  readonly behind: string;
  /** In place of so many characters before it. */
  readonly eats?: number;
  readonly text: string;
  /** What is told of it; anything when left out. */
  readonly code?: RegExp;
}

export interface EditedProject {
  readonly name: string;
  readonly main: string;
  readonly languageId: string;
  readonly typed: {
    /** What no parser reads. */
    readonly broken: Typed;
    /** A name that nothing has, in what nobody else sees. */
    readonly unknown: Typed;
    /** The same in what others see. */
    readonly exported: Typed;
    /** A name that another file uses, which has it no longer then; undefined where all files are checked each time. */
    readonly renamed: (Typed & { readonly usedIn: string }) | undefined;
    /** The beginning of a name, and one that must be offered for it. */
    readonly begun: Typed & { readonly offered: string };
    /** The same before the first letter. */
    readonly open: Typed & { readonly offered: string };
  };
}

/** Writes the project in Mesh: 98 files that lean on each other, one long one that leans on one of them, and one that leans on it. */
export function writeMesh(folder: string): EditedProject {
  const files = Object.entries(meshProject(fileCount - 2)).map(
    // The long file has names of the same kind.
    ([path, text]): [string, string] => [path, text.replaceAll(/\b(Word|Speaker|LocalHearing|box)(\d+)\b/g, "$1_$2")],
  );
  const long = meshProgram(lineCount)
    .replace("\n\n", '\nimport { Word_7 } from "./file7.mesh"\n\n')
    .replace("words: [Word0]?", "words: [Word0]?, heard: Word_7?");
  const leaning = `import { Transcript1 } from "./main.mesh"\n\nnode Counts {\n  in  Transcript1\n  out text\n}\n`;
  write(folder, { ...Object.fromEntries(files), "main.mesh": long, "leaning.mesh": leaning, "package.json": "{}" });
  return {
    name: "Mesh",
    main: "main.mesh",
    languageId: "mesh",
    typed: {
      broken: { behind: "speech ~> Recognise() ~> words", text: " ~>", code: /^MESH1/ },
      unknown: { behind: "speech ~> Recognise", text: "r", code: /^MESH2/ },
      exported: { behind: "language: text", text: "s", code: /^MESH2/ },
      renamed: { behind: "record Transcript1 {", eats: 2, text: "x {", usedIn: "leaning.mesh", code: /^MESH2/ },
      begun: { behind: "mic ~> vad ", eats: 4, text: "Op", offered: "OpusDecode" },
      open: { behind: "mic ~> vad ", eats: 4, text: "", offered: "OpusDecode" },
    },
  };
}

/** Writes as much of the same things in TypeSpec. */
export function writeTypeSpec(folder: string): EditedProject {
  const names = Array.from({ length: fileCount - 1 }, (_, number) => `file${number}.tsp`);
  const imports = names.map((name) => `import "./${name}";`).join("\n");
  write(folder, {
    ...Object.fromEntries(names.map((name, number) => [name, typeSpecText(100, number)])),
    "main.tsp": `${imports}\n${typeSpecText(lineCount, fileCount)}`,
    "package.json": '{ "name": "bench", "version": "1.0.0" }',
  });
  return {
    name: "TypeSpec",
    main: "main.tsp",
    languageId: "typespec",
    typed: {
      broken: { behind: "close(session: string)", text: " :" },
      unknown: { behind: "at: utcDateTime", text: "r" },
      exported: { behind: "start: duration", text: "s" },
      renamed: undefined,
      begun: { behind: "accent: string", eats: 3, text: "", offered: "string" },
      open: { behind: "accent: string", eats: 6, text: "", offered: "string" },
    },
  };
}

function write(folder: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
}
