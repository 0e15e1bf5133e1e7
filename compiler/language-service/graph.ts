import type { CheckedProgram } from "../check/checked-program.ts";
import { hasErrors } from "../diagnostics/diagnostic.ts";
import { pictureOf } from "../graph/from-plan.ts";
import type { Box, Frame, Picture, PicturePlace } from "../graph/picture.ts";
import { lower } from "../plan/lower.ts";
import { locationOf } from "../source/source-file.ts";
import { portName } from "./outline.ts";

/**
 * The picture of a program that has been checked, with the places of ports, which a plan does not know.
 * @param compilerVersion goes into the plan that it is drawn from
 * @returns undefined for a program with errors
 */
export function graphOf(checked: CheckedProgram, title: string, compilerVersion: string): Picture | undefined {
  if (hasErrors(checked.diagnostics)) return undefined;
  const ports = portPlaces(checked);
  const withPlaces = (frame: Frame): Frame => ({
    ...frame,
    frames: frame.frames.map(withPlaces),
    boxes: frame.boxes.map((box) => {
      const at = frame.at === undefined ? undefined : ports.get(portKey(frame.at, box));
      return at === undefined ? box : { ...box, at };
    }),
  });
  const picture = pictureOf(lower(checked, compilerVersion), title);
  return { ...picture, frames: picture.frames.map(withPlaces) };
}

/** By the place of the pipeline and what the box of the port looks like. */
function portPlaces(checked: CheckedProgram): ReadonlyMap<string, PicturePlace> {
  const found = new Map<string, PicturePlace>();
  for (const { symbol } of checked.pipelines.values()) {
    const { source } = symbol.file;
    const pipeline = locationOf({ source, span: symbol.syntax.name.span });
    for (const port of symbol.syntax.members) {
      if (port.kind !== "Port") continue;
      const kind = port.direction === "in" ? "input" : "output";
      const at = locationOf({ source, span: port.name?.span ?? port.span });
      found.set(portKey(pipeline, { kind, label: portName(port) }), at);
    }
  }
  return found;
}

function portKey({ file, line, column }: PicturePlace, { kind, label }: Pick<Box, "kind" | "label">): string {
  return `${file}:${line}:${column} ${kind} ${label}`;
}
