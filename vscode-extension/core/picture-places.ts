import { framesOf, type Picture, type PicturePlace } from "../../compiler/graph/picture.ts";

/** A part of a picture with its place in the program. */
interface Placed {
  /** As the page calls it. */
  readonly id: string;
  readonly at: PicturePlace;
  /** A frame gives way to what stands in it. */
  readonly isFrame: boolean;
}

/** The id that the page has for an arrow. */
export function arrowId(index: number): string {
  return `arrow:${index}`;
}

function placedIn(picture: Picture): Placed[] {
  const frames = [...framesOf(picture.frames)];
  const parts = [
    ...frames.map(({ id, at }) => ({ id, at, isFrame: true })),
    ...[...frames.flatMap((one) => one.boxes), ...picture.boxes].map(({ id, at }) => ({ id, at, isFrame: false })),
    ...picture.arrows.map(({ at }, index) => ({ id: arrowId(index), at, isFrame: false })),
  ];
  return parts.flatMap(({ id, at, isFrame }) => (at === undefined ? [] : [{ id, at, isFrame }]));
}

/** Where a part of the picture stands in the program. */
export function placeOf(picture: Picture, id: string): PicturePlace | undefined {
  return placedIn(picture).find((one) => one.id === id)?.at;
}

/**
 * The parts that a cursor is at: those that begin on its line, at or nearest before its column; where none does, the frame
 * whose declaration the line belongs to.
 * @param line from 1
 * @param column from 1
 */
export function partsAt(picture: Picture, file: string, line: number, column: number): string[] {
  const here = placedIn(picture).filter(({ at }) => at.file === file);
  const onLine = here.filter(({ at }) => at.line === line);
  if (onLine.length > 0) {
    const columns = onLine.map(({ at }) => at.column);
    const before = columns.filter((one) => one <= column);
    const nearest = before.length > 0 ? Math.max(...before) : Math.min(...columns);
    return onLine.filter(({ at }) => at.column === nearest).map(({ id }) => id);
  }
  const above = here.filter(({ at, isFrame }) => isFrame && at.line < line);
  const last = Math.max(...above.map(({ at }) => at.line));
  return above.filter(({ at }) => at.line === last).map(({ id }) => id);
}
