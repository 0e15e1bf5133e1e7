import type { CodeBlockWriter, Project, StatementStructures } from "ts-morph";
import type { Plan } from "../../runtime/interface/plan.ts";
import type { ModuleDraft } from "./draft.ts";
import { released } from "./held-texts.ts";
import type { Morph } from "./morph.ts";
import { stripped, type Marked } from "./origins.ts";
import { dataTable, lineWidth } from "./text.ts";

/** Prints modules; keeps what can be used for the next one. */
export class ModulePrinter {
  readonly #project: Project;

  constructor(morph: Morph) {
    this.#project = new morph.Project({
      useInMemoryFileSystem: true,
      skipLoadingLibFiles: true,
      skipFileDependencyResolution: true,
      manipulationSettings: {
        indentationText: morph.IndentationText.TwoSpaces,
        newLineKind: morph.NewLineKind.LineFeed,
        quoteKind: morph.QuoteKind.Double,
      },
    });
  }

  /**
   * The text of a module, without its header.
   * @param plan of the program; it may have gone through JSON
   */
  print({ statements, held, planAt, origins }: ModuleDraft, plan: Plan): Marked {
    const texts = held.map((text, at) => (at === planAt ? planTable(plan) : text));
    return stripped(tidied(released(spaced(this.#text(statements)), texts)), origins);
  }

  /**
   * The text of a file. Its last statement takes what has been printed and ends the work there: what follows would be to
   * parse the text, which takes longer than all the rest and helps nobody.
   */
  #text(statements: readonly StatementStructures[]): string {
    const done = new Error("the file is printed");
    let text: string | undefined;
    const last = (writer: CodeBlockWriter): void => {
      text = writer.toString();
      throw done;
    };
    try {
      this.#project.createSourceFile("module.ts", { statements: [...statements, last] });
    } catch (error) {
      if (error !== done) throw error;
    }
    return text ?? "";
  }
}

/** A line for each part of a pipeline. */
function planTable(plan: Plan): string {
  return dataTable(plan, ([section, ...inside]) => {
    if (section !== "pipelines") return inside.length === 0;
    return inside.length < 2 || (inside.length === 2 && (inside[1] === "nodes" || inside[1] === "remotes"));
  });
}

/** An empty line between statements but imports, wherever the printer left none. */
function spaced(text: string): string {
  const lines: string[] = [];
  for (const line of text.split("\n")) {
    const before = lines.at(-1);
    const begins = /^(\/\*\*|\/\/|export |const )/.test(line);
    const isLed = before === undefined || before === "" || /^( \*\/|\/\*\*.*\*\/$|\/\/)/.test(before);
    if (begins && !isLed) lines.push("");
    lines.push(line);
  }
  return lines.join("\n");
}

/** What the printer does not do: imports of several lines without spaces in their braces, long signatures broken up. */
function tidied(text: string): string {
  return text
    .replace(/^(export interface .*\{)\n\}/gm, "$1}")
    .replace(
      /^(export interface .* extends Omit<)([\w$]+), (.*)> \{$/gm,
      (line, head: string, base: string, keys: string) => {
        if (line.length <= lineWidth) return line;
        const list = keys.length + 2 <= lineWidth ? `  ${keys}` : `  | ${keys.replaceAll(" | ", "\n  | ")}`;
        return `${head}\n  ${base},\n${list}\n> {`;
      },
    )
    .replace(/^(import (?:type )?\{) \n([^}]+\n) \}/gm, "$1\n$2}")
    .replace(
      /^(export async function [\w$]+)\((.*)\)(: Promise<[\w$]+> \{)$/gm,
      (line, head: string, list: string, tail: string) => {
        const lines = list.split(", ").map((one) => `  ${one},\n`);
        return line.length <= lineWidth ? line : `${head}(\n${lines.join("")})${tail}`;
      },
    );
}
