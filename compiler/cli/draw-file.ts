import { pictureOf } from "../graph/from-plan.ts";
import { dot } from "../graph/dot.ts";
import { mermaid } from "../graph/mermaid.ts";
import type { Picture } from "../graph/picture.ts";
import { svg } from "../graph/svg.ts";
import { compileFile, countOf, printDiagnostics } from "./compile-file.ts";
import { exitCode, type ExitCode } from "./exit-code.ts";
import type { GraphFormat } from "./graph.command.ts";
import type { Io } from "./io.ts";
import { findSource } from "./sources.ts";

/** Prints the picture of a program; one with errors is not drawn. */
export async function drawFile(file: string, format: GraphFormat, io: Io): Promise<ExitCode> {
  const { diagnostics, plan, project, path } = compileFile(findSource(file, io.cwd), io);
  if (plan === undefined) {
    printDiagnostics(diagnostics, project, io.err);
    io.err.write(`${file}: ${countOf(diagnostics.map((one) => one.severity))}, nothing drawn\n`);
    return exitCode.programErrors;
  }
  io.out.write(await pictureText(pictureOf(plan, path), format));
  return exitCode.fine;
}

/** A picture in one of the formats. */
export async function pictureText(picture: Picture, format: GraphFormat): Promise<string> {
  switch (format) {
    case "mermaid":
      return mermaid(picture);
    case "dot":
      return dot(picture);
    case "svg":
      return svg(picture);
    case "json":
      return `${JSON.stringify(picture, undefined, 2)}\n`;
    default:
      return format satisfies never;
  }
}
